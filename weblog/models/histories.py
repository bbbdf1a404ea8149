"""A history in which one save is one version, with the people whom the row names."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.models import Model
from simple_history.models import HistoricalRecords


class WholeHistory(HistoricalRecords):
    """A history whose records are also written by themselves, once a row's people are set."""

    def contribute_to_class(self, cls, name):
        super().contribute_to_class(cls, name)
        cls.whole_history = self

    def record(self, instance, *, is_new):
        """Write the record of a row that was saved unrecorded."""
        self.create_historical_record(instance, "+" if is_new else "~")


@contextmanager
def unrecorded(instance: Model) -> Iterator[None]:
    """Save without a record. Whoever does has the record made before the transaction ends."""
    row: Any = instance
    row.skip_history_when_saving = True
    try:
        yield
    finally:
        del row.skip_history_when_saving
