"""What was paid to whom: a copy of the payee, as of the submission, with each payment."""

from django.db import models

from billing.models.payees import Payee, PayeeDetails
from billing.models.payments import Payment


class PaidPayee(models.Model):
    """The payee of a payment as of its batch's submission. The payment's digest covers it.

    The account and the address stand here encrypted, and under the digest by their fingerprints.
    """

    payment = models.OneToOneField(Payment, on_delete=models.PROTECT, related_name="paid_payee")
    payee = models.ForeignKey(Payee, on_delete=models.PROTECT, related_name="+")
    version = models.ForeignKey(PayeeDetails, on_delete=models.PROTECT, related_name="+")
    legal_name = models.CharField(max_length=140)
    country = models.CharField(max_length=2)
    language = models.CharField(max_length=10)
    account_kind = models.CharField(max_length=10, choices=PayeeDetails.AccountKind.choices)
    account_end = models.CharField(max_length=4)
    account_digest = models.CharField(max_length=80, db_index=True)
    address_digest = models.CharField(max_length=80)
    digest = models.CharField(max_length=64, help_text="SHA-256 of all that is not encrypted.")
    key_id = models.BigIntegerField(db_index=True)
    address = models.TextField()
    account = models.TextField()

    class Meta:
        default_permissions = ()
        ordering = ["payment"]

    def __str__(self):
        return f"payee of {self.payment}"
