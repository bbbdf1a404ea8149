from django.db import models


class AdjustmentQuerySet(models.QuerySet):
    def standing(self):
        """Return the adjustments that were not withdrawn."""
        return self.filter(withdrawn_at=None)

    def waiting(self, *, apart_from=None):
        """Return adjustments on no standing batch; those on the batch `apart_from` still wait."""
        lines = self.model.lines.field.model.objects.standing()
        lines = lines.filter(adjustment=models.OuterRef("pk"))
        if apart_from is not None:
            lines = lines.exclude(payment__batch=apart_from)
        return self.standing().filter(~models.Exists(lines))

    def with_state(self):
        """Add `state`: waiting, withdrawn, or draft or signed as the adjustment's batch is."""
        lines = self.model.lines.field.model.objects.filter(adjustment=models.OuterRef("pk"))
        in_draft = lines.filter(payment__batch__status="draft")
        is_signed = lines.filter(payment__batch__status__in=["submitted", "approved", "paid"])
        return self.annotate(
            state=models.Case(
                models.When(withdrawn_at__isnull=False, then=models.Value("withdrawn")),
                models.When(models.Exists(is_signed), then=models.Value("signed")),
                models.When(models.Exists(in_draft), then=models.Value("draft")),
                default=models.Value("waiting"),
            )
        )


class HoldQuerySet(models.QuerySet):
    def open(self):
        return self.filter(ended_at=None)


class DisputeQuerySet(models.QuerySet):
    def open(self):
        return self.filter(answer=None)

    def open_at(self, moment):
        """Return those that were open just before and just after the moment."""
        answered = models.Q(answer=None) | models.Q(answer__at__gt=moment)
        return self.filter(answered, asked_at__lt=moment)

    def perhaps_open_at(self, moment):
        """Return those that were open at the moment, or asked or answered at that very moment."""
        answered = models.Q(answer=None) | models.Q(answer__at__gte=moment)
        return self.filter(answered, asked_at__lte=moment)
