"""What backups leave out of billing's tables, and how a restore proves the rest."""

from backoffice.backups import registry
from billing.counting.local_salts import DRAFT, SUFFIX
from billing.counting.stream import marks
from billing.models import ReaderSalt, Seal, Verification
from billing.verification import verify_payouts


def register_backups() -> None:
    """Leave out the readers' salts: once they are destroyed, no key in a backup names a person.

    Numbers of running processes hold of this machine alone, and the database has those of before.
    """
    registry.leave_out(ReaderSalt._meta.db_table)
    registry.leave_out_files(SUFFIX, DRAFT, marks.SUFFIX, marks.DRAFT)
    query = f"SELECT hash FROM {Seal._meta.db_table} ORDER BY number DESC LIMIT 1"  # noqa: S608
    registry.prove("payouts", registry.Proof(query, _find_difference))


def _find_difference(head: str) -> str:
    run = verify_payouts(head=head)
    if run.status == Verification.Status.PASSED:
        return ""
    return run.difference or f"guards are missing: {', '.join(run.missing_guards)}"
