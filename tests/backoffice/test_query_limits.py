import re
import threading
import time
from html import unescape

import pytest
from django.contrib import admin
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import DatabaseError, OperationalError, connection, transaction
from django.urls import get_resolver, reverse

from backoffice.accounts.sessions import SessionStore
from backoffice.limits.hashing import BoundedPasswordHasher
from backoffice.limits.queries import QueriesTookTooLong, limit_queries, ran_out
from tests.factories import make_blog, make_category, make_user
from weblog.models import Blog
from weblog.views import BlogListView

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.postgresql]

ENDLESS = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
    "SELECT count(*) FROM n WHERE i < 0"
)


def ask(sql):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()


def run_forever(*args, **kwargs):
    return ask(ENDLESS)


@pytest.fixture
def short(settings):
    settings.WEB_QUERY_SECONDS = 0.2
    settings.LONG_QUERY_SECONDS = 5


def test_query_that_never_ends_is_ended():
    started = time.monotonic()
    with limit_queries(seconds=0.2), pytest.raises(OperationalError) as caught:
        run_forever()
    assert ran_out(caught.value)
    assert time.monotonic() - started < 5


def test_many_quick_queries_are_bounded_together():
    def ask_again_and_again():
        while True:
            Blog.objects.exists()

    with limit_queries(seconds=0.1), pytest.raises(QueriesTookTooLong):
        ask_again_and_again()


def test_hashing_a_password_does_not_count(monkeypatch):
    """A sign-in on a busy machine hashes longer than its queries may take together."""

    def hash_slowly(self, *args, **kwargs):
        time.sleep(0.4)
        return "hash"

    monkeypatch.setattr(PBKDF2PasswordHasher, "encode", hash_slowly)
    with limit_queries(seconds=0.3):
        assert BoundedPasswordHasher().encode("secret", "salt") == "hash"
        Blog.objects.exists()  # within the time that is left
        time.sleep(0.4)
        with pytest.raises(QueriesTookTooLong):
            Blog.objects.exists()


def test_jobs_and_commands_have_no_limit():
    with limit_queries(seconds=0.01):
        time.sleep(0.02)
        with pytest.raises(QueriesTookTooLong):
            Blog.objects.exists()
    assert not Blog.objects.exists()


@pytest.mark.thorough
def test_other_faults_of_the_database_are_no_lack_of_time():
    with limit_queries(seconds=5), pytest.raises(DatabaseError, match="nowhere") as caught:
        ask("SELECT * FROM nowhere")
    assert not ran_out(caught.value)


def test_reader_is_told_to_try_again(client, short, monkeypatch, caplog):
    monkeypatch.setattr(BlogListView, "get_queryset", run_forever)
    response = client.get("/")
    assert response.status_code == 503
    assert response["Retry-After"] == "30"
    assert b"That took too long" in response.content
    assert "Queries took too long: weblog:blog_list" in caplog.text


def test_query_of_a_middleware_that_takes_too_long_is_told_alike(client, short, monkeypatch):
    client.force_login(make_user(is_superuser=True))
    client.raise_request_exception = False
    monkeypatch.setattr(SessionStore, "_get_session_from_db", run_forever)
    response = client.get(reverse("admin:weblog_blog_changelist"))
    assert response.status_code == 503
    assert "Try again in a minute" in response.content.decode()


def test_page_of_the_admin_says_what_to_do(client, short, monkeypatch):
    client.force_login(make_user(is_superuser=True))
    model_admin = admin.site.get_model_admin(Blog)
    monkeypatch.setattr(model_admin, "get_queryset", run_forever)
    response = client.get(reverse("admin:weblog_blog_changelist"), {"q": "words"})
    page = response.content.decode()
    assert response.status_code == 503
    assert "Try again in a minute" in page
    assert 'href="/admin/weblog/blog/?q=words"' in page


def test_what_was_typed_is_kept_and_can_be_sent_again(client, settings, short, monkeypatch):
    author, category = make_user(is_superuser=True), make_category()
    client.force_login(author)
    model_admin = admin.site.get_model_admin(Blog)
    typed = {"title": 'A "title" & more', "slug": "a-title", "category": category.pk}
    typed |= {"author": author.pk, "body": f"\n<p>{'Long. ' * 100}</p>", "password": "hush hush"}
    with monkeypatch.context() as patched:
        patched.setattr(model_admin, "save_model", run_forever)
        response = client.post(reverse("admin:weblog_blog_add"), typed)
    page = response.content.decode()
    assert response.status_code == 503
    assert not Blog.objects.exists()
    assert "hush hush" not in page
    settings.WEB_QUERY_SECONDS = 60
    fields = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page)
    fields += re.findall(r'<textarea name="([^"]+)" hidden>\n(.*?)</textarea>', page, re.S)
    client.post(reverse("admin:weblog_blog_add"), {name: unescape(value) for name, value in fields})
    assert Blog.objects.get().title == 'A "title" & more'


def test_dialog_says_it_in_the_dialog(client, short, monkeypatch):
    client.force_login(make_user(is_superuser=True))
    blog = make_blog(status="draft")
    monkeypatch.setattr("weblog.publishing.workflow.publish_blog", run_forever)
    url = reverse("admin:weblog_blog_publish", args=[blog.pk])
    response = client.post(
        url, {"_form_submitted": "True", "at": ""}, headers={"HX-Request": "true"}
    )
    assert response.status_code == 200
    assert 'id="dialog-form"' in response.content.decode()
    assert "That took too long" in response.content.decode()


def test_long_pages_have_a_limit_of_their_own(client, short, monkeypatch):
    client.force_login(make_user(is_superuser=True))
    model_admin = admin.site.get_model_admin(Blog)

    def wait(*args, **kwargs):
        time.sleep(0.25)
        return Blog.objects.all()

    monkeypatch.setattr(model_admin, "get_queryset", wait)
    assert client.get(reverse("admin:weblog_blog_changelist")).status_code == 503
    assert client.get(reverse("admin:weblog_blog_export")).status_code == 200


def test_long_pages_are_pages_that_exist(settings):
    names = set()

    def collect(patterns):
        for pattern in patterns:
            names.add(getattr(pattern, "name", None))
            collect(getattr(pattern, "url_patterns", ()))

    collect(get_resolver().url_patterns)
    for pattern in settings.LONG_PAGES:
        ending = re.compile(pattern.replace("*", ".*"))
        assert any(name and ending.fullmatch(name) for name in names), pattern


@pytest.mark.django_db(transaction=True)
def test_wait_for_a_lock_is_bounded(settings):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one lock, with a timeout of its own.")
    settings.WEB_LOCK_SECONDS = 0.2
    blog = make_blog()
    is_held, may_end = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic():
            Blog.objects.filter(pk=blog.pk).update(summary="Held")
            is_held.set()
            may_end.wait(10)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    is_held.wait(10)
    try:
        with limit_queries(seconds=5), pytest.raises(OperationalError) as caught:
            Blog.objects.filter(pk=blog.pk).update(summary="Waited")
        assert ran_out(caught.value)
    finally:
        may_end.set()
        holder.join()


@pytest.mark.django_db(transaction=True)
def test_behind_a_pooler_each_statement_brings_its_limits_and_leaves_none(monkeypatch, settings):
    """The session serves another client as soon as the transaction is over."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no pooler.")
    monkeypatch.setitem(connection.settings_dict, "DISABLE_SERVER_SIDE_CURSORS", True)
    settings.WEB_LOCK_SECONDS = 2
    limits = (
        "SELECT current_setting('statement_timeout'), current_setting('lock_timeout'), 'a' LIKE %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(limits, ["%"])
        before = cursor.fetchall()
        with limit_queries(seconds=3):
            cursor.execute(limits, ["%"])
            assert cursor.fetchall() == [("3s", "2s", True)]
            assert Blog.objects.filter(title="%s").update(summary="50 %") == 0
            blog = make_blog(title="A pooled blog")
            assert Blog.objects.filter(pk=blog.pk).update(summary="50 %") == 1
        cursor.execute(limits, ["%"])
        assert cursor.fetchall() == before
