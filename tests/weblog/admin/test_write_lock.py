"""SQLite has one write lock: no transaction holds it while a process decodes, fetches or cleans."""

import sqlite3
from contextlib import closing

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse

from backoffice import tables
from tests.factories import make_blog, make_groups, make_user
from tests.weblog.admin.blog_forms import change_url, values_of
from tests.weblog.picture_files import make_file
from tests.weblog.posts import make_item, make_wxr
from tests.weblog.uploads import confirm, upload
from weblog.html import bounded
from weblog.importing import records
from weblog.models import Blog, Picture
from weblog.pictures import fetched, preparing

pytestmark = [pytest.mark.django_db(transaction=True)]

# Closed in no order, so that a process of its own cleans it.
MESSY = "<p><b>a<i>b</b>c</i></p>" * 150


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def folder(settings, tmp_path):
    settings.UPLOAD_DIR = tmp_path / "uploads"


@pytest.fixture(autouse=True)
def emma(client):
    make_groups("10_groups.json")
    client.force_login(make_user("emma", groups=["Editors"]))


@pytest.fixture
def writable(monkeypatch):
    """Return what came of an attempt to write, once for each process while it ran."""
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite has one lock for all writers")
    found = []

    def note(run_bounded):
        def run(*args, **kwargs):
            found.append(_can_write())
            return run_bounded(*args, **kwargs)

        return run

    for module in (bounded, fetched, preparing, records, tables):
        monkeypatch.setattr(module, "run_bounded", note(module.run_bounded))
    bounded._clean_apart.cache_clear()
    return found


def _can_write():
    with closing(sqlite3.connect(connection.settings_dict["NAME"], timeout=0)) as other:
        try:
            other.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        return True


@pytest.mark.parametrize("page", ["add", "upload"])
def test_others_write_while_a_picture_is_decoded(client, writable, page):
    url = reverse(f"admin:weblog_picture_{page}")
    client.post(url, {"file": make_file(), "alt_text": "A red flag"})
    assert Picture.objects.get().width == 60
    assert writable == [True]


def test_refused_picture_is_decoded_once_and_says_why(client, writable):
    url = reverse("admin:weblog_picture_add")
    file = SimpleUploadedFile("flag.png", b"This is no picture.")
    page = client.post(url, {"file": file, "alt_text": "A red flag"})
    assert not Picture.objects.exists()
    assert page.context["adminform"].form.errors["file"]
    assert writable == [True]


def test_others_write_while_a_picture_of_another_site_is_fetched(client, writable):
    url = reverse("admin:weblog_picture_fetch")
    address = "http://127.0.0.1/flag.png"
    assert client.post(url, {"address": address, "alt_text": "A"}).status_code == 400
    assert writable == [True]


@pytest.mark.parametrize("is_button", [False, True])
def test_others_write_while_a_text_of_much_markup_is_cleaned(client, writable, is_button):
    blog = make_blog(status=Blog.Status.DRAFT, body="<p>A</p>")
    values = values_of(blog, body=MESSY)
    if is_button:
        typed = {f"typed-{name}": value for name, value in values.items()}
        url = reverse("admin:weblog_blog_submit", args=[blog.pk])
        client.post(url, typed | {"_form_submitted": "True"})
    else:
        client.post(change_url(blog), values)
    blog.refresh_from_db()
    assert "<b>a<i>b</i></b>" in blog.body
    assert set(writable) == {True}


def test_others_write_while_a_table_is_read_and_its_texts_are_cleaned(client, writable, folder):
    blog = make_blog(status=Blog.Status.DRAFT, body="<p>A</p>")
    upload(client, f"slug,body\n{blog.slug},{MESSY}\n")
    confirm(client)
    blog.refresh_from_db()
    assert "<b>a<i>b</i></b>" in blog.body
    assert len(writable) >= 3
    assert set(writable) == {True}


def test_others_write_while_a_file_of_posts_is_read(client, writable, folder):
    url = "/admin/weblog/blog/import-posts/"
    upload(client, make_wxr(make_item()), url=url, name="site.xml")
    confirm(client, url=url)
    assert Blog.objects.get().title == "Hello"
    assert writable == [True, True]
