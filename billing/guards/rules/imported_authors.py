"""Authors who came in by an import: paid once a person has confirmed who they are."""

from collections.abc import Iterator

from backoffice.guards.rules import Rule, changes
from billing.models import Payment
from weblog.models import ImportedAuthor

CONFIRMED = ("confirmed_by", "confirmed_at", "confirmation")
REASON = "an author who came in by an import is paid once somebody has confirmed who it is."


def keep_unconfirmed_authors() -> Iterator[Rule]:
    condition = """NEW.status IN ('payable', 'paid') AND EXISTS (
        SELECT 1 FROM weblog_importedauthor imported
        WHERE imported.account_id = NEW.author_id AND imported.confirmed_at IS NULL
    )"""
    for event in ("INSERT", "UPDATE"):
        yield Rule(Payment, event, condition, REASON, topic="confirmed")
    reason = "who an imported author is, is confirmed once, and kept."
    yield Rule(ImportedAuthor, "DELETE", "TRUE", reason, of_app="billing")
    yield Rule(ImportedAuthor, "INSERT", "NEW.confirmed_at IS NOT NULL", reason, of_app="billing")
    yield Rule(
        ImportedAuthor,
        "UPDATE",
        f"""{changes(ImportedAuthor, but=CONFIRMED)}
        OR OLD.confirmed_at IS NOT NULL AND {changes(ImportedAuthor)}""",
        reason,
        of_app="billing",
    )
