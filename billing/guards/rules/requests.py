"""A submission is recalled by its submitter, and a returned batch is submitted with an answer.

Both are words in the history of a batch, so its records are guarded: each follows the one before.
"""

from collections.abc import Iterator

from backoffice.guards.rules import Rule
from billing.models import PayoutBatch

RECORD = PayoutBatch.history.model
REASON = "COALESCE(NEW.history_change_reason, '')"

# SQL about the record before the new one.
AFTER_ONE = """EXISTS (
    SELECT 1 FROM billing_historicalpayoutbatch former
    WHERE former.id = NEW.id AND former.history_id = (
        SELECT MAX(earlier.history_id) FROM billing_historicalpayoutbatch earlier
        WHERE earlier.id = NEW.id AND earlier.history_id < NEW.history_id
    )
    AND {condition}
)"""

# A person asked for something. What an upgrade returned asks nobody for an answer.
ASKED = f"""former.status = 'draft' AND former.return_reason <> '' AND EXISTS (
        SELECT 1 FROM billing_historicalpayoutbatch asked
        WHERE asked.id = NEW.id
        AND asked.history_change_reason = '{PayoutBatch.RETURNED}' || former.return_reason
    )"""  # noqa: S608


def keep_requests() -> Iterator[Rule]:
    yield Rule(
        PayoutBatch,
        "UPDATE",
        """OLD.status = 'submitted' AND NEW.status = 'draft' AND (
            NEW.digest <> '' OR NEW.submitted_by_id IS NOT NULL OR NEW.submitted_at IS NOT NULL
        )""",
        "a payout batch that goes back to finance is signed by nobody.",
        topic="unsigned",
    )
    yield Rule(
        PayoutBatch,
        "UPDATE",
        "OLD.status = 'draft' AND NEW.status = 'draft' AND NEW.return_reason <> OLD.return_reason",
        "what was asked of a returned payout batch is answered, not changed.",
        topic="asked",
    )
    recalled = _begins(PayoutBatch.RECALLED)
    yield Rule(
        RECORD,
        "INSERT",
        f"""{_after("former.status = 'submitted' AND NEW.status = 'draft'")} AND NOT (
            {_begins(PayoutBatch.RETURNED)} AND NEW.history_user_id IS NOT NULL
            AND NEW.return_reason <> '' AND {_says(PayoutBatch.RETURNED)} = NEW.return_reason
            OR {recalled} AND NEW.return_reason = ''
            AND {_after("former.submitted_by_id = NEW.history_user_id")}
        )""",
        "a submission is recalled by whoever made it, or returned with a reason.",
        topic="recalled",
    )
    yield Rule(
        RECORD,
        "INSERT",
        f"""({recalled} OR {_begins(PayoutBatch.RETURNED)})
        AND NOT {_after("former.status = 'submitted' AND NEW.status = 'draft'")}""",
        "only a submitted payout batch is recalled or returned.",
        topic="submitted",
    )
    yield Rule(
        RECORD,
        "INSERT",
        f"""NEW.status = 'submitted' AND NOT (
            {_begins(PayoutBatch.ANSWERED)} AND TRIM({_says(PayoutBatch.ANSWERED)}) <> ''
        ) AND {_after(ASKED)}""",
        "a returned payout batch is submitted with an answer to what was asked.",
        topic="answered",
    )
    yield Rule(
        RECORD,
        "INSERT",
        "NEW.status = 'draft' AND "
        + _after("former.status = 'draft' AND former.return_reason <> NEW.return_reason"),
        "what was asked of a returned payout batch is answered, not changed.",
        topic="asked",
    )
    yield Rule(
        RECORD,
        "INSERT",
        """EXISTS (
            SELECT 1 FROM billing_historicalpayoutbatch later
            WHERE later.id = NEW.id AND later.history_id > NEW.history_id
        )""",
        "a history goes on at its end.",
        topic="last",
    )


def _after(condition: str) -> str:
    return AFTER_ONE.format(condition=f"({condition})")


def _begins(words: str) -> str:
    return f"SUBSTR({REASON}, 1, {len(words)}) = '{words}'"


def _says(words: str) -> str:
    """SQL: what stands after these words."""
    return f"SUBSTR({REASON}, {len(words) + 1})"
