import datetime as dt
import re
from html import unescape

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.db.models import DateTimeField
from django.urls import reverse
from django.utils import timezone
from simple_history.models import HistoricalChanges

from backoffice.accounts.guards import GUARDS
from backoffice.models import Mail, SecurityEvent
from backoffice.trail.sources import list_sources
from tests.factories import make_blog, make_category, make_user
from weblog.models import Blog, Category

pytestmark = [pytest.mark.slow, pytest.mark.postgresql]

URL = "/admin/audit-trail/"


@pytest.fixture
def auditor(client, make_clerk):
    user = make_clerk("backoffice.view_audittrail", username="otto")
    client.force_login(user)
    forget_history()
    return user


def list_tracked():
    is_tracked = "simple_history_manager_attribute"
    return [model for model in apps.get_models() if hasattr(model._meta, is_tracked)]


def forget_history():
    for model in list_tracked():
        model.history.all().delete()
    Mail.objects.all().delete()
    connection.check_constraints()  # PostgreSQL alters no table while some of it is still to check
    GUARDS.remove(connection)
    SecurityEvent.objects.all().delete()
    GUARDS.install(connection)


def read(client, **filters):
    """Return the entries of the page, newest first."""
    response = client.get(URL, filters)
    assert response.status_code == 200
    return [row.entry for row in response.context["rows"]]


def save(instance, *, by=None, reason=None, at=None, **values):
    for name, value in values.items():
        setattr(instance, name, value)
    instance._history_user, instance._change_reason = by, reason
    if at:
        instance._history_date = at
    instance.save()
    return instance


@pytest.mark.any_database
def test_url_is_that_of_a_list():
    assert reverse("admin:backoffice_audittrail_changelist") == URL


@pytest.mark.any_database
def test_every_history_table_is_in_the_trail():
    """Rights and co-authors have tables of their own; they stand with whom they are given to."""
    tables = [model for model in apps.get_models() if issubclass(model, HistoricalChanges)]
    wholes, parts = [], []
    for table in tables:
        (wholes if table._meta.pk.name == "history_id" else parts).append(table)
    assert len(tables) >= 15
    assert set(wholes) <= {source.model for source in list_sources().values()}
    assert {part._meta.get_field("history").related_model for part in parts} <= set(wholes)


# Rows that say who and when, and are no source: each with the entries that tell of them.
TOLD_ELSEWHERE = {
    "account.emailconfirmation": "not used: addresses change by two people",
    "admin.logentry": "what Django's own admin notes: each is a version in a history",
    "backoffice.accountsession": "security: signed in",
    "backoffice.accessrequest": "security: proposed, refused, given",
    "backoffice.remindersaid": "mails",
    "billing.batchact": "each is a change of something with a history, and stands there",
    "billing.outstandingalarm": "mails",
    "mfa.authenticator": "security: second factors",
}


# Kinds of seals, which say in their content alone what was done: each with what tells who did it.
SEALS_TOLD = {
    "seal.approval": "the batch’s history",
    "seal.settlement": "billing.paymentresult",
    "seal.export": "billing.paymentexport, security: downloads",
    "seal.evidence": "security: downloads",
    "seal.upgrade": "nobody: a job",
    "viewseal.views": "nobody: a job",
    "viewseal.upgrade": "nobody: a job",
    "viewseal.decision": "the finding’s history",
    "viewseal.recount": "nobody: a job",
    "viewseal.submission": "the batch’s history",
    "viewseal.retirement": "nobody: a job",
    "viewseal.archive": "nobody: a job",
    "viewseal.sums": "billing.viewseal_sums",
}


@pytest.mark.any_database
def test_no_kind_of_seal_is_forgotten():
    """A new kind says here by which entries the trail tells of it."""
    chains = [model for model in apps.get_models() if hasattr(model, "previous_hash")]
    kinds = {
        f"{model._meta.model_name}.{kind}"
        for model in chains
        for kind in getattr(model, "Kind", [])
    }
    assert kinds - SEALS_TOLD.keys() == set()
    if kinds:
        assert {"billing.viewseal_sums", "billing.paymentexport"} <= list_sources().keys()


def list_moments(model):
    fields = model._meta.fields
    people = [each for each in fields if each.related_model is User]
    return people and [each for each in fields if isinstance(each, DateTimeField)]


@pytest.mark.any_database
def test_no_table_that_says_who_and_when_is_forgotten():
    """A new table with a person and a time is a source, has a history, or is told of elsewhere."""
    sources = {source.model for source in list_sources().values()}
    told = sources | set(list_tracked()) | {User}
    forgotten = {
        model._meta.label_lower
        for model in apps.get_models()
        if list_moments(model)
        and model not in told
        and model._meta.label_lower != "billing.blogview"
    }
    assert forgotten - TOLD_ELSEWHERE.keys() == set()


@pytest.mark.thorough
@pytest.mark.any_database
def test_every_source_can_be_read_and_searched(client, auditor):
    for key in list_sources():
        assert client.get(URL, {"kind": key, "q": "zebra", "person": "otto"}).status_code == 200, (
            key
        )


def test_newest_change_comes_first_whatever_its_kind(client, auditor):
    start = timezone.now()
    save(Category(name="One", slug="one"), at=start)
    save(Group(name="Editors"), at=start + dt.timedelta(minutes=1))
    save(Category(name="Two", slug="two"), at=start + dt.timedelta(minutes=2))
    assert [entry.subject for entry in read(client)] == ["Two", "Editors", "One"]


@pytest.mark.any_database
def test_addition_lists_what_was_entered(client, auditor):
    save(Category(name="Tech", slug="tech"))
    (entry,) = read(client)
    assert entry.changes == [("Name", None, "Tech"), ("Slug", None, "tech")]


@pytest.mark.any_database
def test_change_tells_old_and_new(client, auditor):
    category = save(Category(name="Tech", slug="tech"))
    save(category, name="Technology", by=auditor, reason="As the board calls it")
    entry = read(client)[0]
    assert entry.changes == [("Name", "Tech", "Technology")]
    assert entry.person == "otto"
    assert entry.reason == "As the board calls it"


def test_deletion_lists_what_was_lost(client, auditor):
    save(Category(name="Tech", slug="tech")).delete()
    entry = read(client)[0]
    assert entry.changes == [("Name", "Tech", None), ("Slug", "tech", None)]
    assert b"Deleted" in client.get(URL).content


def test_change_is_against_the_row_recorded_before_it(client, auditor):
    one = save(Category(name="One", slug="one"))
    two = save(Category(name="Two", slug="two"))
    save(one, name="Uno")
    save(two, name="Due")
    save(one, name="Ein", at=timezone.now() - dt.timedelta(days=30))
    changes = {entry.changes[0].new: entry.changes[0].old for entry in read(client)}
    assert changes == {"Ein": "Uno", "Due": "Two", "Uno": "One", "Two": None, "One": None}


@pytest.mark.any_database
def test_save_without_a_change_says_so(client, auditor):
    save(save(Category(name="Tech", slug="tech")))
    assert read(client)[0].changes == []
    assert b"Saved without a change" in client.get(URL).content


@pytest.mark.any_database
def test_change_with_no_record_before_it_says_so(client, auditor):
    category = make_category("Tech")
    forget_history()
    save(category, name="Technology")
    (entry,) = read(client)
    assert entry.is_first_known
    assert ("Name", None, "Technology") in entry.changes
    assert b"What it was before is not known" in client.get(URL).content


@pytest.mark.any_database
def test_nobody_is_the_system(client, auditor):
    save(Category(name="Tech", slug="tech"))
    assert read(client)[0].person == "system"


@pytest.mark.any_database
def test_foreign_key_is_told_by_name_and_choice_by_label(client, auditor):
    blog = make_blog(category=make_category("Tech"), status=Blog.Status.IN_REVIEW)
    save(blog, category=make_category("Sports"), status=Blog.Status.PUBLISHED)
    changes = next(entry.changes for entry in read(client) if entry.kind == "blog")
    assert changes == [("Category", "Tech", "Sports"), ("Status", "In review", "Published")]


def test_foreign_key_to_a_deleted_row_is_told_by_its_number(client, auditor):
    category, other = make_category("Tech"), make_category("Sports")
    blog = make_blog(category=category)
    save(blog, category=other)
    pk = category.pk
    category.delete()
    blogs = [entry for entry in read(client, kind="weblog.blog") if entry.place == (Blog, blog.pk)]
    assert blogs[0].changes == [("Category", f"category {pk}, deleted", "Sports")]


def test_name_that_needs_a_deleted_row_is_a_number(client, auditor):
    prices = pytest.importorskip("billing.models")
    category = make_category("Tech")
    price = save(
        prices.CategoryPrice(
            category=category, price_per_1000="15", effective_from=dt.date(2026, 1, 1)
        )
    )
    pk = price.pk
    price.delete()
    category.delete()
    entry = read(client, kind="billing.categoryprice")[0]
    assert entry.subject == f"price {pk}"


@pytest.mark.any_database
def test_groups_of_a_user_are_told_by_name(client, auditor):
    user = make_user("edda")
    forget_history()
    save(user)
    user.groups.add(Group.objects.create(name="Editors"))
    user.groups.add(Group.objects.create(name="Authors"))
    assert read(client, kind="auth.user")[0].changes == [("Groups", "Editors", "Authors, Editors")]


@pytest.mark.any_database
def test_permissions_of_a_group_are_told_by_name(client, auditor):
    group = save(Group(name="Editors"))
    group.permissions.add(Permission.objects.get(codename="view_blog"))
    assert read(client, kind="auth.group")[0].changes == [
        ("Permissions", "", "Weblog | blog | Can view blog")
    ]


@pytest.mark.any_database
def test_false_is_left_out_of_an_addition_but_told_in_a_change(client, auditor):
    user = save(User(username="edda", is_active=True))
    save(user, is_active=False)
    changed, added = read(client, kind="auth.user")
    assert changed.changes == [("Active", "yes", "no")]
    assert "Superuser status" not in [change.field for change in added.changes]


@pytest.mark.any_database
def test_long_text_is_cut_around_the_difference_and_kept_in_full(client, auditor):
    start, end = "before " * 40, " after" * 40
    blog = make_blog(body=f"<p>{start}one{end}</p>")
    save(blog, body=f"<p>{start}two{end}</p>")
    (change,) = read(client, kind="weblog.blog")[0].changes
    assert change.is_long
    assert change.new == f"<p>{start}two{end}</p>"
    assert "one" in change.shortened.old
    assert "two" in change.shortened.new
    assert len(change.shortened.new) < 200
    assert f"{start}two{end}" in client.get(URL).content.decode()


@pytest.mark.any_database
def test_values_and_reasons_are_escaped(client, auditor):
    category = save(Category(name="<script>alert(1)</script>", slug="x"))
    save(category, name="<img src=x onerror=alert(2)>", reason="<script>alert(3)</script>")
    page = client.get(URL).content.decode()
    for number in (1, 3):
        assert f"<script>alert({number})" not in page
        assert f"&lt;script&gt;alert({number})" in page
    assert "<img src=x" not in page


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, ["Thrée", "Two", "One"]),
        ({"person": "system"}, ["Thrée"]),
        ({"kind": "auth.group"}, []),
        ({"kind": "weblog.category"}, ["Thrée", "Two", "One"]),
        ({"since": "2026-03-02"}, ["Thrée", "Two"]),
        ({"until": "2026-03-01"}, ["One"]),
        ({"since": "2026-03-02", "until": "2026-03-02"}, ["Two"]),
        ({"q": "BOARD"}, ["Two"]),
        ({"q": "board said"}, ["Two"]),
        ({"q": "thrée"}, ["Thrée"]),
        ({"q": "nobody said this"}, []),
        ({"kind": "weblog.category", "q": "one", "person": "otto", "since": "2026-03-01"}, ["One"]),
    ],
)
def test_filters(client, auditor, filters, expected):
    # 23:30 in UTC is the next day already in the billing time zone, Europe/Berlin.
    save(Category(name="One", slug="1"), by=auditor, at=_utc(2026, 3, 1, 22, 59))
    save(
        Category(name="Two", slug="2"),
        by=auditor,
        reason="Said the board",
        at=_utc(2026, 3, 1, 23, 30),
    )
    save(Category(name="Thrée", slug="3"), at=_utc(2026, 3, 5))
    assert [entry.subject for entry in read(client, **filters)] == expected


def test_filter_by_role_finds_those_who_have_it_today(client, auditor):
    edda, role = make_user("edda"), Group.objects.create(name="Editors")
    edda.groups.add(role)
    save(Category(name="One", slug="1"), by=edda)
    save(Category(name="Two", slug="2"), by=auditor)
    found = read(client, role=role.pk, kind="weblog.category")
    assert [entry.subject for entry in found] == ["One"]


@pytest.mark.parametrize("name", ["edda", "EDDA", "Edda Editor", "editor"])
def test_person_is_found_by_username_or_name(client, auditor, name):
    edda = make_user("edda", first_name="Edda", last_name="Editor")
    save(Category(name="One", slug="1"), by=edda)
    save(Category(name="Two", slug="2"), by=auditor)
    found = read(client, person=name, kind="weblog.category")
    assert [entry.subject for entry in found] == ["One"]


def test_search_finds_what_points_to_a_person_of_that_name(client, auditor):
    make_blog(author=make_user("edda", first_name="Edda"), title="Of cats")
    make_blog(author=make_user("adam"), title="Of dogs")
    found = read(client, q="edda", kind="weblog.blog")
    assert [entry.subject for entry in found] == ["Of cats"]


def test_filter_by_person(client, auditor):
    save(Category(name="One", slug="1"), by=auditor)
    save(Category(name="Two", slug="2"), by=make_user("edda", first_name="Edda"))
    assert [entry.subject for entry in read(client, person=auditor.pk)] == ["One"]


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("person", "999999"),
        ("person", "zz"),
        ("kind", "sessions.session"),
        ("since", "yesterday"),
        ("since", "0001-01-01"),
        ("until", "9999-12-31"),
        ("role", "999"),
        ("object", "weblog.category"),
        ("object", "no.model:1"),
        ("q", "\0"),
        ("q", "x" * 201),
    ],
)
def test_bad_filter_is_an_error_in_the_form(client, auditor, field, value):
    save(Category(name="One", slug="1"))
    response = client.get(URL, {field: value})
    assert response.status_code == 200
    assert field in response.context["form"].errors
    assert response.context["rows"] == []


@pytest.mark.any_database
def test_last_day_is_not_before_the_first(client, auditor):
    response = client.get(URL, {"since": "2026-03-02", "until": "2026-03-01"})
    assert "until" in response.context["form"].errors


def names_of(page):
    return [row.entry.subject for row in page.context["rows"]]


def follow(client, page, word):
    links = dict(re.findall(r'<a href="(\?[^"]*)"[^>]*>(Newest|Newer|Older|Oldest)<', page.text))
    (url,) = [unescape(href) for href, text in links.items() if text == word]
    return client.get(f"{URL}{url}")


@pytest.mark.thorough
def test_pages_hold_fifty_and_lead_there_and_back(client, auditor):
    at = timezone.now()
    for number in range(120):  # two at a time, so that a page ends between two of one moment
        moment = at + dt.timedelta(minutes=number // 2)
        save(Category(name=f"{number}", slug=f"{number}"), at=moment)
    every = [str(number) for number in range(119, -1, -1)]
    first = client.get(URL)
    second = follow(client, first, "Older")
    third = follow(client, second, "Older")
    assert [*names_of(first), *names_of(second), *names_of(third)] == every
    assert names_of(follow(client, third, "Newer")) == every[50:100]
    assert names_of(follow(client, second, "Newer")) == every[:50]
    assert names_of(follow(client, third, "Newest")) == every[:50]
    last = follow(client, first, "Oldest")
    assert names_of(last) == every[70:]
    assert names_of(follow(client, last, "Newer")) == every[20:70]
    assert "Older" not in last.text
    assert "Newer" not in first.text


def test_entry_that_comes_in_meanwhile_shifts_no_page(client, auditor):
    for number in range(60):
        save(Category(name=f"{number}", slug=f"{number}"))
    first = client.get(URL)
    save(Category(name="late", slug="late"))
    assert names_of(follow(client, first, "Older")) == [str(n) for n in range(9, -1, -1)]


@pytest.mark.any_database
@pytest.mark.parametrize(
    "place", ["zz", "2026-01-01~weblog.category~1", "0001-01-01T00:00:00+00:00~weblog.category~1",
              "2026-01-01T00:00:00+00:00~no.source~1", "2026-01-01T00:00:00+00:00~security~x" ]
)  # fmt: skip
def test_place_that_is_none_leads_to_the_first_page(client, auditor, place):
    save(Category(name="One", slug="1"))
    for name in ("older", "newer"):
        assert names_of(client.get(URL, {name: place})) == ["One"]


@pytest.mark.any_database
def test_empty_trail_says_what_will_stand_in_it(client, auditor):
    assert b"Whatever is added, changed or deleted" in client.get(URL).content
    assert b"No change matches" in client.get(URL, {"person": "system"}).content


@pytest.mark.thorough
def test_query_count_is_the_same_for_more_rows(
    client, auditor, django_assert_num_queries, django_assert_max_num_queries
):
    def add(count):
        for _ in range(count):
            blog = save(make_blog(category=make_category()), title="Another")
            make_user().groups.add(Group.objects.create(name=f"Group {blog.pk}"))

    add(2)
    client.get(URL)
    with django_assert_max_num_queries(30) as two:
        client.get(URL)
    add(10)
    with django_assert_num_queries(len(two)):
        client.get(URL)


# The security log


def test_security_events_stand_among_the_changes(client, auditor):
    edda = make_user("edda", first_name="Edda", last_name="Editor")
    edda.groups.add(Group.objects.create(name="Editors"))
    page = client.get(URL).content.decode()
    assert "Role given" in page
    assert "Edda Editor" in page
    assert [entry.text for entry in read(client, kind="security")] == [
        f"Editors. Signs nothing until {_pause_of(edda)}",
        "",
    ]


def _pause_of(person):
    event = SecurityEvent.objects.get(about=person, pauses_until__isnull=False)
    return f"{timezone.localtime(event.pauses_until):%-d %b %Y, %H:%M}"


def test_security_events_are_found_by_person_reason_and_day(client, auditor):
    edda = make_user("edda")
    edda.groups.add(Group.objects.create(name="Editors"))
    make_user("otto2").groups.add(Group.objects.create(name="Authors"))
    security = {"kind": "security"}
    kinds = [entry.action for entry in read(client, person=edda.pk, **security)]
    assert kinds == ["Role given", "Account added"]
    assert len(read(client, q="AUTHORS", **security)) == 1
    assert len(read(client, person="system", **security)) == 4
    assert read(client, until="2026-01-01", **security) == []
    assert len(read(client, since="2026-01-01", **security)) == 4


def test_other_kinds_leave_the_security_log_out(client, auditor):
    make_user("edda")
    kinds = {entry.source == "security" for entry in read(client, kind="auth.user")}
    assert kinds == {False}


@pytest.mark.thorough
@pytest.mark.any_database
def test_object_links_to_its_history_only_for_who_may_see_it(client, auditor, make_clerk):
    category = save(Category(name="Tech", slug="tech"))
    url = reverse("admin:weblog_category_history", args=[category.pk])
    assert url not in client.get(URL).content.decode()
    client.force_login(make_clerk("backoffice.view_audittrail", "weblog.view_category"))
    assert url in client.get(URL).content.decode()
    category.delete()
    assert url not in client.get(URL).content.decode()


@pytest.mark.any_database
def test_unregistered_model_has_no_link(client, auditor, monkeypatch):
    save(Category(name="Tech", slug="tech"))
    monkeypatch.setattr("backoffice.sites.BackofficeSite.is_registered", lambda site, model: False)
    assert [row.url for row in client.get(URL).context["rows"]] == [""]


@pytest.mark.any_database
def test_reading_needs_the_permission(client, make_clerk):
    assert client.get(URL).status_code == 302
    client.force_login(make_clerk("weblog.view_blog", "auth.view_user"))
    assert client.get(URL).status_code == 403
    client.force_login(make_clerk("backoffice.view_audittrail", is_staff=False))
    assert client.get(URL).status_code == 302
    client.force_login(make_clerk(is_superuser=True))
    assert client.get(URL).status_code == 200


@pytest.mark.any_database
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options"])
def test_reading_is_all_there_is(client, auditor, method):
    assert getattr(client, method)(URL).status_code == 405
    assert client.head(URL).status_code == 200


def _utc(*args):
    return dt.datetime(*args, tzinfo=dt.UTC)
