"""Every door of the admin, for every role: who gets in, and that looking changes nothing."""

import datetime as dt

import pytest
from axes.models import AccessAttempt
from django.apps import apps
from django.contrib import admin
from django.core.management import call_command
from django.db import transaction
from django.urls import reverse

from backoffice.accounts import urls as accounts
from backoffice.models import AccessRequest, AccountSession, JobRun
from billing.bank.exports import export_payments
from billing.models import (
    AccessLogImport,
    Adjustment,
    Finding,
    PaymentInstruction,
    RetiredViewTotal,
    RobotException,
    Verification,
)
from billing.payouts import steps
from billing.payouts.adjustments import save_adjustment
from tests.factories import (
    approve,
    make_blog,
    make_category,
    make_click,
    make_count,
    make_price,
    make_user,
)
from weblog.models import Picture
from weblog.revisions import start_revision

pytestmark = pytest.mark.django_db

AT = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)

# Pages of the theme and of one's own account: for all staff.
STAFF = {"search", "index", "password_change", "password_change_done", "jsi18n"}
STAFF |= {"weblog_mailpreferences", "backoffice_account", "backoffice_account_extract"}
# Each of these has a test of its own.
NOT_PAGES = {"login", "logout", "autocomplete", "view_on_site"}
NOT_PAGES |= {"billing_verification_advance", "billing_payoutbatch_pack"}
NOT_PAGES |= {"weblog_picture_upload"}

# Pages that take a row of another model than their name says.
ROWS = {"billing_categoryprice_timeline": "weblog.category"}


def reading(*models, has_history=()):
    pages = {f"{model}_{page}" for model in models for page in ("changelist", "change", "history")}
    pages |= {f"{model}_simple_history" for model in has_history}
    return pages | {f"app_list_{model.split('_')[0]}" for model in models}


COUNTS = ["billing_monthlyviewcount", "billing_dailyviewcount"]
EVIDENCE = [
    "billing_blogview",
    "billing_accesslogimport",
    "billing_retiredviewtotal",
    "billing_robotexception",
]
TRACKED_EVIDENCE = ["billing_robotexception"]
FINDINGS = reading("billing_finding", has_history=["billing_finding"])
TRACKED_MONEY = [
    "billing_payoutbatch",
    "billing_categoryprice",
    "billing_adjustment",
    "billing_paymentinstruction",
]
MONEY = ["billing_payment", "billing_paymentexport", *TRACKED_MONEY]
SEALS = reading("billing_seal")
VERIFY = reading("billing_verification") | {"billing_verification_verify"}
NEW_TEXTS = reading("weblog_blogrevision", has_history=["weblog_blogrevision"])
PICTURES = reading("weblog_picture")
PREVIEWS = {"weblog_blog_preview", "weblog_blogrevision_preview"}

ALLOWED = {
    "Authors": {"app_list_weblog", "weblog_blog_changelist", "weblog_blog_add"}
    | {"weblog_blogrevision_changelist", "weblog_picture_changelist", "weblog_picture_add"}
    | reading("weblog_category", has_history=["weblog_category"]),
    "Editors": reading(
        "weblog_blog", "weblog_category", has_history=["weblog_blog", "weblog_category"]
    )
    | {"weblog_blog_add", "weblog_category_add", "weblog_blog_export"}
    | {"weblog_blog_import", "weblog_blog_import_posts"}
    | {"weblog_category_import", "weblog_category_export"}
    | {"weblog_blog_submit", "weblog_blog_publish"}
    | {"weblog_blog_return_to_author", "weblog_blog_archive", "weblog_blog_unpublish"}
    | {"weblog_blog_write_new_text", "weblog_blog_restore", "weblog_review_changelist"}
    | NEW_TEXTS
    | PREVIEWS
    | PICTURES
    | {"weblog_picture_take_down"}
    | {"weblog_picture_add"}
    | {f"weblog_blogrevision_{name}" for name in ("submit", "publish", "publish_now", "withdraw")}
    | {"weblog_blogrevision_return_to_author"},
    "Finance": reading(*COUNTS, *EVIDENCE, *MONEY, has_history=[*TRACKED_EVIDENCE, *TRACKED_MONEY])
    | reading("weblog_category", has_history=["weblog_category"])
    | {"billing_categoryprice_add", "billing_categoryprice_export", "billing_payment_export"}
    | {"billing_categoryprice_timeline", "billing_categoryprice_withdraw"}
    | {"billing_evidence_changelist", "billing_accesslogimport_import"}
    | FINDINGS
    | VERIFY
    | {"billing_finding_accept", "billing_finding_exclude_views", "billing_finding_reopen"}
    | {"billing_payoutbatch_build", "billing_payoutbatch_rebuild", "billing_payoutbatch_cancel"}
    | {"billing_payoutbatch_submit", "billing_payoutbatch_export"}
    | {"billing_payoutbatch_record_all_paid", "billing_payoutbatch_results"}
    | {"billing_adjustment_add", "billing_adjustment_authors", "billing_adjustment_withdraw"}
    | {"billing_payment_hold", "billing_payment_release", "billing_paymentinstruction_end"}
    | {"billing_payment_pay_out", "billing_payment_end_pay_out"}
    | {"billing_paymentexport_download"},
    "Approvers": reading(*COUNTS, *MONEY, has_history=TRACKED_MONEY)
    | SEALS
    | FINDINGS
    | VERIFY
    | reading("weblog_category", has_history=["weblog_category"])
    | {"billing_payoutbatch_approve", "billing_payoutbatch_return_to_finance"}
    | {"billing_paymentexport_download", "billing_categoryprice_timeline"},
    "Auditors": reading(*COUNTS, *EVIDENCE, *MONEY, has_history=[*TRACKED_EVIDENCE, *TRACKED_MONEY])
    | reading("weblog_blog", "weblog_category", has_history=["weblog_blog", "weblog_category"])
    | reading("backoffice_jobrun", "backoffice_accessrequest")
    | NEW_TEXTS
    | PREVIEWS
    | PICTURES
    | FINDINGS
    | VERIFY
    | SEALS
    | {"backoffice_audittrail_changelist", "billing_paymentexport_download"}
    | {"billing_evidence_changelist", "billing_categoryprice_timeline"},
    None: set(),
}


@pytest.fixture(scope="module")
def doors(django_db_setup, django_db_blocker):
    """{door: URL} for every page and action of the admin, on rows that belong to somebody else.

    They are made once: each test takes back what is its own, and the last one leaves nothing.
    """
    with django_db_blocker.unblock(), transaction.atomic():
        make_rows()
        yield dict(_doors())
        transaction.set_rollback(True)


def make_rows():
    call_command("loaddata", "10_groups", "30_billing_groups", verbosity=0)
    category = make_category("Tech")
    blog = make_blog(category=category)
    start_revision(blog=blog, by=blog.author)
    Picture.objects.create(
        file="pictures/2026/11/x.png", alt_text="A", uploaded_by=blog.author, width=1, height=1
    )
    make_price(category, "10")
    make_count(blog, 1000)
    make_click(blog)
    adjustment = Adjustment(author=blog.author, amount=5, reason="A correction")
    save_adjustment(adjustment=adjustment, by=make_user(), at=AT)
    PaymentInstruction.objects.create(
        author=make_user(), kind="hold", reason="Asked", created_by=make_user(), created_at=AT
    )
    batch, _ = steps.build_batch(month=dt.date(2026, 10, 1), at=AT)
    steps.submit_batch(batch=batch, by=make_user(), at=AT)
    approve(batch, at=AT)
    export_payments(batch=batch, at=AT)
    JobRun.objects.create(name="fold_views", started_at=AT)
    AccessRequest.objects.create(
        kind="superuser", about=blog.author, reason="Asked", asked_by=make_user(), asked_at=AT
    )
    AccessAttempt.objects.create(username="edda", ip_address="192.0.2.9", failures_since_start=5)
    AccessLogImport.objects.create(file_name="access.log", path_pattern="x", started_at=AT)
    Finding.objects.create(
        kind="spike",
        month=AT,
        blog=blog,
        author=blog.author,
        views=9,
        numbers={"before": 3},
        found_at=AT,
    )
    RobotException.objects.create(text="CUBOT", reason="A phone.")
    Verification.objects.create(started_at=AT, steps=1)
    RetiredViewTotal.objects.create(day=dt.date(2025, 1, 1), outcome="robot", views=1)


def _doors():
    for name, arguments in _url_names(admin.site.get_urls()):
        if name == "app_list":
            for label in ("auth", "axes", "backoffice", "weblog", "billing"):
                yield f"app_list_{label}", reverse("admin:app_list", args=[label])
        elif not arguments:
            yield name, reverse(f"admin:{name}")
        else:
            app_label, model_name, _ = name.split("_", 2)
            model = ROWS.get(name) or f"{app_label}.{model_name}"
            row = apps.get_model(model).objects.order_by("pk").last()
            pks = [row.pk]
            if name.endswith("_simple_history"):
                pks.append(row.history.first().history_id)
            yield name, reverse(f"admin:{name}", args=pks)


def _url_names(patterns):
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            yield from _url_names(pattern.url_patterns)
        elif pattern.name and pattern.name not in NOT_PAGES:
            yield pattern.name, pattern.pattern.regex.groups


def snapshot():
    """All rows of all tables but the sessions."""
    models = [model for model in apps.get_models(include_auto_created=True) if model._meta.managed]
    return {
        model._meta.label: sorted(map(repr, model._base_manager.values_list()))
        for model in models
        if model is not AccountSession
    }


def sign_in(client, role):
    client.force_login(make_user(groups=[role] if role else []))


@pytest.mark.any_database
@pytest.mark.parametrize("role", ALLOWED)
def test_each_role_opens_its_own_doors_and_no_other(role, doors, client):
    sign_in(client, role)
    before = snapshot()
    answers = {door: client.get(url).status_code for door, url in doors.items()}
    opened = {door for door, status in answers.items() if status == 200}
    refused = {door: status for door, status in answers.items() if status not in (403, 404)}
    assert opened - STAFF == ALLOWED[role]
    assert refused.keys() - opened == set()
    assert snapshot() == before


@pytest.mark.any_database
@pytest.mark.parametrize("role", ALLOWED)
def test_post_to_a_closed_door_is_refused_and_changes_nothing(role, doors, client):
    sign_in(client, role)
    before = snapshot()
    closed = doors.keys() - ALLOWED[role] - STAFF
    answers = {door: client.post(doors[door], {"post": "yes"}).status_code for door in closed}
    assert {door: status for door, status in answers.items() if status not in (403, 404)} == {}
    assert snapshot() == before


def test_looking_at_every_page_changes_nothing_even_for_a_superuser(doors, client):
    client.force_login(make_user(is_superuser=True))
    before = snapshot()
    for url in doors.values():
        assert client.get(url).status_code in (200, 403, 404)
    assert snapshot() == before


@pytest.mark.any_database
def test_reading_posts_nothing_back_even_for_a_superuser(doors, client):
    client.force_login(make_user(is_superuser=True))
    before = snapshot()
    written_by_code = [
        *COUNTS, "billing_blogview", "billing_accesslogimport", "billing_retiredviewtotal",
        "billing_finding", "billing_payoutbatch", "billing_payment", "billing_paymentexport",
        "billing_paymentinstruction", "billing_seal", "backoffice_jobrun",
        "axes_accessattempt",
    ]  # fmt: skip
    for model in written_by_code:
        for page in ("add", "change", "delete", "history"):
            client.post(doors[f"{model}_{page}"], {"status": "paid", "amount": "1", "views": "1"})
        client.post(
            doors[f"{model}_changelist"],
            {"action": "delete_selected", "_selected_action": "1", "post": "yes"},
        )
    for door, url in doors.items():
        if door.endswith(("_simple_history", "_delete")):
            assert client.post(url, {"post": "yes"}).status_code == 403
    assert snapshot() == before


@pytest.mark.any_database
@pytest.mark.parametrize("role", ALLOWED)
def test_autocomplete_finds_nothing_that_its_model_would_refuse(role, doors, client):
    sign_in(client, role)
    for model, field in [("blog", "author"), ("blog", "category"), ("categoryprice", "category")]:
        app_label = "weblog" if model == "blog" else "billing"
        response = client.get(
            reverse("admin:autocomplete"),
            {"app_label": app_label, "model_name": model, "field_name": field, "term": ""},
        )
        target = "weblog_category" if field == "category" else "auth_user"
        if f"{target}_changelist" not in ALLOWED[role]:
            assert response.status_code == 403


# Sign-in, and what one does about one's own account: the pages of backoffice.accounts.urls.
OPEN = {f"password_reset{page}" for page in ("", "_done", "_confirm", "_complete")}
OPEN |= {"admin_password_reset"}
ENTRANCES = OPEN | {"account_login", "mfa_authenticate"}
ACCOUNT_ARGUMENTS = {"password_reset_confirm": ["MQ", "x-y"], "mfa_remove_webauthn": [1]}


def account_pages():
    names = {pattern.name for pattern in accounts.urlpatterns}
    return {name: reverse(name, args=ACCOUNT_ARGUMENTS.get(name)) for name in names}


@pytest.mark.any_database
def test_stranger_reaches_the_entrances_alone(client):
    for name, url in account_pages().items():
        for response in (client.get(url), client.post(url)):
            is_sent_away = response.status_code == 302
            leads_to = response.url.split("?")[0] if is_sent_away else ""
            to_sign_in = leads_to in (reverse("admin:login"), reverse("account_login"))
            assert to_sign_in is (name not in OPEN), name


@pytest.mark.any_database
@pytest.mark.parametrize("role", ALLOWED)
def test_looking_at_the_pages_of_ones_own_account_changes_nothing(role, client):
    call_command("loaddata", "10_groups", "30_billing_groups", verbosity=0)
    sign_in(client, role)
    before = snapshot()
    for name, url in account_pages().items():
        assert client.get(url).status_code in (200, 302, 404), name
    assert snapshot() == before


@pytest.mark.any_database
def test_reader_without_staff_status_has_no_account_pages(client):
    client.force_login(make_user(is_staff=False))
    for name, url in account_pages().items():
        if name not in ENTRANCES:
            assert client.get(url).url.split("?")[0] == reverse("admin:login"), name


@pytest.mark.any_database
def test_stranger_is_asked_to_sign_in_at_every_door(doors, client):
    for url in doors.values():
        response = client.get(url)
        assert (response.status_code, response.url.split("?")[0]) == (302, reverse("admin:login"))


@pytest.mark.any_database
def test_reader_with_an_account_but_no_staff_status_stays_out(doors, client):
    client.force_login(make_user(is_staff=False))
    assert {client.get(url).status_code for url in doors.values()} == {302}


@pytest.mark.any_database
@pytest.mark.parametrize("role", ["a stranger", *ALLOWED])
def test_probes_tell_no_role_more_than_a_stranger_and_change_nothing(role, doors, client, settings):
    settings.METRICS = True
    if role != "a stranger":
        sign_in(client, role)
    before = snapshot()
    answers = {}
    for name in ("healthz", "readyz", "metrics"):
        answer = client.get(reverse(name), REMOTE_ADDR="203.0.113.9")
        answers[name] = (answer.status_code, answer.content[:6])
        assert client.post(reverse(name), REMOTE_ADDR="203.0.113.9").status_code == 405
    assert answers["healthz"] == (200, b'{"ok":')
    assert answers["readyz"] in [(200, b'{"ok":'), (503, b'{"ok":')]
    assert answers["metrics"] == (404, b"")
    assert snapshot() == before
