import datetime as dt

import pytest
from django.urls import reverse

from billing.counting.folding import fold_views
from billing.findings.decisions import exclude_views, find_findings
from billing.models import BlogView, Finding, PayoutBatch
from billing.payouts.steps import build_batch, submit_batch
from tests.billing.pages import count_queries, url_of
from tests.factories import make_blog, make_category, make_click, make_price, make_user
from tests.pages import shown

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.any_database,
    pytest.mark.slow,
    pytest.mark.usefixtures("lock_order"),
]

AT = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
OCTOBER = dt.date(2026, 10, 1)
FINDINGS = "/admin/billing/finding/"
Status = Finding.Status


@pytest.fixture
def blog():
    category = make_category("Tech")
    make_price(category, "10")
    return make_blog(category=category, title="Slow swimmer")


@pytest.fixture
def finding(blog):
    return make_finding(blog)


def make_finding(blog):
    """One reader who opened the blog 40 times."""
    for n in range(40):
        make_click(blog, n * 40)
    fold_views(at=AT)
    find_findings(month=OCTOBER, at=AT)
    return Finding.objects.get(blog=blog)


def press(client, finding, button, reason="A script."):
    data = {"reason": reason, "_form_submitted": "True"}
    return client.post(f"{FINDINGS}{finding.pk}/{button}/", data)


def buttons(client, finding):
    page = client.get(f"{FINDINGS}{finding.pk}/change/").text
    return {button for button in ("accept", "exclude_views", "reopen") if f"/{button}" in page}


def test_list_shows_the_sentence_and_is_filtered(client, sign_in, finding):
    sign_in("Auditors")
    page = client.get(FINDINGS).text
    assert "One reader opened this blog 40 times on 15 Oct 2026" in page
    assert "One reader" in client.get(f"{FINDINGS}?month=2026-10&status__exact=open").text
    assert "One reader" not in client.get(f"{FINDINGS}?status__exact=excluded").text
    assert "One reader" not in client.get(f"{FINDINGS}?month=2026-09").text


def test_empty_list_says_what_is_looked_for(client, sign_in):
    sign_in("Finance")
    assert "Nothing stands out. Every night" in client.get(FINDINGS).text


@pytest.mark.thorough
def test_page_shows_figures_and_leads_to_the_rows(client, sign_in, finding, blog):
    make_click(blog, user_agent="Somebody else")
    sign_in("Finance")
    page = client.get(f"{FINDINGS}{finding.pk}/change/")
    assert "Clicks, counted or not" in page.text
    rows = f"{reverse('admin:billing_blogview_changelist')}?of_finding={finding.pk}"
    assert rows in page.text
    assert client.get(rows).context["cl"].queryset.count() == 40


@pytest.mark.parametrize("value", ["0", "x", "99999"])
def test_rows_of_no_finding_are_none(client, sign_in, finding, value):
    sign_in("Finance")
    url = reverse("admin:billing_blogview_changelist")
    assert client.get(f"{url}?of_finding={value}").context["cl"].queryset.count() == 0


@pytest.mark.thorough
def test_buttons_are_those_that_fit(client, sign_in, finding, blog):
    sign_in("Finance")
    assert buttons(client, finding) == {"accept", "exclude_views"}
    press(client, finding, "accept")
    assert buttons(client, finding) == {"reopen"}
    spike = Finding.objects.create(
        kind="spike", month=OCTOBER, blog=blog, author=blog.author, views=9,
        numbers={"before": 3}, found_at=AT, fingerprint="spike",
    )  # fmt: skip
    assert buttons(client, spike) == {"accept"}
    assert "can only be accepted" in shown(press(client, spike, "exclude_views"))[-1]
    spike.refresh_from_db()
    assert spike.status == Status.OPEN


def test_auditor_reads_and_has_no_button(client, sign_in, finding):
    sign_in("Auditors")
    assert buttons(client, finding) == set()
    assert press(client, finding, "accept").status_code == 403
    finding.refresh_from_db()
    assert finding.status == Status.OPEN


@pytest.mark.thorough
def test_views_are_excluded_by_a_button_with_a_reason(client, sign_in, finding):
    clerk = sign_in("Finance")
    build_batch(month=OCTOBER, at=AT)
    response = press(client, finding, "exclude_views")
    assert shown(response) == [
        "40 views are excluded. Rebuild the batch of October 2026 before you submit it."
    ]
    batch = PayoutBatch.objects.get()
    assert "Rebuild the batch, which is out of date" in client.get(url_of(batch)).text
    finding.refresh_from_db()
    assert (finding.status, finding.reason, finding.decided_by) == (
        Status.EXCLUDED,
        "A script.",
        clerk,
    )
    page = client.get(f"{FINDINGS}{finding.pk}/change/").text
    assert "Excluded views" in page
    assert "A script." in page
    history = client.get(f"{FINDINGS}{finding.pk}/history/").text
    assert "Excluded: A script." in history
    response = press(client, finding, "reopen", "A school.")
    assert shown(response)[-1].startswith("The finding is open again. Rebuild the batch")
    assert not BlogView.objects.filter(outcome="excluded").exists()


@pytest.mark.thorough
def test_exclusion_after_signing_says_that_it_comes_off_later(client, sign_in, finding):
    batch, _ = build_batch(month=OCTOBER, at=AT)
    submit_batch(batch=batch, by=make_user(), at=AT)
    sign_in("Finance")
    assert shown(press(client, finding, "exclude_views")) == [
        "40 views are excluded. The batch of October 2026 is signed already, so the next batch "
        "takes them off."
    ]
    assert "was signed without these views" in shown(press(client, finding, "reopen"))[-1]


@pytest.mark.parametrize("button", ["accept", "exclude_views", "reopen"])
def test_dialog_shows_the_finding_and_asks_why(client, sign_in, finding, button):
    sign_in("Finance")
    url = f"{FINDINGS}{finding.pk}/{button}/"
    assert "One reader opened this blog 40 times" in client.get(url).text
    assert "Say why" in client.post(url, {"reason": "", "_form_submitted": "True"}).text
    assert client.get(f"{FINDINGS}0/{button}/").status_code == 404
    finding.refresh_from_db()
    assert finding.status == Status.OPEN


@pytest.mark.thorough
def test_statement_shows_the_open_findings_first(client, sign_in, finding, blog):
    other = make_finding(make_blog(category=blog.category, title="Night train"))
    exclude_views(finding=finding, by=make_user(), reason="A script.", at=AT)
    batch, _ = build_batch(month=OCTOBER, at=AT)
    sign_in("Finance")
    response = client.get(url_of(batch))
    assert response.context["statement"].findings == [other, finding]
    assert "Decide about 1 open finding, check the payments" in response.text
    assert "Excluded: A script." in response.text
    assert f"{FINDINGS}{other.pk}/change/" in response.text


@pytest.mark.thorough
def test_statement_without_findings_says_so(client, sign_in, blog):
    make_click(blog)
    make_click(blog, 60, user_agent="Another")
    batch, _ = build_batch(month=OCTOBER, at=AT)
    sign_in("Approvers")
    assert "Nothing stands out in the views of October 2026." in client.get(url_of(batch)).text


@pytest.mark.thorough
def test_author_reads_why_own_views_were_excluded(client, sign_in, finding, blog, time_machine):
    time_machine.move_to(AT)
    other = make_finding(make_blog(category=blog.category, title="Night train"))
    exclude_views(finding=finding, by=make_user(), reason="A script of 2026.", at=AT)
    exclude_views(finding=other, by=make_user(), reason="Not for you.", at=AT)
    author = sign_in("Authors")
    Finding.objects.filter(pk=finding.pk).update(author=author)
    page = client.get("/admin/").text
    assert "Views of yours that were excluded" in page
    assert "A script of 2026." in page
    assert "Not for you." not in page


@pytest.mark.thorough
def test_queries_do_not_grow_with_findings(client, sign_in, finding, blog):
    sign_in("Finance")
    batch, _ = build_batch(month=OCTOBER, at=AT)
    client.get(url_of(batch))  # what a process reads once
    few = count_queries(client, FINDINGS), count_queries(client, url_of(batch))
    for n in range(10):
        Finding.objects.create(
            kind="spike", month=OCTOBER, blog=make_blog(category=blog.category),
            author=make_user(), views=n, numbers={"before": 3}, found_at=AT, fingerprint=str(n),
        )  # fmt: skip
    assert (count_queries(client, FINDINGS), count_queries(client, url_of(batch))) == few
