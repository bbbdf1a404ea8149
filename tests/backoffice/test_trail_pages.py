"""The pages of the trail beside the list: an entry, a file, and what stands with an object."""

import csv
import datetime as dt
import hashlib
import io
import re

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from backoffice.models import JobRun, SecurityEvent
from backoffice.trail import files
from backoffice.trail.indexes import install_indexes
from tests.factories import make_blog, make_category, make_user
from weblog.models import Category

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.any_database]

URL = "/admin/audit-trail/"
FILE = "/admin/audit-trail/export/"


@pytest.fixture
def auditor(client, make_clerk):
    user = make_clerk("backoffice.view_audittrail", username="otto")
    client.force_login(user)
    return user


@pytest.fixture(autouse=True)
def own_upload_dir(settings, tmp_path):
    settings.UPLOAD_DIR = tmp_path


def entries(client, url=URL, **filters):
    response = client.get(url, filters)
    assert response.status_code == 200
    return [row.entry for row in response.context["rows"]]


def sign_in(person, *, at, address="192.0.2.1"):
    return SecurityEvent.objects.create(
        at=at, kind="signed_in", by=person, about=person, address=address, device="Firefox"
    )


# One entry


def test_entry_has_an_address_of_its_own(client, auditor):
    category = make_category("Tech")
    (entry,) = entries(client, kind="weblog.category")
    url = reverse("admin:backoffice_audittrail_entry", args=[entry.name])
    assert url == f"/admin/audit-trail/weblog.category:{category.history.get().pk}/"
    assert f'href="{url}"' in client.get(URL).text
    page = client.get(url)
    assert "Tech" in page.text
    assert f"http://testserver{url}" in page.text


@pytest.mark.parametrize("name", ["weblog.category:999", "no.source:1", "x", "security:x", "a:b:1"])
def test_entry_that_is_none_is_not_found(client, auditor, name):
    assert client.get(f"{URL}{name}/").status_code == 404


def test_entry_needs_the_permission(client, make_clerk):
    category = make_category("Tech")
    client.force_login(make_clerk("weblog.view_category"))
    url = f"{URL}weblog.category:{category.history.get().pk}/"
    assert client.get(url).status_code == client.get(FILE).status_code == 403
    assert client.post(FILE).status_code == 403


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_entry_is_read_and_no_more(client, auditor, method):
    category = make_category("Tech")
    url = f"{URL}weblog.category:{category.history.get().pk}/"
    assert getattr(client, method)(url).status_code == 405
    assert category.history.count() == 1


# From where


def test_change_tells_the_sign_in_before_it(client, auditor):
    now = timezone.now()
    edda = make_user("edda")
    sign_in(edda, at=now - dt.timedelta(hours=3), address="192.0.2.3")
    sign_in(edda, at=now - dt.timedelta(hours=1), address="192.0.2.1")
    sign_in(edda, at=now + dt.timedelta(hours=1), address="192.0.2.9")
    category = make_category("Tech")
    category._history_user, category.name = edda, "Technology"
    category.save()
    changed, added = entries(client, kind="weblog.category")
    since = timezone.localtime(now - dt.timedelta(hours=1))
    assert changed.origin == f"Firefox, 192.0.2.1, signed in {since:%H:%M}"
    assert added.origin == ""  # nobody did it


def test_sign_in_of_another_day_tells_nothing(client, auditor):
    edda = make_user("edda")
    sign_in(edda, at=timezone.now() - dt.timedelta(hours=13))
    category = make_category("Tech")
    category._history_user, category.name = edda, "Technology"
    category.save()
    assert entries(client, kind="weblog.category")[0].origin == ""


# What the application does


def test_jobs_that_went_well_are_left_out_until_asked_for(client, auditor):
    now = timezone.now()
    for status in ("succeeded", "failed"):
        JobRun.objects.create(name="fold_views", status=status, started_at=now, host="web1")
    assert [entry.action for entry in entries(client) if entry.kind == "job run"] == ["Failed"]
    asked = {entry.action for entry in entries(client, kind="backoffice.jobrun")}
    assert asked == {"Failed", "Succeeded"}
    both = [entry.action for entry in entries(client, kind="all") if entry.kind == "job run"]
    assert sorted(both) == ["Failed", "Succeeded"]


# The file


def test_file_has_a_line_for_each_field_and_its_sha256_in_the_trail(client, auditor):
    category = make_category("Tech")
    category.name, category.slug = "=Technology", "technology"
    category._history_user, category._change_reason = auditor, "As the board calls it"
    category.save()
    shown = client.post(f"{FILE}?kind=weblog.category", follow=True)
    url = re.search(r'href="(/admin/audit-trail/export/\?file=[^"]+)"', shown.text)[1]
    answer = client.get(url)
    content = b"".join(answer.streaming_content)
    digest = hashlib.sha256(content).hexdigest()
    assert digest in shown.text
    event = SecurityEvent.objects.get(kind="list_exported")
    assert event.detail == f"Audit trail, What: Categories, 2 entries, SHA-256 {digest}"
    assert event.by == auditor
    assert answer["Content-Disposition"] == f'attachment; filename="audit-trail-{event.pk}.csv"'
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert [(row["action"], row["field"], row["old"], row["new"]) for row in rows] == [
        ("Changed", "Name", "Tech", "'=Technology"),
        ("Changed", "Slug", "tech", "technology"),
        ("Added", "Name", "", "Tech"),
        ("Added", "Slug", "", "tech"),
    ]
    assert (rows[0]["username"], rows[0]["reason"]) == ("otto", "As the board calls it")


def test_file_goes_on_over_many_portions(client, auditor, monkeypatch):
    monkeypatch.setattr(files, "AT_A_TIME", 2)
    for number in range(5):
        make_category(f"Category {number}")
    client.post(f"{FILE}?kind=weblog.category")
    assert ", 5 entries, SHA-256 " in SecurityEvent.objects.get(kind="list_exported").detail


def test_too_many_entries_make_no_file(client, auditor, monkeypatch, tmp_path):
    monkeypatch.setattr(files, "MOST_ENTRIES", 1)
    make_category("One")
    make_category("Two")
    answer = client.post(f"{FILE}?kind=weblog.category", follow=True)
    assert "More than 1 entries match." in answer.text
    assert not SecurityEvent.objects.filter(kind="list_exported").exists()
    assert list(tmp_path.iterdir()) == []


def test_file_of_a_wrong_filter_is_not_made(client, auditor):
    answer = client.post(f"{FILE}?since=yesterday", follow=True)
    assert "put the filter right first" in answer.text


def test_file_is_for_who_made_it(client, auditor, make_clerk):
    made = client.post(f"{FILE}?kind=weblog.category")
    token = made.url.partition("?")[2]
    client.force_login(make_clerk("backoffice.view_audittrail", username="olga"))
    assert client.get(f"{FILE}?{token}").status_code == 302
    assert client.get(f"{FILE}?file=forged").status_code == 404


# On the page of an object


def test_page_of_an_object_shows_what_is_about_it_and_nothing_else(client, auditor, make_clerk):
    tech = make_category("Tech")
    make_category("Sports")
    client.force_login(make_clerk("weblog.view_category", username="ben"))
    url = reverse("admin:weblog_category_history", args=[tech.pk])
    told = entries(client, url)
    assert {entry.place for entry in told} == {(Category, tech.pk)}
    assert "Sports" not in client.get(url).text


def test_object_without_a_history_has_such_a_page_too(client, make_clerk):
    run = JobRun.objects.create(name="fold_views", status="failed", started_at=timezone.now())
    client.force_login(make_clerk("backoffice.view_jobrun"))
    url = reverse("admin:backoffice_jobrun_history", args=[run.pk])
    assert [entry.subject for entry in entries(client, url)] == ["fold_views"]
    for wrong in ("999", "x"):
        wrong_url = reverse("admin:backoffice_jobrun_history", args=[wrong])
        assert client.get(wrong_url).status_code == 404


def test_page_of_an_account_tells_of_its_security_only_who_may_read_the_trail(client, make_clerk):
    edda = make_user("edda")
    edda.groups.add(Group.objects.create(name="Editors"))
    url = reverse("admin:auth_user_history", args=[edda.pk])
    client.force_login(make_clerk("auth.view_user", username="ben"))
    assert "security" not in {entry.kind for entry in entries(client, url)}
    clerk = make_clerk("auth.view_user", "backoffice.view_audittrail", username="otto")
    client.force_login(clerk)
    assert "security" in {entry.kind for entry in entries(client, url)}


def test_addresses_are_for_who_may_read_the_trail(client, make_clerk):
    edda, category = make_user("edda"), make_category("Tech")
    sign_in(edda, at=timezone.now() - dt.timedelta(minutes=5))
    category._history_user, category.name = edda, "Technology"
    category.save()
    url = reverse("admin:weblog_category_history", args=[category.pk])
    client.force_login(make_clerk("weblog.view_category", username="ben"))
    assert "192.0.2.1" not in client.get(url).text
    clerk = make_clerk("weblog.view_category", "backoffice.view_audittrail", username="otto")
    client.force_login(clerk)
    assert "192.0.2.1" in client.get(url).text


def test_trail_of_an_object_is_found_by_its_link(client, auditor):
    blog = make_blog(title="Of cats")
    make_blog(title="Of dogs")
    page = client.get(URL, {"object": f"weblog.blog:{blog.pk}"})
    assert [row.entry.subject for row in page.context["rows"]] == ["Of cats"]
    assert "Only what tells of Of cats" in page.text


# Indexes


def list_indexes():
    with connection.cursor() as cursor:
        constraints = connection.introspection.get_constraints(cursor, "weblog_historicalblog")
    return {
        tuple(facts["columns"]) for name, facts in constraints.items() if name.startswith("trail_")
    }


@pytest.mark.postgresql
def test_every_history_has_an_index_by_person_and_by_object_with_the_moment():
    assert list_indexes() >= {("history_user_id", "history_date"), ("id", "history_date")}


@pytest.mark.postgresql
def test_indexes_that_are_gone_come_back_and_strange_ones_go():
    with connection.cursor() as cursor:
        cursor.execute('CREATE INDEX "trail_of_before" ON weblog_historicalblog (title)')
    assert ("title",) in list_indexes()
    install_indexes(connection)
    assert ("title",) not in list_indexes()
    assert ("history_user_id", "history_date") in list_indexes()


@pytest.mark.postgresql
def test_search_on_postgresql_goes_by_an_index(auditor):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no index on parts of words.")
    from backoffice.trail.filters import TrailForm
    from backoffice.trail.reading import _cut

    form = TrailForm({"q": "zebra", "kind": "weblog.category"})
    (selection,) = form.select()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_indexscan = off")
    plan = _cut(selection, None, backwards=False, count=51).explain()
    assert "trail_" in plan
    assert "Index Cond: (upper(" in plan


# Files that are taken


@pytest.mark.filterwarnings("ignore:The 'get_valid_export_item_pks:DeprecationWarning")
def test_export_of_a_list_is_noted_with_its_sha256(client, make_clerk):
    make_category("Tech")
    clerk = make_clerk("weblog.view_category", "weblog.export_category", username="ben")
    client.force_login(clerk)
    taken = client.post(reverse("admin:weblog_category_export"), {"format": 0})
    event = SecurityEvent.objects.get(kind="list_exported")
    assert event.by == clerk
    assert event.detail.startswith("Categories, Category-")
    assert event.detail.endswith(f", 1 row, SHA-256 {hashlib.sha256(taken.content).hexdigest()}")


def test_look_at_the_form_of_an_export_is_no_export(client, make_clerk):
    client.force_login(make_clerk("weblog.view_category", "weblog.export_category"))
    assert client.get(reverse("admin:weblog_category_export")).status_code == 200
    assert not SecurityEvent.objects.filter(kind="list_exported").exists()
