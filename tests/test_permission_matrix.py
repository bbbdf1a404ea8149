"""Every page and action of the admin for every role: who gets in; and GET changes nothing."""

import pytest
from django.core.management import call_command
from django.http import HttpResponse
from django.urls import reverse

from backoffice import error_pages
from backoffice.accounts import urls as accounts
from tests.doors import NOT_PAGES
from tests.factories import (
    make_user,
)
from tests.snapshots import snapshot

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


# Pages of the theme and of one's own account: for all staff.
STAFF = {"search", "index", "password_change", "password_change_done", "jsi18n"}
STAFF |= {"backoffice_own_mails", "backoffice_account", "backoffice_account_extract"}
NOT_PAGES |= {"billing_verification_advance", "billing_payoutbatch_pack"}
NOT_PAGES |= {"weblog_picture_upload", "weblog_picture_fetch"}
# Files that a POST hands out; a GET leads to the page with the button.
NOT_PAGES |= {"billing_statement_pdf", "billing_statement_year_pdf"}
NOT_PAGES |= {"billing_paymentexport_download", "billing_paymentexport_companion"}
NOT_PAGES |= {"billing_payoutbatch_attachment"}


def reading(*models, has_history=()):
    pages = {f"{model}_{page}" for model in models for page in ("changelist", "change", "history")}
    pages |= {f"{model}_simple_history" for model in has_history}
    return pages | {f"app_list_{model.split('_')[0]}" for model in models}


COUNTS = ["billing_monthlyviewcount", "billing_dailyviewcount"]
VIEWS = [
    "billing_blogview",
    "billing_accesslogimport",
    "billing_retiredviewtotal",
    "billing_robotexception",
]
TRACKED_VIEWS = ["billing_robotexception"]
FINDINGS = reading("billing_finding", has_history=["billing_finding"])
TRACKED_MONEY = [
    "billing_payoutbatch",
    "billing_categoryprice",
    "billing_adjustment",
    "billing_handpayment",
    "billing_hold",
    "billing_payee",
]
MONEY = ["billing_payment", "billing_paymentexport", *TRACKED_MONEY]
# What a rebuild would change is for whoever may see the batch.
FORESEEN = {"billing_payoutbatch_foreseen"}
# The bank details in full are for people who were given that right by name: for no role.
PAYEES = {"billing_payee_enter", "billing_payee_details", "billing_payee_confirm"}
PAYEES |= {"billing_payee_withdraw", "billing_payee_link"}
SEALS = reading("billing_seal")
BOOKS = {f"billing_books_{page}" for page in ("changelist", "balances", "years")}
STATEMENTS = {f"billing_statement_{page}" for page in ("changelist", "page")}
DISPUTES = reading("billing_dispute")
# Of the year, one's own opens, and it is a page without figures where nothing was paid.
OWN_STATEMENTS = {"billing_statement_changelist", "billing_statement_year"}
OWN_STATEMENTS |= {"billing_earnings_changelist"}
STATEMENTS |= OWN_STATEMENTS | {"billing_earnings_blog"}
VERIFY = reading("billing_verification") | {"billing_verification_verify"}
NEW_TEXTS = reading("weblog_newtext", has_history=["weblog_newtext"])
PICTURES = reading("weblog_picture")
IMPORTED_AUTHORS = reading("weblog_importedauthor", has_history=["weblog_importedauthor"])
PREVIEWS = {"weblog_blog_preview", "weblog_newtext_preview"}

ALLOWED = {
    "Authors": OWN_STATEMENTS
    | {"billing_own_payee", "app_list_weblog", "weblog_blog_changelist", "weblog_blog_add"}
    | {"weblog_newtext_changelist", "weblog_picture_changelist", "weblog_picture_add"}
    | {"weblog_picture_library"}
    | reading("weblog_category", has_history=["weblog_category"]),
    "Editors": reading(
        "weblog_blog", "weblog_category", has_history=["weblog_blog", "weblog_category"]
    )
    | {"weblog_blog_add", "weblog_category_add", "weblog_blog_export"}
    | {"weblog_blog_import", "weblog_blog_import_posts"}
    | {"weblog_category_import", "weblog_category_export"}
    | {"weblog_blog_submit", "weblog_blog_take_back"}
    | {"weblog_blog_publish", "weblog_blog_move_schedule"}
    | {"weblog_blog_return_to_author", "weblog_blog_archive", "weblog_blog_unpublish"}
    | {"weblog_blog_write_new_text", "weblog_blog_restore", "weblog_review_changelist"}
    | NEW_TEXTS
    | PREVIEWS
    | PICTURES
    | IMPORTED_AUTHORS
    | {"weblog_importedauthor_confirm"}
    | {"weblog_picture_take_down"}
    | {"weblog_picture_add", "weblog_picture_library"}
    | {f"weblog_newtext_{name}" for name in ("submit", "take_back", "withdraw")}
    | {f"weblog_newtext_{name}" for name in ("publish", "publish_now", "move_schedule")}
    | {"weblog_newtext_return_to_author"},
    "Finance": reading(*COUNTS, *VIEWS, *MONEY, has_history=[*TRACKED_VIEWS, *TRACKED_MONEY])
    | reading("weblog_category", has_history=["weblog_category"])
    | {"billing_categoryprice_add", "billing_categoryprice_export", "billing_payment_export"}
    | {"billing_categoryprice_timeline", "billing_categoryprice_withdraw"}
    | {"billing_categoryprice_plan", "billing_categoryprice_import"}
    | {"billing_views_explained_changelist", "billing_accesslogimport_import"}
    | STATEMENTS
    | DISPUTES
    | {"billing_dispute_accept", "billing_dispute_reject"}
    | FINDINGS
    | VERIFY
    | PAYEES
    | {"billing_finding_accept", "billing_finding_exclude_views", "billing_finding_reopen"}
    | {"billing_payoutbatch_build", "billing_payoutbatch_rebuild", "billing_payoutbatch_cancel"}
    | {"billing_payoutbatch_leave_out"}
    | {"billing_payoutbatch_submit", "billing_payoutbatch_export"}
    | {"billing_payoutbatch_record_all_paid", "billing_payoutbatch_results"}
    | {"billing_payoutbatch_results_file", "billing_payoutbatch_recall"}
    | {"billing_payoutbatch_comment"}
    | {"billing_adjustment_add", "billing_adjustment_authors", "billing_adjustment_withdraw"}
    | {"billing_payment_by_hand", "billing_handpayment_confirm", "billing_handpayment_withdraw"}
    | {"billing_payment_hold", "billing_payment_release", "billing_hold_end"}
    | {"billing_payment_pay_out", "billing_payment_end_pay_out"}
    | FORESEEN
    | BOOKS,
    "Approvers": reading(*COUNTS, *MONEY, has_history=TRACKED_MONEY)
    | STATEMENTS
    | FORESEEN
    | DISPUTES
    | SEALS
    | FINDINGS
    | VERIFY
    | reading("weblog_category", has_history=["weblog_category"])
    | {"billing_payoutbatch_comment"}
    | {"billing_payoutbatch_approve", "billing_payoutbatch_return_to_finance"}
    | {"billing_categoryprice_timeline"},
    "Auditors": reading(*COUNTS, *VIEWS, *MONEY, has_history=[*TRACKED_VIEWS, *TRACKED_MONEY])
    | reading("weblog_blog", "weblog_category", has_history=["weblog_blog", "weblog_category"])
    | reading("backoffice_jobrun", "backoffice_accessrequest", "backoffice_mail")
    | NEW_TEXTS
    | PREVIEWS
    | PICTURES
    | IMPORTED_AUTHORS
    | STATEMENTS
    | DISPUTES
    | FINDINGS
    | VERIFY
    | SEALS
    | BOOKS
    | {"backoffice_audittrail_changelist"}
    | {"backoffice_audittrail_entry"}
    | FORESEEN
    | {"billing_views_explained_changelist", "billing_categoryprice_timeline"},
    None: set(),
}


@pytest.fixture(autouse=True)
def bare_refusals(monkeypatch):
    """Send no page with what is refused, a tenth of the time: test_error_pages.py reads it."""

    def refuse(request, *, status, **words):
        return HttpResponse(status=status)

    monkeypatch.setattr(error_pages, "refuse", refuse)


def sign_in(client, role):
    client.force_login(make_user(groups=[role] if role else []))


@pytest.mark.thorough
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


@pytest.mark.thorough
@pytest.mark.any_database
@pytest.mark.parametrize("role", ALLOWED)
def test_post_to_a_closed_door_is_refused_and_changes_nothing(role, doors, client):
    sign_in(client, role)
    before = snapshot()
    closed = doors.keys() - ALLOWED[role] - STAFF
    answers = {door: client.post(doors[door], {"post": "yes"}).status_code for door in closed}
    assert {door: status for door, status in answers.items() if status not in (403, 404)} == {}
    assert snapshot() == before


@pytest.mark.thorough
def test_looking_at_every_page_changes_nothing_even_for_a_superuser(doors, client):
    client.force_login(make_user(is_superuser=True))
    before = snapshot()
    for url in doors.values():
        assert client.get(url).status_code in (200, 403, 404)
    assert snapshot() == before


@pytest.mark.thorough
@pytest.mark.any_database
def test_reading_posts_nothing_back_even_for_a_superuser(doors, client):
    client.force_login(make_user(is_superuser=True))
    before = snapshot()
    written_by_code = [
        *COUNTS, "billing_blogview", "billing_accesslogimport", "billing_retiredviewtotal",
        "billing_finding", "billing_payoutbatch", "billing_payment", "billing_paymentexport",
        "billing_handpayment", "billing_hold", "billing_payee", "billing_seal", "backoffice_jobrun",
        "backoffice_mail",
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


@pytest.mark.thorough
@pytest.mark.any_database
def test_stranger_reaches_the_entrances_alone(client):
    for name, url in account_pages().items():
        for response in (client.get(url), client.post(url)):
            is_sent_away = response.status_code == 302
            leads_to = response.url.split("?")[0] if is_sent_away else ""
            to_sign_in = leads_to in (reverse("admin:login"), reverse("account_login"))
            assert to_sign_in is (name not in OPEN), name


@pytest.mark.thorough
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


@pytest.mark.thorough
@pytest.mark.any_database
def test_stranger_is_asked_to_sign_in_at_every_door(doors, client):
    for url in doors.values():
        response = client.get(url)
        assert (response.status_code, response.url.split("?")[0]) == (302, reverse("admin:login"))


@pytest.mark.thorough
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
