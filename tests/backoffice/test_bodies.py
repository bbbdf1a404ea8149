"""The size of requests. Every page of the site is tried, including later ones."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import get_resolver, reverse

from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

TAKES_FILES = {
    "auth_user_import",
    "weblog_blog_import",
    "weblog_blog_import_posts",
    "weblog_category_import",
    "weblog_picture_add",
    "weblog_picture_upload",
    "billing_accesslogimport_import",
    "billing_categoryprice_import",
    "billing_payoutbatch_comment",
    "billing_payoutbatch_results_file",
}
LARGE = 3_000_000  # is not held in memory, but laid into a file


@pytest.fixture
def folder(settings, tmp_path):
    settings.UPLOAD_DIR = settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "uploads"
    return settings.UPLOAD_DIR


def large_file():
    return SimpleUploadedFile("large.bin", b"x" * LARGE)


def views(resolver=None):
    """Yield (name, view) of every page."""
    for pattern in (resolver or get_resolver()).url_patterns:
        if hasattr(pattern, "url_patterns"):
            yield from views(pattern)
        else:
            yield pattern.name, pattern.callback


def test_only_pages_that_say_so_take_files():
    assert {name for name, view in views() if hasattr(view, "takes")} == TAKES_FILES


@pytest.mark.parametrize(
    "address", ["/", "/search/", "/admin/login/", "/admin/", "/admin/weblog/blog/add/"]
)
@pytest.mark.parametrize("size", [1, LARGE])
def test_file_to_a_page_that_takes_none_is_refused_and_leaves_nothing(
    folder, admin_client, address, size
):
    file = SimpleUploadedFile("a.bin", b"x" * size)
    response = admin_client.post(address, {"title": "A", "file": file})
    assert response.status_code == 415
    assert "takes no files" in response.content.decode()
    assert not folder.exists()


def test_form_without_a_file_may_come_as_multipart(client):
    assert client.post("/admin/login/", {"username": "a", "password": "b"}).status_code == 200


def test_who_may_not_upload_gets_the_usual_answer_and_leaves_nothing(folder, client):
    address = reverse("admin:weblog_picture_upload")
    assert client.post(address, {"file": large_file(), "alt_text": "A"}).status_code == 302
    client.force_login(make_user("anna.reader", is_staff=True))
    assert client.post(address, {"file": large_file(), "alt_text": "A"}).status_code == 403
    assert not folder.exists()


def test_file_lies_on_its_way_where_nobody_else_reads_it(folder, admin_client):
    response = admin_client.post(reverse("admin:weblog_category_import"), {"file": large_file()})
    assert response.status_code == 200
    assert folder.stat().st_mode & 0o777 == 0o700
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_body_larger_than_any_form_is_refused_unread(client, kind):
    class Unread(io.BytesIO):
        def read(self, *args):
            raise AssertionError

    response = client.generic(
        "POST",
        "/admin/login/",
        content_type=f"{kind}; boundary=x",
        CONTENT_LENGTH="50000000",
        **{"wsgi.input": Unread()},
    )
    assert response.status_code == 413
    assert "more than 5 MB" in response.content.decode()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("a=" + "x" * 6_000_000, 413),
        ("&".join(f"a{number}=1" for number in range(1_100)), 413),
    ],
)
def test_too_much_in_a_form_is_told_in_words(body, status):
    client = Client(enforce_csrf_checks=True)
    client.get("/admin/login/")
    response = client.post("/admin/login/", body, "application/x-www-form-urlencoded")
    assert response.status_code == status
    assert "Go back, and your text is still there" in response.content.decode()


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=" + "x" * 300,
        "multipart/form-data; boundary=x",
        "multipart/form-data; boundary=\N{SNOWMAN}",
        "application/x-www-form-urlencoded; charset=utf-16",
    ],
)
def test_body_that_cannot_be_read_is_no_error_of_ours(admin_client, content_type):
    response = admin_client.generic("POST", "/admin/login/", b"--y\r\n\0", content_type)
    assert response.status_code in (200, 302, 400)
