"""An author whom an import brought is paid once a person has confirmed who it is."""

import datetime as dt

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError

from billing.payouts import steps
from billing.payouts.holds import pay_out_payment
from tests.billing.batches import AT, make_batch
from tests.billing.tampering import without_guards
from tests.factories import make_user
from weblog.importing.authors import confirm_author
from weblog.models import ImportedAuthor

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]

WAITING = "The author came in by an import, and nobody has confirmed yet who it is."


@pytest.fixture
def batch():
    """A draft whose author came in by an import; she is active, and has earned 11.00."""
    batch = make_batch()
    author = batch.payments.get().author
    ImportedAuthor.objects.create(
        account=author, name="Ann Other", file_name="site.xml", imported_at=AT
    )
    steps.rebuild_batch(batch=batch, by=make_user(), at=AT)
    return batch


def confirm(batch):
    imported = ImportedAuthor.objects.get()
    confirm_author(author=imported, by=make_user(), confirmation="She wrote to me.", at=AT)
    steps.rebuild_batch(batch=batch, by=make_user(), at=AT + dt.timedelta(minutes=1))


def test_payment_waits_until_somebody_has_confirmed_the_author(batch):
    payment = batch.payments.get()
    assert (payment.status, payment.status_reason, payment.amount) == ("held", WAITING, 0)
    confirm(batch)
    payment = batch.payments.get()
    assert (payment.status, payment.status_reason) == ("payable", "")
    assert payment.amount == payment.exact_amount


def test_payment_in_full_does_not_go_round_it(batch):
    payment = batch.payments.get()
    pay_out_payment(payment=payment, by=make_user(), reason="Asked for", at=AT)
    payment.refresh_from_db()
    assert (payment.status, payment.status_reason) == ("held", WAITING)


def refuses(sql):
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    except DatabaseError:
        return True
    return False


def test_database_refuses_to_pay_and_to_confirm_behind_the_application(batch):
    payable = (
        "UPDATE billing_payment SET status = 'payable', amount = carried_amount, carried_amount = 0"
    )
    assert refuses(payable)
    assert refuses("DELETE FROM weblog_importedauthor")
    with without_guards():
        assert not refuses(payable)


def test_confirmation_is_not_taken_back_or_moved(batch):
    confirm(batch)
    assert refuses("UPDATE weblog_importedauthor SET confirmed_at = NULL")
    assert refuses("UPDATE weblog_importedauthor SET name = 'Somebody else'")
    make_user()
    assert refuses("UPDATE weblog_importedauthor SET account_id = account_id + 1")
