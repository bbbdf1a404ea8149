"""No address and no user agent of a person is stored anywhere, whatever people do."""

import datetime as dt
import io
import logging
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from gunicorn.config import Config

from backoffice.jobs import run_job
from backoffice.models import AccountSession
from billing.bank.exports import export_payments
from billing.counting.retention import purge_readers
from billing.models import BlogView, ReaderSalt
from billing.payouts import steps
from tests.billing.bank_files import read_file
from tests.billing.batches import AT, OCTOBER
from tests.factories import approve, make_blog, make_click, make_line, make_price, make_user
from weblog.views import BlogDetailView

pytestmark = [pytest.mark.postgresql, pytest.mark.slow]

ADDRESS = "203.0.113.77"
LOGGED_ADDRESS = "2001:db8::beef:77"
AGENT = "Mozilla/5.0 (X11; Marked-Reader-7q3zx) Gecko/20100101 Firefox/144.0"
ROBOT = "Marked-Robot-7q3zx bot (+https://marked.example)"
MARKS = [b"203.0.113.77", b"beef:77", b"marked-r", b"7q3zx", b"marked.example"]


def find_marks(*contents):
    return [mark for mark in MARKS if any(mark in content.lower() for content in contents)]


def dump_tables():
    """Return all rows of all tables as bytes."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608
            for row in cursor.fetchall():
                for value in row:
                    is_binary = isinstance(value, bytes | memoryview)
                    found.append(bytes(value) if is_binary else str(value).encode())
    return b"\n".join(found)


def read_session(client):
    """Return the content of the only session, which its cookie decrypts."""
    assert AccountSession.objects.count() == 1
    held = dict(client.session.items())
    assert held
    return str(held).encode()


def read_database_files():
    """Return the bytes of SQLite's file and of its log, if the run uses SQLite."""
    if connection.vendor != "sqlite":
        return b""
    file = Path(connection.settings_dict["NAME"])
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(FULL)")
    return file.read_bytes() + file.with_name(f"{file.name}-wal").read_bytes()


@pytest.fixture
def blog():
    blog = make_blog(slug="arp-security")
    make_price(blog.category, "10000")
    return blog


def visit(client, blog, user_agent, **extra):
    url = reverse("weblog:blog_detail", args=[blog.slug])
    return client.get(url, headers={"user-agent": user_agent}, REMOTE_ADDR=ADDRESS, **extra)


def make_marked_log(day):
    facts = {"host": LOGGED_ADDRESS, "time": f"{day}/Oct/2026:10:05:03 +0000", "user_agent": AGENT}
    lines = [
        make_line(**facts),
        make_line(**facts | {"user_agent": ROBOT}),
        make_line(**facts | {"request": "GET /nothing/ HTTP/1.1"}),
        make_line(**facts | {"status": "404"}),
        f"{LOGGED_ADDRESS} {AGENT} no line at all".encode(),
    ]
    return b"\n".join(lines)


def import_by_command(tmp_path):
    log = tmp_path / "access.log"
    log.write_bytes(make_marked_log(day=15))
    output = io.StringIO()
    call_command("import_access_log", log, stdout=output, stderr=output)
    return output.getvalue()


def import_by_admin(client):
    """Upload, look at the preview and confirm. Returns what both pages show."""
    url = reverse("admin:billing_accesslogimport_import")
    form = client.get(url).context["form"]
    log = SimpleUploadedFile("access.log", make_marked_log(day=16))
    data = {name: field.initial for name, field in form.fields.items()} | {"file": log}
    preview = client.post(url, data, follow=True)
    waiting = preview.context["waiting"]
    done = client.post(url, {"step": "confirm", "name": waiting["name"]}, follow=True)
    return preview.content + done.content


def pay_october():
    batch, _ = steps.build_batch(month=OCTOBER, at=AT)
    batch = steps.submit_batch(batch=batch, by=make_user(), at=AT)
    batch = approve(batch, at=AT)
    return export_payments(batch=batch, at=AT)


@pytest.mark.thorough
@pytest.mark.django_db(transaction=True)
def test_whole_flow_leaves_no_address_and_no_user_agent(
    client, blog, caplog, capfd, settings, tmp_path
):
    settings.UPLOAD_DIR = tmp_path / "uploads"
    settings.ROBOT_LISTS = ["counter", "is-bot"]
    caplog.set_level(logging.DEBUG)
    for user_agent in (AGENT, ROBOT):
        assert visit(client, blog, user_agent).status_code == 200
        visit(client, blog, user_agent, HTTP_X_FORWARDED_FOR=LOGGED_ADDRESS)
    client.get("/no-such-page/", headers={"user-agent": AGENT}, REMOTE_ADDR=ADDRESS)
    client.post(reverse("admin:login"), {"username": "x"}, REMOTE_ADDR=ADDRESS)

    client.force_login(make_user(is_superuser=True))
    new = {"name": "Travel", "slug": "travel"}
    client.post(
        reverse("admin:weblog_category_add"),
        new,
        headers={"user-agent": AGENT},
        REMOTE_ADDR=ADDRESS,
    )
    shown = import_by_command(tmp_path).encode() + import_by_admin(client)
    for job in ("fold_views", "clean_uploads", "purge_readers"):
        run_job(job)
    export = pay_october()
    shown += client.get(reverse("admin:billing_blogview_changelist")).content
    assert BlogView.objects.count() == 8

    assert find_marks(dump_tables(), read_database_files(), read_session(client)) == []
    assert find_marks(caplog.text.encode(), *map(str.encode, capfd.readouterr())) == []
    assert find_marks(shown, read_file(export), str(mail.outbox).encode()) == []
    assert [path for path in settings.UPLOAD_DIR.rglob("*") if path.is_file()] == []


@pytest.mark.django_db
def test_error_is_told_without_who_met_it(client, blog, caplog, capfd, settings, monkeypatch):
    settings.ADMINS = ["ines@example.org"]
    client.raise_request_exception = False
    monkeypatch.setattr(BlogDetailView, "render_page", lambda view: 1 / 0)
    assert visit(client, blog, AGENT).status_code == 500
    assert "ZeroDivisionError" in caplog.text
    printed = map(str.encode, capfd.readouterr())
    assert find_marks(caplog.text.encode(), str(mail.outbox).encode(), *printed) == []


@pytest.mark.skipif(connection.vendor != "sqlite", reason="reads the file of SQLite")
@pytest.mark.django_db(transaction=True)
def test_destroyed_salt_is_not_left_in_the_file():
    salt = bytes(range(100, 132))
    ReaderSalt.objects.create(day=OCTOBER, salt=salt)
    assert salt in read_database_files()
    purge_readers(at=timezone.now() + dt.timedelta(hours=49))
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert salt not in read_database_files()


@pytest.mark.django_db
def test_mark_in_a_table_would_be_found():
    make_user(first_name=AGENT, last_name=ADDRESS)
    assert find_marks(dump_tables()) == [b"203.0.113.77", b"marked-r", b"7q3zx"]


@pytest.mark.parametrize(
    "user_agent", [ROBOT, "marked-reader-7q3zx-" * 5, "Marked-Robot/1.0 (crawler 7q3zx)"]
)
@pytest.mark.django_db
def test_of_a_robot_the_pattern_is_kept_and_not_what_it_sent(blog, user_agent):
    view = make_click(blog, user_agent=user_agent)
    assert view.outcome == "robot"
    assert find_marks(view.excluded_by.encode()) == []


def test_web_server_keeps_no_access_log():
    """gunicorn writes none by default. Its error log names the peer, which is our own proxy."""
    assert Config().settings["accesslog"].get() is None
    assert "--access-log" not in (django_settings.BASE_DIR / "docs/operations.md").read_text()
