"""What is added once and stays: seals, results, records of files, and all histories."""

from collections.abc import Iterator

from backoffice.guards.rules import Rule, changes
from billing.models import (
    TRACKED,
    Acknowledgement,
    BankTable,
    BatchAct,
    BatchAttachment,
    BatchComment,
    BooksExport,
    Dispute,
    DisputeAnswer,
    ExportDownload,
    ExportedPayment,
    PayeeLook,
    PaymentResult,
    Seal,
    Trace,
    TraceSeal,
    ViewSeal,
)

APPEND_ONLY = (
    Acknowledgement,
    BankTable,
    BatchAct,
    BatchAttachment,
    BatchComment,
    BooksExport,
    Dispute,
    DisputeAnswer,
    ExportDownload,
    ExportedPayment,
    PayeeLook,
    PaymentResult,
    Seal,
    TraceSeal,
    ViewSeal,
    *(model.history.model for model in TRACKED),
)


def keep_what_is_added() -> Iterator[Rule]:
    for model in APPEND_ONLY:
        reason = f"{model._meta.verbose_name_plural} are added, never changed or deleted."
        yield Rule(model, "UPDATE", "TRUE", reason)
        yield Rule(model, "DELETE", "TRUE", reason)
    yield Rule(
        Seal,
        "INSERT",
        "NEW.kind = 'upgrade'",
        "only an upgrade seals what was approved before there were seals.",
    )
    yield Rule(
        Acknowledgement,
        "INSERT",
        "(SELECT status FROM billing_payoutbatch WHERE id = NEW.batch_id) <> 'submitted'",
        "only a batch that awaits approval is acknowledged.",
    )
    yield Rule(
        BatchAct,
        "INSERT",
        "(SELECT status FROM billing_payoutbatch WHERE id = NEW.batch_id) <> 'submitted'",
        "acts are noted when a batch is submitted.",
    )
    yield Rule(Trace, "DELETE", "TRUE", "traces are added and sealed, never deleted.")
    yield Rule(Trace, "INSERT", "NEW.seal_id IS NOT NULL", "a trace begins without a seal.")
    yield Rule(
        Trace,
        "UPDATE",
        f"OLD.seal_id IS NOT NULL OR {changes(Trace, but=['seal'])}",
        "a trace is sealed once, and not changed otherwise.",
    )
