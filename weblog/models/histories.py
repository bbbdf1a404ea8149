"""A history in which one save is one version, with the people whom the row names."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.models import Model
from simple_history.models import HistoricalRecords


class WholeHistory(HistoricalRecords):
    """Records a new row once its many-to-many values are set, if it was saved unrecorded."""

    def m2m_changed(self, instance, **kwargs):
        is_first = (
            not kwargs["reverse"]
            and kwargs["action"] == "post_add"
            and not hasattr(instance, "skip_history_when_saving")
            and not getattr(instance, self.manager_name).exists()
        )
        if is_first:
            self.create_historical_record(instance, "+")
        else:
            super().m2m_changed(instance, **kwargs)


@contextmanager
def unrecorded(instance: Model) -> Iterator[None]:
    """Save without a record. Whoever does has the record made before the transaction ends."""
    row: Any = instance
    row.skip_history_when_saving = True
    try:
        yield
    finally:
        del row.skip_history_when_saving
