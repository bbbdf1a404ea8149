"""Small files of posts, in the formats of other systems."""

import io
import json
import zipfile

WXR = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:excerpt="http://wordpress.org/export/1.2/excerpt/"
 xmlns:content="http://purl.org/rss/1.0/modules/content/"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:wp="http://wordpress.org/export/1.2/">
<channel><title>A site</title><link>https://example.com</link>
<wp:wxr_version>1.2</wp:wxr_version><wp:base_blog_url>https://example.com</wp:base_blog_url>
{head}{items}
</channel></rss>"""

AUTHOR = """<wp:author><wp:author_login>rosa</wp:author_login>
<wp:author_email>rosa@example.com</wp:author_email>
<wp:author_display_name>Rosa Diaz</wp:author_display_name></wp:author>"""


def make_item(number=1, title="Hello", *, body="Text", creator="rosa", more="", **values):
    values = {
        "post_id": number,
        "post_name": f"hello-{number}",
        "post_type": "post",
        "status": "publish",
        "post_date_gmt": "2020-02-03 04:05:06",
    } | values
    fields = "".join(f"<wp:{name}>{value}</wp:{name}>" for name, value in values.items())
    return (
        f"<item><title>{title}</title><dc:creator>{creator}</dc:creator>"
        f"<content:encoded><![CDATA[{body}]]></content:encoded>{fields}{more}</item>"
    )


def make_wxr(*items, head=AUTHOR):
    return WXR.format(head=head, items="\n".join(items)).encode()


def make_zip(files):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return file.getvalue()


def make_ghost(*posts, **tables):
    users = [{"id": "u1", "slug": "rosa", "name": "Rosa Diaz", "email": "rosa@example.com"}]
    posts = [
        {"id": str(n), "uuid": f"uuid-{n}", "title": f"Post {n}", "slug": f"post-{n}",
         "html": "<p>Hi</p>", "status": "published", "visibility": "public", "type": "post",
         "author_id": "u1", "published_at": "2020-01-24T20:04:22.000Z"} | post
        for n, post in enumerate(posts, start=1)
    ]  # fmt: skip
    data = {"posts": posts, "users": users} | tables
    return json.dumps({"db": [{"meta": {}, "data": data}]}).encode()
