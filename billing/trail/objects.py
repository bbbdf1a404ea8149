"""What stands in the trail of a batch, a payment, a payee … beside its own history."""

from django.db.models import Q

from backoffice.trail.sources import register_relations
from billing.models import (
    Dispute,
    ExportedPayment,
    Payee,
    PayeeAuthor,
    Payment,
    PaymentExport,
    PaymentLine,
    PayoutBatch,
)
from billing.trail.batches import ANSWERS, COMMENTS, RESULTS
from billing.trail.disputes import ANSWERED, ASKED
from billing.trail.files import EXPORTS
from billing.trail.runs import VERIFICATIONS
from billing.trail.seals import SUMS
from weblog.models import Blog, Category

DOWNLOADS, BY_HAND, HOLDS = "billing.exportdownload", "billing.handpayment", "billing.hold"
ADJUSTMENTS, FINDINGS = "billing.adjustment", "billing.finding"
DETAILS, LINKS, LOOKS = "billing.payeedetails", "billing.payeeauthor", "billing.payeelook"


def offer_relations() -> None:
    register_relations(PayoutBatch, find_of_batch)
    register_relations(Payment, find_of_payment)
    register_relations(Payee, find_of_payee)
    register_relations(PaymentExport, lambda export: {DOWNLOADS: Q(export=export.pk)})
    register_relations(Dispute, lambda dispute: {ANSWERED: Q(dispute=dispute.pk)})
    register_relations(Blog, find_of_blog)
    register_relations(
        Category, lambda category: {"billing.categoryprice": Q(category=category.pk)}
    )


def find_of_batch(batch: PayoutBatch) -> dict[str, Q]:
    lines = PaymentLine.objects.filter(payment__batch=batch)
    return {
        ANSWERS: Q(batch=batch),
        COMMENTS: Q(batch=batch),
        RESULTS: Q(payment__batch=batch),
        EXPORTS: Q(batch=batch),
        DOWNLOADS: Q(export__in=PaymentExport.objects.filter(batch=batch).values("pk")),
        BY_HAND: Q(payment__in=Payment.objects.filter(batch=batch).values("pk")),
        ADJUSTMENTS: Q(id__in=lines.exclude(adjustment=None).values("adjustment")),
        VERIFICATIONS: Q(month=batch.month),
        SUMS: Q(day=batch.month),
        ASKED: Q(batch=batch),
        ANSWERED: Q(dispute__batch=batch),
    }


def find_of_payment(payment: Payment) -> dict[str, Q]:
    """Return what became of the payment, and what was decided about it and about its author."""
    exports = ExportedPayment.objects.filter(payment=payment).values("export")
    payees = PayeeAuthor.objects.filter(author=payment.author_id).values("payee")
    return {
        PayoutBatch._meta.label_lower: Q(id=payment.batch_id),
        RESULTS: Q(payment=payment),
        EXPORTS: Q(pk__in=exports),
        DOWNLOADS: Q(export__in=exports),
        BY_HAND: Q(payment=payment.pk),
        HOLDS: Q(author=payment.author_id),
        ADJUSTMENTS: Q(id__in=payment.lines.exclude(adjustment=None).values("adjustment")),
        DETAILS: Q(payee__in=payees),
        LINKS: Q(author=payment.author_id),
        ASKED: Q(reference=payment.reference),
        ANSWERED: Q(dispute__reference=payment.reference),
    }


def find_of_payee(payee: Payee) -> dict[str, Q]:
    versions = payee.versions.values("pk")
    return {DETAILS: Q(payee=payee.pk), LINKS: Q(payee=payee.pk), LOOKS: Q(details__in=versions)}


def find_of_blog(blog: Blog) -> dict[str, Q]:
    return {FINDINGS: Q(blog=blog.pk)}
