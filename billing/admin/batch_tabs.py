"""The parts of a batch's page: where each begins, and how much is in it."""

from billing.statements.batches import Statement


def list_tabs(statement: Statement) -> list[tuple[str, str, int]]:
    """Return (its place on the page, its name, how many things are in it) of each part."""
    batch = statement.batch
    checks = len(statement.blockers) + len(statement.flags)
    return [
        ("overview", "Overview", 0),
        ("payments", "Payments", batch.payment_count),
        ("checks", "Checks", checks),
        ("evidence", "Evidence", 0),
        ("activity", "Activity", len(statement.comments)),
    ]
