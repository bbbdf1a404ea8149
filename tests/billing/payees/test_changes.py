"""Details change by two people, after a wait, and are never changed in place."""

import datetime as dt

import pytest
import time_machine
from django.core import mail
from django.db import DatabaseError, transaction

from billing.errors import (
    DetailsUnreadable,
    FourEyesViolation,
    InvalidDetails,
    NothingWaits,
    NotTheirs,
    OwnMoney,
    ReasonRequired,
)
from billing.models import Payee, PayeeAuthor, PayeeDetails, PayeeLook, PayeeSecret
from billing.payees.changes import (
    confirm_payee,
    enter_own_details,
    link_author,
    show_details,
    withdraw_changes,
)
from billing.payees.reading import (
    find_current,
    find_own_payee,
    list_versions,
    name_now,
    name_waiting,
)
from tests.factories import IBANS, describe_payee, make_blog, make_payee, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

AT = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


def enter_own(author, at=AT, **values):
    return enter_own_details(author=author, kind="person", data=describe_payee(**values), at=at)


def confirm(payee, at=AT, by=None, note="Called them on the number in the contract"):
    return confirm_payee(
        payee=payee, by=by or make_user(), note=note, seen=name_waiting(payee), at=at
    )


def test_details_are_in_force_72_hours_after_a_second_person_confirmed_them():
    details = enter_own(make_user())
    assert find_current(details.payee, at=AT + 1000 * HOUR) is None
    confirm(details.payee)
    assert find_current(details.payee, at=AT + 71 * HOUR) is None
    assert find_current(details.payee, at=AT + 72 * HOUR) == details
    assert PayeeAuthor.objects.in_force(AT + 71 * HOUR).count() == 0
    assert PayeeAuthor.objects.in_force(AT + 72 * HOUR).get().payee == details.payee


def test_old_details_stay_in_force_until_new_ones_are(settings):
    author = make_user()
    payee = make_payee(author, at=AT)
    old = find_current(payee, at=AT)
    new = enter_own(author, iban=IBANS[1])
    assert (old.number, new.number) == (1, 2)
    confirm(payee)
    assert find_current(payee, at=AT + 71 * HOUR) == old
    assert find_current(payee, at=AT + 72 * HOUR) == new
    settings.PAYEE_WAIT_HOURS = 0
    newest = enter_own(author, iban=IBANS[2], at=AT + HOUR)
    confirm(payee, at=AT + 2 * HOUR)
    assert find_current(payee, at=AT + 2 * HOUR) == newest
    assert find_current(payee, at=AT + 100 * HOUR) == newest  # not the one that waited longer


def test_who_entered_does_not_confirm():
    finance, author = make_user(), make_user()
    payee = make_payee(author, at=AT, by=finance, is_confirmed=False)
    with pytest.raises(FourEyesViolation, match="second person"):
        confirm(payee, by=finance)
    assert PayeeDetails.objects.get().confirmed_at is None


def test_nobody_confirms_where_their_own_money_goes():
    author, other, agent = make_user(), make_user(), make_user(email="agent@example.com")
    blog = make_blog(author=author)
    blog.co_authors.add(other)
    payee = make_payee(
        author, kind="agent", at=AT, by=make_user(), is_confirmed=False, email="agent@example.com"
    )
    for person in (author, other, agent):
        with pytest.raises(OwnMoney):
            confirm(payee, by=person)


def test_what_is_confirmed_is_what_was_looked_at():
    author = make_user()
    payee = enter_own(author).payee
    seen = name_waiting(payee)
    enter_own(author, iban=IBANS[1])
    with pytest.raises(NothingWaits, match="look again"):
        confirm_payee(payee=payee, by=make_user(), note="Called", seen=seen, at=AT)
    confirm(payee)
    with pytest.raises(NothingWaits, match="somebody else"):
        confirm(payee)


@pytest.mark.parametrize("note", ["", "   "])
def test_confirming_says_how_it_was_checked(note):
    with pytest.raises(ReasonRequired):
        confirm(enter_own(make_user()).payee, note=note)


def test_later_entry_replaces_the_one_that_waits():
    author = make_user()
    first, second = enter_own(author), enter_own(author, iban=IBANS[1])
    first.refresh_from_db()
    assert first.withdrawal == "Replaced by a later entry"
    assert second.payee.versions.unconfirmed().get() == second


def test_double_click_enters_once_and_tells_once(django_capture_on_commit_callbacks):
    author = make_user(email="ada@example.com")
    with django_capture_on_commit_callbacks(execute=True):
        first = enter_own(author)
        assert enter_own(author, at=AT + dt.timedelta(seconds=1)) == first
    assert PayeeDetails.objects.count() == 1
    assert [letter.to for letter in mail.outbox] == [["ada@example.com"]]
    later = enter_own(author, at=AT + dt.timedelta(minutes=1))
    assert later.number == 2


def test_change_is_taken_back_until_it_is_in_force():
    author = make_user()
    payee = make_payee(author, at=AT)
    old = find_current(payee, at=AT)
    enter_own(author, iban=IBANS[1])
    confirm(payee)
    with pytest.raises(ReasonRequired, match="Say why"):
        withdraw_changes(payee=payee, by=author, reason=" . ", at=AT + 71 * HOUR)
    withdraw_changes(payee=payee, by=author, reason="That was not me", at=AT + 71 * HOUR)
    assert find_current(payee, at=AT + 200 * HOUR) == old
    with pytest.raises(NothingWaits):
        withdraw_changes(payee=payee, by=author, reason="Again", at=AT + 71 * HOUR)
    with pytest.raises(NothingWaits, match="in force"):
        withdraw_changes(payee=make_payee(make_user(), at=AT), by=author, reason="Not mine", at=AT)


def test_author_changes_no_details_of_an_agent():
    author, other = make_user(), make_user()
    make_payee(author, other, at=AT, by=make_user())
    with pytest.raises(NotTheirs):
        enter_own(author)
    with pytest.raises(InvalidDetails) as refusal:
        enter_own_details(author=make_user(), kind="agent", data=describe_payee(), at=AT)
    assert list(refusal.value.fields) == ["kind"]


def test_agent_is_paid_for_one_more_author_after_a_second_person_confirmed():
    author, finance = make_user(), make_user()
    own = make_payee(author, at=AT)
    agent = make_payee(make_user(), kind="agent", at=AT, by=finance)
    link_author(payee=agent, author=author, by=finance, at=AT)
    with pytest.raises(FourEyesViolation):
        confirm(agent, by=finance)
    confirm(agent)
    in_force = PayeeAuthor.objects.filter(author=author)
    assert in_force.in_force(AT + 71 * HOUR).get().payee == own
    assert in_force.in_force(AT + 72 * HOUR).get().payee == agent
    with pytest.raises(InvalidDetails):
        link_author(payee=own, author=make_user(), by=finance, at=AT)


def test_change_is_told_to_the_old_address_the_new_one_and_the_author(
    django_capture_on_commit_callbacks,
):
    author = make_user(email="author@example.com")
    payee = make_payee(author, at=AT, email="old@example.com")
    mail.outbox.clear()
    with django_capture_on_commit_callbacks(execute=True):
        enter_own(author, email="new@example.com", iban=IBANS[1])
    told = ["author@example.com", "new@example.com", "old@example.com"]
    assert [message.to for message in mail.outbox if message.to] == [[who] for who in told]
    with django_capture_on_commit_callbacks(execute=True):
        confirm(payee)
    assert [message.to for message in mail.outbox if message.to] == [[who] for who in told * 2]
    for message in mail.outbox:
        assert not any(iban in message.body for iban in IBANS)
        assert "4300" in message.body


def test_change_that_is_taken_back_is_told(django_capture_on_commit_callbacks):
    author = make_user(email="author@example.com")
    payee = make_payee(author, at=AT, email="old@example.com")
    enter_own(author, email="old@example.com", iban=IBANS[1])
    mail.outbox.clear()
    with django_capture_on_commit_callbacks(execute=True):
        withdraw_changes(payee=payee, by=author, reason="That was not me", at=AT)
    assert sorted(address for letter in mail.outbox for address in letter.to) == [
        "author@example.com",
        "old@example.com",
    ]
    assert all("was taken back" in letter.subject for letter in mail.outbox)


def test_author_given_to_an_agent_is_told_where_the_money_went_before(
    django_capture_on_commit_callbacks,
):
    author = make_user()
    make_payee(author, at=AT, email="own@example.com")
    agent = make_payee(make_user(), kind="agent", at=AT, email="agent@example.com")
    mail.outbox.clear()
    with django_capture_on_commit_callbacks(execute=True):
        link_author(payee=agent, author=author, by=make_user(), at=AT)
    told = {address for message in mail.outbox for address in message.to}
    assert told == {"own@example.com", "agent@example.com"}


def test_full_details_are_shown_with_a_reason_that_is_kept():
    author, finance = make_user(), make_user()
    details = find_current(make_payee(author, at=AT), at=AT)
    with pytest.raises(ReasonRequired):
        show_details(details=details, by=finance, reason=" ", at=AT)
    opened = show_details(details=details, by=finance, reason="Reading it back", at=AT)
    assert opened.account["iban"] == IBANS[0]
    look = PayeeLook.objects.get()
    assert (look.by, look.at, look.reason) == (finance, AT, "Reading it back")
    assert look.history.get().history_user == finance


def test_what_can_not_be_shown_is_no_look(settings):
    details = find_current(make_payee(make_user(), at=AT), at=AT)
    settings.PAYEE_KEYS = ""
    with pytest.raises(DetailsUnreadable, match="no key"):
        show_details(details=details, by=make_user(), reason="Reading it back", at=AT)
    assert not PayeeLook.objects.exists()


def test_pages_say_which_part_is_hidden():
    payee = make_payee(make_user(), at=AT)
    (version,) = list_versions(payee, at=AT)
    assert version.address == "Musterweg 7b, 10117 Berlin, Germany"
    assert version.tax_id == "ending in 976"
    assert version.details.account == "IBAN ending in 3000"
    assert version.state == "begun"


FORBIDDEN = {
    "details edited": lambda payee: payee.versions.update(account_end="9999"),
    "force moved": lambda payee: payee.versions.update(in_force_from=AT - 500 * HOUR),
    "details unconfirmed": lambda payee: payee.versions.update(
        confirmed_at=None, confirmed_by=None, in_force_from=None
    ),
    "details taken back too late": lambda payee: payee.versions.update(
        withdrawn_at=AT + 500 * HOUR, withdrawn_by=make_user()
    ),
    "author moved": lambda payee: payee.authors.update(author=make_user()),
    "kind changed": lambda payee: Payee.objects.update(kind="agent"),
    "payee deleted": lambda payee: Payee.objects.all()._raw_delete("default"),
    "secret moved": lambda payee: PayeeSecret.objects.update(account="AAAA"),
    "second author": lambda payee: PayeeAuthor.objects.create(
        payee=payee, author=make_user(), entered_by=make_user(), entered_at=AT
    ),
    "entered as confirmed": lambda payee: PayeeDetails.objects.create(
        payee=payee, number=2, entered_by=make_user(), entered_at=AT, confirmed_by=make_user(),
        confirmed_at=AT, in_force_from=AT,
    ),
}  # fmt: skip


@pytest.mark.postgresql
@pytest.mark.parametrize("what", FORBIDDEN)
def test_database_refuses_to_change_details_in_place(what):
    payee = make_payee(make_user(), at=AT)
    with pytest.raises(DatabaseError), transaction.atomic():
        FORBIDDEN[what](payee)


@pytest.mark.postgresql
def test_database_refuses_a_confirmation_by_who_is_paid_or_entered_it():
    author, finance = make_user(), make_user()
    payee = make_payee(author, at=AT, by=finance, is_confirmed=False)
    for person in (author, finance):
        with pytest.raises(DatabaseError), transaction.atomic():
            payee.versions.update(confirmed_by=person, confirmed_at=AT, in_force_from=AT)


def test_new_name_counts_when_its_details_are_in_force_and_not_before():
    author = make_user()
    payee = make_payee(author, at=AT, legal_name="Ada Example")
    enter_own(author, legal_name="Ada Newname")
    confirm(payee)
    assert (Payee.objects.get().name, name_now(payee, at=AT + 71 * HOUR)) == ("Ada Example",) * 2
    assert name_now(payee, at=AT + 72 * HOUR) == "Ada Newname"
    assert find_own_payee(author, at=AT + 71 * HOUR).name == "Ada Example"
    assert find_own_payee(author, at=AT + 72 * HOUR).name == "Ada Newname"
    enter_own(author, at=AT + 73 * HOUR, legal_name="Ada Newname", iban=IBANS[1])
    assert Payee.objects.get().name == "Ada Newname"


def test_list_shows_what_is_in_force_not_what_was_entered(client):
    author = make_user()
    payee = make_payee(author, at=AT, legal_name="Ada Example", iban=IBANS[0])
    enter_own(author, legal_name="Ada Newname", iban=IBANS[1])
    root = make_user(is_superuser=True)
    ends = [version.account_end for version in payee.versions.order_by("number")]
    for moment, name, end, other in [
        (AT, "Ada Example", *ends),
        (AT + 73 * HOUR, "Ada Newname", *reversed(ends)),
    ]:
        if name == "Ada Newname":
            confirm(payee)
        with time_machine.travel(moment, tick=False):
            client.force_login(root)
            text = client.get("/admin/billing/payee/").text
        assert name in text
        assert end in text
        assert other not in text
