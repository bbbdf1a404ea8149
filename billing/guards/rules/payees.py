"""Payees: versions are added, confirmed once by a second person, and never changed."""

from collections.abc import Iterator

from backoffice.guards.rules import Rule, changes
from billing.models import PaidPayee, Payee, PayeeAuthor, PayeeDetails, PayeeSecret

CONFIRMED = ("confirmed_by", "confirmed_at", "confirmation", "in_force_from")
WITHDRAWN = ("withdrawn_by", "withdrawn_at", "withdrawal")
AUTHORS = """(
    SELECT author_id FROM billing_payeeauthor
    WHERE payee_id = NEW.payee_id AND withdrawn_at IS NULL
)"""


def keep_payees() -> Iterator[Rule]:
    yield Rule(Payee, "DELETE", "TRUE", "payees are kept, with all that was ever paid to them.")
    yield Rule(Payee, "UPDATE", changes(Payee, but=["name"]), "a payee stays what it is.")
    for model in (PayeeAuthor, PayeeDetails):
        what = model._meta.verbose_name
        yield Rule(model, "DELETE", "TRUE", f"{what}: versions are kept, never deleted.")
        yield Rule(
            model,
            "UPDATE",
            f"""{changes(model, but=[*CONFIRMED, *WITHDRAWN])}
            OR OLD.withdrawn_at IS NOT NULL
            OR OLD.confirmed_at IS NOT NULL AND {changes(model, but=WITHDRAWN)}
            OR NEW.withdrawn_at >= NEW.in_force_from""",
            f"{what}: a version is confirmed once, or taken back before it is in force.",
        )
        yield Rule(
            model,
            "INSERT",
            "NEW.confirmed_at IS NOT NULL OR NEW.withdrawn_at IS NOT NULL",
            f"{what}: a version is entered first, and confirmed by somebody else.",
        )
        yield Rule(
            model,
            "UPDATE",
            f"NEW.confirmed_by_id IN {AUTHORS}",
            "nobody confirms where their own money goes.",
            topic="own",
        )
    yield Rule(
        PayeeAuthor,
        "INSERT",
        """(SELECT kind FROM billing_payee WHERE id = NEW.payee_id) <> 'agent' AND EXISTS (
            SELECT 1 FROM billing_payeeauthor other
            WHERE other.payee_id = NEW.payee_id AND other.author_id <> NEW.author_id
        )""",
        "only an agent is paid for several authors.",
        topic="alone",
    )
    yield Rule(PayeeSecret, "DELETE", "TRUE", "what is encrypted stays with its version.")
    yield Rule(
        PayeeSecret,
        "UPDATE",
        "NEW.details_id <> OLD.details_id OR NEW.key_id = OLD.key_id",
        "what is encrypted is written again with another key alone.",
    )


def keep_paid_payees() -> Iterator[Rule]:
    """What was paid to whom: copied at the submission, and then encrypted anew alone."""
    status = """(
        SELECT batch.status FROM billing_payoutbatch batch
        JOIN billing_payment payment ON payment.batch_id = batch.id
        WHERE payment.id = {}.payment_id
    )"""
    reason = "the payee of a payment stays as it was submitted."
    yield Rule(PaidPayee, "INSERT", f"{status.format('NEW')} <> 'draft'", reason)
    yield Rule(PaidPayee, "DELETE", f"{status.format('OLD')} <> 'draft'", reason)
    yield Rule(
        PaidPayee,
        "UPDATE",
        f"{changes(PaidPayee, but=['key_id', 'address', 'account'])} OR NEW.key_id = OLD.key_id",
        reason,
    )
