"""What approvals and results post, read from the signed rows: a row for each payment, or sums.

In SQL for SQLite and PostgreSQL. A column holds one part in millionths, its neighbour with `_coins`
the same part rounded to the smallest coin of its batch, half up as payments are.
"""

import datetime as dt
import zoneinfo
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from django.db import connection

from billing.books.entries import OF_APPROVALS, Kind
from billing.models import PayoutBatch
from billing.money import currency_decimals

FETCHED_AT_A_TIME = 2_000

# A batch with the moment of its last signature, and its smallest coin in millionths.
BATCH = """
SELECT id, month, time_zone, COALESCE(second_approved_at, approved_at) AS moment,
    CASE COALESCE(decimals, {decimals})
        WHEN 0 THEN 1000000 WHEN 1 THEN 100000 WHEN 2 THEN 10000
        WHEN 3 THEN 1000 WHEN 4 THEN 100 ELSE 1
    END AS coin
FROM billing_payoutbatch WHERE status IN ('approved', 'paid') AND currency = %s
"""

APPROVALS = """
WITH batch AS ({batch}),
line AS (
    SELECT line.payment_id,
        SUM(CASE WHEN line.kind = 'views' AND line.amount >= 0 AND line.month >= batch.month
            THEN line.amount ELSE 0 END) AS earned,
        SUM(CASE WHEN line.kind = 'views' AND line.amount >= 0 AND line.month < batch.month
            THEN line.amount ELSE 0 END) AS late,
        SUM(CASE WHEN line.kind = 'views' AND line.amount < 0
            THEN line.amount ELSE 0 END) AS taken_back,
        SUM(CASE WHEN line.kind = 'adjustment' THEN line.amount ELSE 0 END) AS adjustment,
        SUM(CASE WHEN line.kind = 'carried_in' THEN line.amount ELSE 0 END) AS carried_in,
        SUM(CASE WHEN line.kind = 'carried_in' THEN {line_coins} ELSE 0 END) AS carried_in_coins
    FROM billing_paymentline line
    JOIN billing_payment payment ON payment.id = line.payment_id
    JOIN batch ON batch.id = payment.batch_id
    WHERE {window}
    GROUP BY line.payment_id
),
exact AS (
    SELECT batch.id AS batch_id, batch.moment AS moment, batch.time_zone AS time_zone,
        batch.coin AS coin,
        payment.id AS payment_id, payment.reference AS reference, payment.author_id AS author_id,
        payment.author_name AS author_name, payment.username AS username,
        CAST(COALESCE(line.earned, 0) AS BIGINT) AS earned,
        CAST(COALESCE(line.late, 0) AS BIGINT) AS late,
        CAST(COALESCE(line.taken_back, 0) AS BIGINT) AS taken_back,
        CAST(COALESCE(line.adjustment, 0) AS BIGINT) AS adjustment,
        CAST(COALESCE(line.carried_in, 0) AS BIGINT) AS carried_in,
        CAST(COALESCE(line.carried_in_coins, 0) AS BIGINT) AS carried_in_coins,
        payment.rounding AS rounding,
        payment.amount AS payable,
        CASE WHEN payment.status = 'held' THEN payment.carried_amount ELSE 0 END AS held,
        CASE WHEN payment.status = 'carried' THEN payment.carried_amount ELSE 0 END AS carried
    FROM billing_payment payment
    JOIN batch ON batch.id = payment.batch_id
    LEFT JOIN line ON line.payment_id = payment.id
    WHERE {window}
),
rounded AS (
    SELECT exact.*, {earned} AS earned_coins, {late} AS late_coins,
        {taken_back} AS taken_back_coins, {adjustment} AS adjustment_coins,
        payable AS payable_coins, {held} AS held_coins, {carried} AS carried_coins
    FROM exact
),
part AS (
    SELECT rounded.*,
        payable_coins + held_coins + carried_coins - earned_coins - late_coins
            - taken_back_coins - adjustment_coins - carried_in_coins AS rounding_coins
    FROM rounded
)
"""

# A result stands until the next one of its payment, which takes back what it posted.
RESULTS = """
WITH batch AS ({batch}),
result AS (
    SELECT result.id AS result_id, result.at AS moment, result.outcome AS outcome,
        result.by_hand_id AS by_hand,
        (SELECT earlier.outcome FROM billing_paymentresult earlier
            WHERE earlier.payment_id = result.payment_id AND earlier.id < result.id
            ORDER BY earlier.id DESC LIMIT 1) AS before,
        batch.id AS batch_id, batch.time_zone AS time_zone, batch.coin AS coin,
        payment.id AS payment_id, payment.reference AS reference, payment.author_id AS author_id,
        payment.author_name AS author_name, payment.username AS username,
        payment.amount AS amount, payment.rounding AS rounding
    FROM billing_paymentresult result
    JOIN billing_payment payment ON payment.id = result.payment_id
    JOIN batch ON batch.id = payment.batch_id
    WHERE {window}
),
posted AS (
    SELECT result.*, {exact} AS failed_coins,
        CASE WHEN outcome = 'paid' AND COALESCE(before, '') <> 'paid' AND by_hand IS NULL
            THEN 1 ELSE 0 END AS pays,
        CASE WHEN outcome = 'paid' AND COALESCE(before, '') <> 'paid' AND by_hand IS NOT NULL
            THEN 1 ELSE 0 END AS pays_by_hand,
        CASE WHEN before = 'paid' AND outcome <> 'paid' AND by_hand IS NULL
            THEN -1 ELSE 0 END AS unpays,
        CASE WHEN before = 'paid' AND outcome <> 'paid' AND by_hand IS NOT NULL
            THEN -1 ELSE 0 END AS unpays_by_hand,
        CASE WHEN outcome = 'failed' AND COALESCE(before, '') <> 'failed' THEN 1 ELSE 0 END
            AS fails,
        CASE WHEN before = 'failed' AND outcome <> 'failed' THEN -1 ELSE 0 END AS unfails
    FROM result
),
part AS (
    SELECT batch_id, moment, time_zone, payment_id, reference, author_id, author_name, username,
        result_id, {parts}
    FROM posted
)
"""

# {part of a result: (its sign, exact, in coins)}
PARTS_OF_RESULTS = {
    "paid": ("pays", "amount", "amount"),
    "paid_by_hand": ("pays_by_hand", "amount", "amount"),
    "failed": ("fails", "(amount - rounding)", "failed_coins"),
    "rounded_back": ("fails", "rounding", "(amount - failed_coins)"),
    "paid_reversed": ("unpays", "amount", "amount"),
    "paid_by_hand_reversed": ("unpays_by_hand", "amount", "amount"),
    "failed_reversed": ("unfails", "(amount - rounding)", "failed_coins"),
    "rounded_back_reversed": ("unfails", "rounding", "(amount - failed_coins)"),
}

KEYS = ("batch_id", "moment", "payment_id", "reference", "author_id", "author_name", "username")


class Window(NamedTuple):
    """The entries of a currency from `first` on, if it is given, and before `until`."""

    until: dt.date
    currency: str
    first: dt.date | None = None
    author: int | None = None


def _in_coins(amount: str, coin: str) -> str:
    """Return SQL that rounds millionths to coins, half away from zero as round_amount does."""
    return (
        f"(CASE WHEN {amount} < 0 THEN -1 ELSE 1 END"
        f" * ((ABS({amount}) + {coin} / 2) / {coin}) * {coin})"
    )


def list_columns(kinds: Sequence[Kind]) -> list[tuple[Kind, bool, str]]:
    """Return (kind, is it a reversal, its column), in the order in which they are posted."""
    if kinds == OF_APPROVALS:
        return [(kind, False, kind.value) for kind in kinds]
    return [
        (Kind(name.removesuffix("_reversed")), name.endswith("_reversed"), name)
        for name in sorted(PARTS_OF_RESULTS, key=lambda name: not name.endswith("_reversed"))
    ]


def read_payments(kinds: Sequence[Kind], window: Window) -> Iterator[tuple]:
    """Yield a row for each payment approved, or each result: KEYS, then exact and coins by kind.

    In the order in which they were made; the rows are not all in memory.
    """
    order = "moment, batch_id, reference" if kinds == OF_APPROVALS else "moment, result_id"
    columns = [column for _, _, name in list_columns(kinds) for column in (name, f"{name}_coins")]
    yield from _read(kinds, window, f"{', '.join([*KEYS, *columns])} FROM part ORDER BY {order}")


def read_sums(kinds: Sequence[Kind], window: Window, *keys: str) -> Iterator[tuple]:
    """Yield a row of sums for each of `keys`, some of KEYS: those, then exact and coins by kind."""
    sums = [
        f"CAST(SUM({column}) AS BIGINT)"
        for _, _, name in list_columns(kinds)
        for column in (name, f"{name}_coins")
    ]
    by = ", ".join(keys)
    yield from _read(
        kinds, window, f"{by}, {', '.join(sums)} FROM part GROUP BY {by} ORDER BY {by}"
    )


def _read(kinds: Sequence[Kind], window: Window, wanted: str) -> Iterator[tuple]:
    is_approval = kinds == OF_APPROVALS
    moment = "batch.moment" if is_approval else "result.at"
    where, params = _limit(window, moment)
    decimals = currency_decimals(window.currency)
    batch = BATCH.format(decimals=int(decimals))
    if is_approval:
        parts = ("earned", "late", "taken_back", "adjustment", "held", "carried")
        rounded = {name: _in_coins(name, "coin") for name in parts}
        line_coins = _in_coins("line.amount", "batch.coin")
        sql = APPROVALS.format(batch=batch, window=where, line_coins=line_coins, **rounded)
        params = [window.currency, *params, *params]
    else:
        columns = ", ".join(
            f"{sign} * {exact} AS {name}, {sign} * {coins} AS {name}_coins"
            for name, (sign, exact, coins) in PARTS_OF_RESULTS.items()
        )
        exact = _in_coins("(amount - rounding)", "coin")
        sql = RESULTS.format(batch=batch, window=where, exact=exact, parts=columns)
        params = [window.currency, *params]
    with connection.chunked_cursor() as cursor:
        cursor.execute(f"{sql} SELECT {wanted}", params)
        while rows := cursor.fetchmany(FETCHED_AT_A_TIME):
            yield from rows


def _limit(window: Window, moment: str) -> tuple[str, list]:
    """Return the condition on the rows, and its parameters. A day is one of its batch's zone."""
    adapt = connection.ops.adapt_datetimefield_value
    conditions: list[str] = []
    params: list = []
    for zone in list_zones():
        condition = f"batch.time_zone = %s AND {moment} < %s"
        params += [zone, adapt(_start_of(window.until, zone))]
        if window.first:
            condition += f" AND {moment} >= %s"
            params.append(adapt(_start_of(window.first, zone)))
        conditions.append(f"({condition})")
    where = f"({' OR '.join(conditions) or '1 = 0'})"
    if window.author is not None:
        where += " AND payment.author_id = %s"
        params.append(window.author)
    return where, params


def list_zones() -> list[str]:
    """Return the time zones in which batches were built: nearly always one."""
    return sorted(PayoutBatch.objects.order_by().values_list("time_zone", flat=True).distinct())


def _start_of(day: dt.date, zone: str) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), tzinfo=zoneinfo.ZoneInfo(zone))


def read_moment(value: dt.datetime | str) -> dt.datetime:
    """Return a moment of a row; SQLite gives it in UTC, as text or without a zone."""
    moment = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def day_in(moment: dt.datetime, zone: str) -> dt.date:
    """Return the day of a moment in a time zone."""
    return moment.astimezone(zoneinfo.ZoneInfo(zone)).date()
