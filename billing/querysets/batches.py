from django.db import models
from django.db.models.functions import Coalesce

from billing.money import AmountField


class PayoutBatchQuerySet(models.QuerySet):
    def standing(self):
        """Return the batches that were not cancelled."""
        return self.exclude(status=self.model.Status.CANCELLED)

    def signed(self):
        """Return the batches that finance has signed: submitted, approved or paid."""
        status = self.model.Status
        return self.filter(status__in=[status.SUBMITTED, status.APPROVED, status.PAID])

    def awaiting_approval(self):
        return self.filter(status=self.model.Status.SUBMITTED)

    def awaiting_results(self):
        return self.filter(status=self.model.Status.APPROVED)

    def drafts(self):
        return self.filter(status=self.model.Status.DRAFT)

    def with_state(self):
        """Add `state_key`, and what it rests on: `is_sent` and `has_failed`.

        `is_sent` says that a file was exported, `has_failed` that a payment failed and waits: no
        approved batch took it over. See the model's `state`.
        """
        payment = self.model.payments.field.model
        export = self.model.exports.field.model
        failed = payment.objects.owed().filter(
            batch=models.OuterRef("pk"), status=payment.Status.FAILED
        )
        sent = export.objects.filter(batch=models.OuterRef("pk"))
        status, state = self.model.Status, self.model.State
        return self.annotate(
            is_sent=models.Exists(sent), has_failed=models.Exists(failed)
        ).annotate(
            state_key=models.Case(
                models.When(has_failed=True, then=models.Value(state.FAILED.value)),
                models.When(status=status.PAID, then=models.Value(state.SETTLED.value)),
                models.When(
                    status=status.APPROVED, is_sent=True, then=models.Value(state.SENT.value)
                ),
                default=models.F("status"),
            )
        )

    def with_totals(self):
        """Add `total` and `payment_count` for lists and statements."""
        payments = self.model.payments.field.model.objects.filter(batch=models.OuterRef("pk"))
        sums = payments.order_by().values("batch")
        return self.annotate(
            total=Coalesce(
                models.Subquery(sums.values(sum=models.Sum("amount"))),
                0,
                output_field=AmountField(),
            ),
            payment_count=Coalesce(models.Subquery(sums.values(count=models.Count("pk"))), 0),
        )
