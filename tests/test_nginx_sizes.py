"""What nginx lets through is what the application takes. Every page is tried, also later ones."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse

from backoffice import settings as delivered
from tests.addresses import list_addresses, list_pages_that_take_files

pytestmark = pytest.mark.any_database

TEXT = (Path(settings.BASE_DIR) / "deploy" / "nginx" / "imprint.conf").read_text()
SITE = TEXT.rpartition("listen 443 ssl http2;")[2]
LOCATION = re.compile(
    r'^    location (?:~ "([^"]+)"|(/\S*)) \{(.*?)^    \}', re.MULTILINE | re.DOTALL
)
FORM = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
PAGES = list_pages_that_take_files()
NO_PAGES = [
    "/results/file/",
    "/a/results/file/",
    "/blogs/import/",
    "/a/admin/weblog/picture/add/",
    "/admin/weblog/blog/1/comment/",
    "/admin/billing/payoutbatch/1/a/results/file/",
    "/admin/billing/payoutbatch/1/results/file/a/",
]


def find_location(address):
    """Return the body of the location that nginx takes: the first regex, or the longest prefix."""
    found = LOCATION.findall(SITE)
    prefixes = [(prefix, body) for _, prefix, body in found if prefix]
    by_prefix = max(((p, b) for p, b in prefixes if address.startswith(p)), key=lambda f: len(f[0]))
    return next((b for regex, _, b in found if regex and re.search(regex, address)), by_prefix[1])


def read_size(text):
    """Return the bytes of a body, or None where the text leaves it to what is around it."""
    found = re.search(r"client_max_body_size\s+(\d+)m;", text)
    return int(found[1]) * 2**20 if found else None


def find_size(address):
    around = read_size(LOCATION.sub("", SITE))
    return read_size(find_location(address)) or around


def read_connections(text):
    return {name: int(most) for name, most in re.findall(r"limit_conn (\w+) (\d+);", text)}


@pytest.mark.parametrize("address", PAGES)
def test_page_that_takes_files_gets_what_it_takes_and_little_more(address):
    most = PAGES[address].takes.most_bytes() + 2 * FORM  # backoffice.bodies
    assert most <= find_size(address) <= 1.1 * most


def test_other_pages_get_a_form_and_no_file():
    for address, view in list_addresses().items():
        if not hasattr(view, "takes"):
            least = FORM if address.startswith("/admin/") else 0
            assert least <= find_size(address) <= 2 * FORM, address


@pytest.mark.parametrize("address", NO_PAGES)
def test_address_that_ends_like_a_page_gets_no_file(address):
    assert find_size(address) <= 2 * FORM


@pytest.mark.parametrize("address", [*PAGES, reverse("admin:weblog_picture_fetch")])
def test_pages_that_take_files_are_limited_alike(address):
    body = re.search(r"\$imprint_upload \{(.*?)^\}", TEXT, re.MULTILINE | re.DOTALL)[1]
    (limited,) = re.findall(r'"~(.+)"\s+\$imprint_reader;', body)
    assert re.search(limited, f"POST {address}")
    assert not re.search(limited, f"GET {address}")
    assert not any(re.search(limited, f"POST {other}") for other in NO_PAGES)


def test_one_address_fills_no_disk():
    """nginx keeps a body on its disk until all of it has come."""
    most = {"imprint_connections": 0}
    for address in ("/", "/admin/", *PAGES):
        location = find_location(address)
        limits = read_connections(location) or read_connections(LOCATION.sub("", SITE))
        assert "imprint_connections" in limits  # a location's own limits replace those around it
        name, number = min(limits.items(), key=lambda limit: limit[1])
        most[name] = max(most.get(name, 0), number * find_size(address))
        assert address not in PAGES or name != "imprint_connections"
    (said,) = re.findall(r"an address can fill ([\d.]+) GB", TEXT)
    assert 0.8 * float(said) * 10**9 < sum(most.values()) <= float(said) * 10**9


def test_session_that_nginx_looks_for_is_ours():
    assert "~(?:^|; ?)__Host-sessionid=" in TEXT
    source = Path(delivered.__file__).read_text()
    assert 'SESSION_COOKIE_NAME = "sessionid" if DEBUG else "__Host-sessionid"' in source
