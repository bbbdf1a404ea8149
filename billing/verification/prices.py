"""Which price was in force on a day, worked out apart from billing.prices.lookup.

From the spans between the first days of a category's prices. `ends_on` is the first day on which
the next price holds, or NULL.
"""

import datetime as dt

from billing.models import CategoryPrice

PRICE_SPANS = """
price AS (
    SELECT id, category_id, effective_from AS starts_on,
        LEAD(effective_from) OVER (PARTITION BY category_id ORDER BY effective_from) AS ends_on
    FROM billing_categoryprice
)
"""

IN_FORCE = f"""
WITH {PRICE_SPANS}
SELECT billing_categoryprice.* FROM billing_categoryprice
JOIN price ON price.id = billing_categoryprice.id
WHERE price.category_id = %s AND price.starts_on <= %s
    AND (price.ends_on IS NULL OR price.ends_on > %s)
"""  # noqa: S608 - a constant


def find_price_in_force(category: int | None, day: dt.date) -> CategoryPrice | None:
    return next(iter(CategoryPrice.objects.raw(IN_FORCE, [category, day, day])), None)
