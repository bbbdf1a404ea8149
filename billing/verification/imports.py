"""Checks that no line of an access log counts twice: no two imports have the same views.

The database does not keep lines, so this check compares views. Two logs of one period sometimes
have readers of the same blog in the same second. If all their views are alike, that is not chance.
"""

import datetime as dt
from collections import Counter

from django.db import connection
from django.db.models import Max, Min

from billing.models import AccessLogImport, BlogView, Verification
from billing.periods import next_month
from billing.verification.differences import Difference

LEAST_ALIKE = 3  # equal moments that make two different files the same

# The number of shared moments of one blog for each pair of imports.
PAIRS = """
SELECT first, second, COUNT(*) FROM (
    SELECT MIN(log_import_id) AS first, MAX(log_import_id) AS second
    FROM billing_blogview
    WHERE day >= %s AND day < %s AND log_import_id IS NOT NULL
    GROUP BY blog_id, viewed_at
    HAVING MIN(log_import_id) <> MAX(log_import_id)
) moments
GROUP BY first, second ORDER BY first, second
"""


def check_imports(run: Verification, key: str, after: str, numbers: Counter) -> None:
    month = dt.date.fromisoformat(key)
    with connection.cursor() as cursor:
        cursor.execute(PAIRS, [month, next_month(month)])
        pairs = cursor.fetchall()
    for first, second, moments in pairs:
        _check_pair(month, first, second, moments)


def _check_pair(month: dt.date, first: int, second: int, moments: int) -> None:
    imports = AccessLogImport.objects.in_bulk([first, second])
    is_same_file = imports[first].sha256 != "" and (imports[first].sha256 == imports[second].sha256)
    if not is_same_file and (moments < LEAST_ALIKE or not _are_alike(month, first, second)):
        return
    of_both = "the same file" if is_same_file else "all of them alike"
    raise Difference(
        f"The import of {imports[second]} on {imports[second].started_at:%Y-%m-%d}",
        f"counts views of {moments} moments in {month:%B %Y} that the import of {imports[first]} "
        f"on {imports[first].started_at:%Y-%m-%d} counts too: {of_both}",
        "a line counts once",
    )


def _are_alike(month: dt.date, first: int, second: int) -> bool:
    """Return whether both have the same views in their shared period."""
    views = [BlogView.objects.in_month(month).filter(log_import=key) for key in (first, second)]
    spans = [each.aggregate(first=Min("viewed_at"), last=Max("viewed_at")) for each in views]
    shared = (max(span["first"] for span in spans), min(span["last"] for span in spans))
    one, other = (
        Counter(each.filter(viewed_at__range=shared).values_list("blog_id", "viewed_at"))
        for each in views
    )
    return one == other
