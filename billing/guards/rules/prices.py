"""Refuses a price that would change the price of a day on a signed line.

The days from a price's first one have the price before it until then. So the signed lines at that
earlier price tell whether one of those days is paid already. billing.prices.rules says the same.
"""

from collections.abc import Iterator

from backoffice.guards.rules import Rule
from billing.models import CategoryPrice

NUMBERS = ", ".join(f"({day})" for day in range(1, 32))


def _as_number(date: str) -> str:
    """SQL: a date as the number 20261031."""
    return f"CAST(REPLACE(CAST({date} AS TEXT), '-', '') AS INTEGER)"


# “ 1:12 2:40” without “ 2:” is another text. LIKE would need a per cent sign, which drivers read.
ON_A_PAID_DAY = f"""EXISTS (
    SELECT 1 FROM billing_paymentline line
    JOIN billing_payment payment ON payment.id = line.payment_id
    JOIN billing_payoutbatch batch ON batch.id = payment.batch_id
    WHERE batch.status IN ('submitted', 'approved', 'paid')
    AND line.price_id = (
        SELECT earlier.id FROM billing_categoryprice earlier
        WHERE earlier.category_id = NEW.category_id
        AND earlier.effective_from < NEW.effective_from
        ORDER BY earlier.effective_from DESC LIMIT 1
    )
    AND (
        line.month >= NEW.effective_from
        OR {_as_number("line.month")} / 100 = {_as_number("NEW.effective_from")} / 100
        AND EXISTS (
            SELECT 1 FROM (VALUES {NUMBERS}) AS day
            WHERE {_as_number("line.month")} + day.column1 - 1 >= {_as_number("NEW.effective_from")}
            AND REPLACE(' ' || line.days, ' ' || day.column1 || ':', '') <> ' ' || line.days
        )
    )
)"""  # noqa: S608 - constants

REASON = "a price does not start on a day that a signed batch has paid at another price."


def keep_paid_days() -> Iterator[Rule]:
    yield Rule(CategoryPrice, "INSERT", ON_A_PAID_DAY, REASON, topic="paid_day")
    moved = "(NEW.category_id, NEW.effective_from) IS DISTINCT FROM "
    moved += "(OLD.category_id, OLD.effective_from)"
    yield Rule(CategoryPrice, "UPDATE", f"{moved} AND {ON_A_PAID_DAY}", REASON, topic="paid_day")
