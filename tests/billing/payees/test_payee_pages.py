"""The pages of payees: each person sees what is theirs, and nobody an account by looking."""

import datetime as dt

import pytest
from django.urls import reverse

from backoffice.accounts.models import AccountSession
from billing.models import Payee, PayeeDetails, PayeeLook
from billing.payees.keys import make_keys
from billing.payees.reading import name_waiting
from tests.factories import IBANS, describe_payee, make_blog, make_groups, make_payee, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

AT = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
OWN = "/admin/payment-details/"
HIDDEN = (IBANS[0], IBANS[0][-10:], "DE89 3704", "COBADEFF", "DE136695976")


@pytest.fixture(autouse=True)
def roles():
    make_groups("10_groups.json", "30_billing_groups.json")


def sign_in(client, role, **values):
    user = make_user(groups=[role], **values)
    client.force_login(user)
    return user


def page(name, payee):
    return reverse(f"admin:billing_payee_{name}", args=[payee.pk])


def give(user, codename):
    from django.contrib.auth.models import Permission

    permission = Permission.objects.get(codename=codename)
    user.user_permissions.through.objects.create(user=user, permission=permission)


def test_author_enters_own_details_and_sees_the_last_digits(client):
    author = sign_in(client, "Authors")
    response = client.post(OWN, describe_payee(kind="person"), follow=True)
    assert "Finance has to confirm them" in response.text
    assert "IBAN ending in 3000" in response.text
    assert not [text for text in HIDDEN if text in response.text]
    details = PayeeDetails.objects.get()
    assert details.payee.authors.get().author == author
    assert details.entered_by == author


def test_wrong_field_keeps_what_was_typed_and_enters_nothing(client):
    sign_in(client, "Authors")
    response = client.post(
        OWN, describe_payee(kind="person", iban="DE89370400440532013001", town="")
    )
    assert "check digits" in response.text
    assert "Enter the town" in response.text
    assert 'value="Musterweg"' in response.text
    assert not Payee.objects.exists()


def test_author_takes_a_change_back(client):
    author = sign_in(client, "Authors")
    payee = make_payee(author, at=AT)
    client.post(OWN, describe_payee(iban=IBANS[1]))
    assert payee.versions.unconfirmed().count() == 1
    client.post(OWN, {"step": "withdraw"})
    assert payee.versions.unconfirmed().count() == 0
    assert payee.versions.confirmed().count() == 1


@pytest.mark.thorough
def test_own_page_leads_to_nobody_elses_details(client):
    other = make_payee(make_user(), at=AT, legal_name="Somebody Else")
    sign_in(client, "Authors")
    assert "Somebody Else" not in client.get(OWN).text
    client.post(OWN, describe_payee(kind="person", payee=other.pk, object_id=other.pk))
    assert other.versions.count() == 1


def test_author_of_an_agent_sees_none_of_its_details_and_changes_none(client):
    author = sign_in(client, "Authors")
    agent = make_payee(author, make_user(), at=AT, legal_name="Agent Ltd", iban=IBANS[1])
    text = client.get(OWN).text
    assert "Agent Ltd" in text
    assert "4300" not in text
    client.post(OWN, describe_payee())
    client.post(OWN, {"step": "withdraw"})
    assert agent.versions.count() == 1


@pytest.mark.parametrize("role", ["Editors", "Finance", "Approvers", "Auditors"])
def test_own_page_is_for_authors(client, role):
    sign_in(client, role)
    assert client.get(OWN).status_code == 403


@pytest.mark.thorough
@pytest.mark.parametrize("role", ["Authors", "Editors"])
def test_authors_and_editors_see_no_payee_in_the_admin(client, role):
    payee = make_payee(make_user(), at=AT)
    sign_in(client, role)
    names = ["change", "history", "details", "full", "confirm", "withdraw", "link"]
    urls = [page(name, payee) for name in names]
    urls += [reverse("admin:billing_payee_changelist"), reverse("admin:billing_payee_enter")]
    for url in urls:
        for response in (client.get(url), client.post(url, describe_payee())):
            assert response.status_code in (403, 404), url


@pytest.mark.thorough
@pytest.mark.parametrize("role", ["Finance", "Approvers", "Auditors"])
def test_every_page_hides_all_but_the_last_digits(client, role):
    payee = make_payee(make_user(), at=AT)
    sign_in(client, role)
    urls = [page("change", payee), page("history", payee)]
    urls.append(reverse("admin:billing_payee_changelist"))
    if role == "Auditors":
        urls.append(reverse("admin:backoffice_audittrail_changelist"))
    texts = [client.get(url).text for url in urls]
    assert "IBAN ending in 3000" in texts[0]
    assert not [text for text in HIDDEN if any(text in shown for shown in texts)]


def test_second_person_of_finance_confirms(client):
    payee = make_payee(make_user(), at=AT, is_confirmed=False)
    sign_in(client, "Finance")
    assert "IBAN ending in 3000" in client.get(page("confirm", payee)).text
    data = {"_form_submitted": "True", "reason": "Called them", "seen": name_waiting(payee)}
    response = client.post(page("confirm", payee), data)
    assert "HX-Redirect" in response
    assert payee.versions.get().confirmation == "Called them"


def test_finance_enters_a_payee_that_somebody_else_confirms(client):
    author = make_blog().author
    finance = sign_in(client, "Finance")
    data = describe_payee(kind="agent", author=author.pk)
    response = client.post(reverse("admin:billing_payee_enter"), data)
    payee = Payee.objects.get()
    assert response.url == page("change", payee)
    confirm = {"_form_submitted": "True", "reason": "Called", "seen": name_waiting(payee)}
    assert "second person" in client.post(page("confirm", payee), confirm).text
    assert payee.versions.get().entered_by == finance
    assert payee.versions.get().confirmed_at is None


@pytest.mark.thorough
def test_full_details_need_their_own_right_a_reason_and_a_post(client):
    payee = make_payee(make_user(), at=AT)
    finance = sign_in(client, "Finance")
    assert client.get(page("full", payee)).status_code == 403
    assert client.post(page("full", payee), {"reason": "Let me see"}).status_code == 403
    give(finance, "show_bank_details")
    client.force_login(type(finance).objects.get(pk=finance.pk))
    assert IBANS[0] not in client.get(page("full", payee)).text
    assert IBANS[0] not in client.post(page("full", payee), {"reason": " "}).text
    assert not PayeeLook.objects.exists()
    response = client.post(page("full", payee), {"reason": "Reading it back"})
    assert IBANS[0] in response.text
    assert "no-store" in response["Cache-Control"]
    look = PayeeLook.objects.get()
    assert (look.by, look.reason) == (finance, "Reading it back")
    sign_in(client, "Auditors")
    trail = client.get(reverse("admin:backoffice_audittrail_changelist")).text
    assert "Reading it back" in trail
    assert "shown in full" in trail
    assert IBANS[0] not in trail


def test_seeing_details_in_full_asks_who_one_is(client, settings):
    settings.REAUTHENTICATE_MINUTES = 15
    settings.ACCOUNT_REAUTHENTICATION_TIMEOUT = 1
    payee = make_payee(make_user(), at=AT)
    user = make_user(is_superuser=True)
    client.force_login(user)
    response = client.post(page("full", payee), {"reason": "Reading it back"})
    assert IBANS[0] not in response.text
    assert not PayeeLook.objects.exists()
    data = {"reason": "Reading it back", "confirm_password": "secret"}
    assert IBANS[0] in client.post(page("full", payee), data).text


def test_session_keeps_nothing_of_what_was_typed(client, settings):
    settings.ACCOUNT_REAUTHENTICATION_TIMEOUT = 1
    sign_in(client, "Authors")
    client.post(OWN, describe_payee(kind="person"))
    session = client.session
    assert not [text for text in HIDDEN if text in repr(dict(session.items()))]
    assert AccountSession.objects.exists()


@pytest.mark.thorough
def test_pages_go_on_without_the_key(client, settings):
    author = make_user(groups=["Authors"])
    payee = make_payee(author, at=AT)
    settings.PAYEE_KEYS = make_keys()
    client.force_login(make_user(groups=["Finance"]))
    text = client.get(page("change", payee)).text
    assert "cannot be read: key 11 is missing" in text
    assert "IBAN ending in 3000" in text
    client.force_login(author)
    assert "cannot be read: key 11 is missing" in client.get(OWN).text
    settings.PAYEE_KEYS = ""
    assert "Tell an administrator" in client.get(OWN).text
    response = client.post(OWN, describe_payee(iban=IBANS[1]))
    assert "There is no key" in response.text
    assert payee.versions.count() == 1


@pytest.mark.thorough
def test_list_takes_the_same_queries_for_any_number(client, django_assert_max_num_queries):
    make_payee(make_user(), make_user(), at=AT)
    sign_in(client, "Finance")
    url = reverse("admin:billing_payee_changelist")
    client.get(url)
    with django_assert_max_num_queries(14):
        client.get(url)
    for _ in range(5):
        make_payee(make_user(), make_user(), at=AT)
    with django_assert_max_num_queries(14):
        assert "agent" in client.get(url).text.lower()


@pytest.mark.thorough
@pytest.mark.parametrize("term", ["Payee", "nobody", "\0", "'"])
def test_search_and_filters_answer(client, term):
    make_payee(make_user(), at=AT)
    sign_in(client, "Finance")
    url = reverse("admin:billing_payee_changelist")
    for query in ({"q": term}, {"state": "unconfirmed"}, {"state": "in_force"}, {"state": term}):
        assert client.get(url, query, follow=True).status_code == 200
