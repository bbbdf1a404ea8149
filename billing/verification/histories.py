"""Checks that rows which people edit agree with the last record of their history."""

from collections import Counter
from itertools import batched

from django.db.models import Max

from billing.models import Adjustment, CategoryPrice, Hold, PayoutBatch, Verification
from billing.verification.differences import Difference

ROWS_AT_A_TIME = 1_000
TRACKED = (PayoutBatch, CategoryPrice, Adjustment, Hold)


def check_histories(run: Verification, key: str, after: str, numbers: Counter) -> None:
    """The latest record of each tracked row agrees with the row. Rows of fixtures have none."""
    for model in TRACKED:
        rows = model.objects.order_by("pk").iterator(ROWS_AT_A_TIME)
        for portion in batched(rows, ROWS_AT_A_TIME):
            _check_portion(portion, model.history)
        numbers["tracked rows"] += model.objects.count()


def _check_portion(rows, history) -> None:
    latest = (
        history.filter(id__in=[row.pk for row in rows])
        .order_by()
        .values("id")
        .annotate(latest=Max("history_id"))
        .values("latest")
    )
    records = {record.id: record for record in history.filter(history_id__in=latest)}
    for row in rows:
        if record := records.get(row.pk):
            _check_row(row, record)


def _check_row(row, record) -> None:
    for field in record.tracked_fields:
        says, recorded = getattr(row, field.attname), getattr(record, field.attname)
        if says != recorded:
            raise Difference(
                row,
                f"has the {field.verbose_name} “{says}”",
                f"its history ends with “{recorded}” ({record._meta.db_table} {record.pk})",
            )
