"""Traces of what the application wrote, and the chain of seals over them."""

from django.db import models

from billing.models.chains import ChainLink


class TraceSeal(ChainLink):
    """A link of the chain over traces: which rows were written, with a digest of each."""

    class Meta(ChainLink.Meta):
        default_permissions = ()
        verbose_name = "seal of traces"
        verbose_name_plural = "seals of traces"


class Trace(models.Model):
    """What the application leaves with each row of histories and logs, in the same transaction.

    A row without a trace did not come by the application; a trace without its row tells that
    somebody erased it. The latest trace of a row holds. Rows are added, and then sealed.
    """

    kind = models.CharField(max_length=40, help_text="One of billing.proof.traced.")
    row = models.BigIntegerField(help_text="The key of the row.")
    digest = models.CharField(max_length=64, help_text="SHA-256 of the row's facts.")
    mark = models.CharField(
        max_length=64, help_text="By the application's secret: nobody else makes it."
    )
    seal = models.ForeignKey(
        TraceSeal,
        on_delete=models.PROTECT,
        null=True,
        related_name="traces",
        help_text="Empty for some minutes, until a seal holds it.",
    )

    class Meta:
        default_permissions = ()
        ordering = ["pk"]
        constraints = [
            # A copy of a trace would bring back what its row said earlier.
            models.UniqueConstraint(fields=["kind", "row", "digest"], name="billing_trace_once"),
        ]
        indexes = [
            models.Index(
                fields=["id"],
                condition=models.Q(seal__isnull=True),
                name="billing_trace_unsealed",
            ),
        ]

    def __str__(self):
        return f"{self.kind} {self.row}"
