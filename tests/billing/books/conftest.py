from decimal import Decimal

import pytest
from django.db import transaction
from django.test import override_settings

from billing.models import PayoutBatch
from tests.billing.books.worked import keep_books


@pytest.fixture(scope="module")
def books_for_all(django_db_setup, django_db_blocker):
    """The worked books, made once for a file whose every test asks for `books`."""
    with django_db_blocker.unblock(), transaction.atomic():
        with override_settings(MINIMUM_PAYOUT=Decimal(10)):
            yield keep_books()
        transaction.set_rollback(True)


@pytest.fixture
def books(books_for_all, db):
    """The authors by name, and the batches of September and October. A test takes back its own."""
    authors, *batches = books_for_all
    return authors, *(PayoutBatch.objects.get(pk=batch.pk) for batch in batches)
