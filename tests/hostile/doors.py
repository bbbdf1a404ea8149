"""The pages that attacks go to, and how a browser would send them."""

import uuid
from urllib.parse import urlencode

OTHER_PAGES = "^/blogs/(?P<slug>[^/]+)/$"


def find_doors(batch: int) -> dict[str, list[str]]:
    """Return the pages behind each door; `batch` is the number of an approved one."""
    log = "/admin/billing/accesslogimport/import/"
    return {
        "table": ["/admin/weblog/category/import/", "/admin/weblog/blog/import/"],
        "posts": ["/admin/weblog/blog/import-posts/"],
        "picture": ["/admin/weblog/picture/upload/"],
        "log": [log],
        "pattern": [log],
        "results": [f"/admin/billing/payoutbatch/{batch}/results/file/"],
        "text": ["/admin/weblog/blog/add/"],
        "nowhere": ["/", "/search/", "/admin/", "/admin/login/", "/admin/weblog/blog/add/"],
    }


def encode(attack):
    """Return the body and its type, as a browser would send it."""
    values = {
        "log": {"step": "preview", "path_pattern": OTHER_PAGES, "trusted_proxies": 0},
        "pattern": {"step": "preview", "trusted_proxies": 0},
        "picture": {"alt_text": "A picture"},
        "text": {"title": "A", "slug": "a", "category": 1, "author": 1, "version": ""},
    }.get(attack.door, {}) | attack.values
    if not attack.name:
        return urlencode(values), "application/x-www-form-urlencoded"
    boundary = uuid.uuid4().hex
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in values.items()
    ]
    head = f'Content-Disposition: form-data; name="file"; filename="{attack.name}"'
    parts.append(f"--{boundary}\r\n{head}\r\nContent-Type: x/y\r\n\r\n".encode() + attack.data)
    parts.append(f"\r\n--{boundary}--\r\n".encode())
    return b"".join(parts), f"multipart/form-data; boundary={boundary}"
