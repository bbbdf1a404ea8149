"""Changes of signed rows by somebody with the rights of the database's owner."""

import contextlib

from django.db import connection, transaction

from billing.guards import install_guards, remove_guards


@contextlib.contextmanager
def without_guards():
    """Let a test write rows that the guards would refuse."""
    connection.check_constraints()  # PostgreSQL drops no trigger while a foreign key is unchecked
    remove_guards(connection)
    yield
    connection.check_constraints()
    install_guards(connection)


def clear(*models):
    """Delete all rows, views before the seals that they name."""
    with without_guards():
        for model in models:
            model._default_manager.all().delete()


def change(rows, **values):
    """Update the rows of a queryset, guarded or not."""
    with without_guards():
        return rows.update(**values)


@contextlib.contextmanager
def undone():
    """Roll the block's writes back, as if it were another test."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
