"""Accounts of imports from before weblog 0007 are held once somebody asks, where it is proved."""

import datetime as dt
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone

from backoffice.signing import save_signed
from billing.locks import Lock
from billing.payees import earlier_imports
from billing.payees.earlier_imports import hold_earlier_imports
from billing.payouts import steps
from billing.payouts.holds import pay_out_payment
from billing.verification.decisions import Holds
from tests.billing.batches import AT, OCTOBER
from tests.factories import make_blog, make_category, make_count, make_price, make_user
from tests.weblog.posts import make_item, make_wxr
from weblog.importing import imports
from weblog.importing.authors import confirm_author
from weblog.importing.formats import open_source
from weblog.models import Blog, ImportedAuthor

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]


@pytest.fixture
def emma(groups):
    return make_user("emma", groups=["Editors"])


@pytest.fixture
def rosa(tmp_path, monkeypatch):
    """An account as imports made it before: nobody is asked whose it is."""
    make = imports._Import._make_account
    monkeypatch.setattr(
        imports._Import,
        "_make_account",
        lambda self, key, choice: self._sign(imports.build_account(choice)),
    )
    path = tmp_path / "site.xml"
    path.write_bytes(make_wxr(make_item()))
    with path.open("rb") as file:
        imports.import_posts(source=open_source(file, "site.xml"))
    monkeypatch.setattr(imports._Import, "_make_account", make)
    return User.objects.get(username="rosa")


def call(*args):
    out, errors = StringIO(), StringIO()
    call_command("hold_imported_authors", *args, stdout=out, stderr=errors)
    return out.getvalue().strip(), errors.getvalue()


def test_account_of_an_earlier_import_is_shown_and_then_held_once(rosa, emma):
    assert call() == ("To hold, with --by USERNAME: 1 account(s): rosa", "")
    assert not ImportedAuthor.objects.exists()
    assert call("--by", "emma") == ("Held: 1 account(s): rosa", "")
    author = ImportedAuthor.objects.get()
    assert (author.name, author.file_name, author.confirmed_at) == ("Rosa Diaz", "site.xml", None)
    assert author.imported_at == rosa.history.get().history_date
    record = author.history.get()
    assert (record.history_user, record.history_change_reason) == (
        emma,
        "Made by an import before such accounts were held",
    )
    assert call("--by", "emma") == ("Held: 0 account(s): none", "")
    confirm_author(author=author, by=emma, confirmation="She wrote to me.")
    assert call() == ("To hold, with --by USERNAME: 0 account(s): none", "")


def complete(rosa):
    rosa.is_active = True
    save_signed(rosa, by=None, reason=None)
    rosa.is_active = False
    save_signed(rosa, by=None, reason=None)


@pytest.mark.parametrize(
    "change",
    [
        complete,
        lambda rosa: User.objects.filter(pk=rosa.pk).update(last_login=AT),
        lambda rosa: (
            Blog.objects.update(imported_from=None) and Blog.history.update(imported_from=None)
        ),
        lambda rosa: Blog.history.update(history_change_reason="Imported from another.xml"),
        lambda rosa: Blog.history.update(author=make_user()),
        lambda rosa: rosa.history.update(history_change_reason=None),
    ],
    ids=["was active", "signed in", "wrote here", "another file", "of others", "no reason"],
)
def test_what_is_not_proved_stays_as_it_is(rosa, emma, change):
    change(rosa)
    assert call("--by", "emma")[0] == "Held: 0 account(s): none"
    assert not ImportedAuthor.objects.exists()


def test_only_who_confirms_authors_holds_them(rosa, groups):
    make_user("finn", groups=["Finance"])
    for name, reason in (("finn", "may not confirm"), ("nobody", "There is no active account")):
        with pytest.raises(CommandError, match=reason):
            call("--by", name)
    assert not ImportedAuthor.objects.exists()


def make_paid_in_full(rosa):
    """A draft that pays rosa in full, by a blog of hers."""
    blog = make_blog(author=rosa, category=make_category())
    make_price(blog.category, "10")
    make_count(blog, 1000)
    batch, _ = steps.build_batch(month=OCTOBER, at=AT)
    payment = batch.payments.get()
    assert payment.status == "held"
    pay_out_payment(payment=payment, by=make_user(), reason="She leaves.", at=AT)
    return batch


def test_payment_in_full_no_longer_reaches_it(rosa, emma):
    batch = make_paid_in_full(rosa)
    assert batch.payments.get().status == "payable"
    hold_earlier_imports(by=emma)
    steps.rebuild_batch(batch=batch, by=make_user(), at=AT + dt.timedelta(minutes=1))
    payment = batch.payments.get()
    assert (payment.status, payment.amount) == ("held", 0)
    assert payment.status_reason.startswith("The author came in by an import")


def test_signed_payment_goes_its_way_first_and_stays_proved(rosa, emma):
    batch = make_paid_in_full(rosa)
    steps.submit_batch(batch=batch, by=make_user(), at=AT)
    said, errors = call("--by", "emma")
    assert said == "Held: 0 account(s): none"
    assert errors.startswith("rosa: left as it is, because a payment is on its way.")
    assert not ImportedAuthor.objects.exists()


def test_batch_that_is_submitted_at_that_moment_goes_its_way_first(rosa, emma, monkeypatch):
    """The database takes no result for an author who is held: the money would hang."""
    batch = make_paid_in_full(rosa)

    def wait(*locks):
        assert locks == (Lock.PAYOUTS,)
        steps.submit_batch(batch=batch, by=make_user(), at=AT)

    monkeypatch.setattr(earlier_imports, "hold_lock", wait, raising=False)
    assert hold_earlier_imports(by=emma).on_their_way == ["rosa"]
    assert not ImportedAuthor.objects.exists()


def test_verification_asks_of_a_batch_what_was_known_when_it_was_submitted(rosa, emma):
    batch = make_paid_in_full(rosa)
    before = timezone.now()
    hold_earlier_imports(by=emma)
    assert Holds(batch, before).unconfirmed == set()
    assert Holds(batch, timezone.now()).unconfirmed == {rosa.pk}
