"""Who is paid: payees, the authors they are paid for, and their details, version by version."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from simple_history.models import HistoricalRecords

from backoffice.people import full_name

PERSON = settings.AUTH_USER_MODEL


def make_key():
    return models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+")


def make_later_key():
    return models.ForeignKey(
        PERSON, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )


class Payee(models.Model):
    """Who gets the money of one author, or an agent who gets that of several.

    Everything about them that can change is in a version of their details.
    """

    class Kind(models.TextChoices):
        PERSON = "person", "the author"
        COMPANY = "company", "the author’s own company"
        AGENT = "agent", "an agent, for one or several authors"

    kind = models.CharField(max_length=10, choices=Kind.choices)
    name = models.CharField(max_length=140, help_text="The legal name that was confirmed last.")
    created_by = make_key()
    created_at = models.DateTimeField()

    history = HistoricalRecords()

    class Meta:
        ordering = ["name", "pk"]
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["person", "company", "agent"]),
                name="billing_payee_kind_known",
            ),
            models.CheckConstraint(condition=~Q(name=""), name="billing_payee_has_name"),
        ]
        permissions = [
            ("enter_own_payee", "Can enter the payment details of their own payments"),
            ("enter_payee", "Can enter payees and their details"),
            ("confirm_payee", "Can confirm payees’ details that somebody else entered"),
            ("show_bank_details", "Can see payees’ bank details in full"),
        ]

    def __str__(self):
        return self.name


class EntryQuerySet(models.QuerySet):
    """Entries that one person makes and a second one confirms."""

    def unconfirmed(self):
        return self.filter(confirmed_at__isnull=True, withdrawn_at__isnull=True)

    def confirmed(self):
        return self.filter(confirmed_at__isnull=False, withdrawn_at__isnull=True)

    def coming(self, at):
        """Those that wait: for a second person, or for the end of the wait after it."""
        return self.filter(withdrawn_at__isnull=True).exclude(
            confirmed_at__isnull=False, in_force_from__lte=at
        )

    def begun(self, at):
        return self.confirmed().filter(in_force_from__lte=at)


class PayeeDetailsQuerySet(EntryQuerySet):
    def in_force(self, at):
        """The latest version of each payee that was in force at that moment."""
        later = PayeeDetails.objects.begun(at).filter(
            payee=OuterRef("payee"), number__gt=OuterRef("number")
        )
        return self.begun(at).exclude(Exists(later))


class PayeeAuthorQuerySet(EntryQuerySet):
    def in_force(self, at):
        """The payee of each author at that moment: the one that was confirmed last."""
        later = PayeeAuthor.objects.begun(at).filter(
            author=OuterRef("author"), pk__gt=OuterRef("pk")
        )
        return self.begun(at).exclude(Exists(later))


class Entry(models.Model):
    """What one person enters and a second one confirms; in force from a moment on.

    Until that moment it can be taken back. Then only a later entry replaces it.
    """

    entered_by = make_key()
    entered_at = models.DateTimeField()
    confirmed_by = make_later_key()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmation = models.CharField(
        max_length=900, blank=True, help_text="How the second person made sure of it."
    )
    in_force_from = models.DateTimeField(null=True, blank=True)
    withdrawn_by = make_later_key()
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawal = models.CharField(max_length=900, blank=True, help_text="Why it was taken back.")

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    confirmed_by__isnull=True, confirmed_at__isnull=True, in_force_from__isnull=True
                )
                | Q(
                    confirmed_by__isnull=False,
                    confirmed_at__isnull=False,
                    in_force_from__gte=F("confirmed_at"),
                ),
                name="billing_%(class)s_confirmed_whole",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True) | ~Q(confirmed_by=F("entered_by")),
                name="billing_%(class)s_by_two_people",
                violation_error_message="A second person confirms it.",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_by__isnull=True, withdrawn_at__isnull=True)
                | Q(withdrawn_by__isnull=False, withdrawn_at__isnull=False),
                name="billing_%(class)s_withdrawn_whole",
            ),
        ]

    def describe_state(self, at):
        """Return a word for a badge: withdrawn, unconfirmed, waiting or begun."""
        if self.withdrawn_at:
            return "withdrawn"
        if not self.confirmed_at:
            return "unconfirmed"
        return "begun" if self.in_force_from <= at else "waiting"


class PayeeAuthor(Entry):
    """That a payee gets an author's money. The latest one in force counts."""

    payee = models.ForeignKey(Payee, on_delete=models.PROTECT, related_name="authors")
    author = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="payees")

    objects = PayeeAuthorQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta(Entry.Meta):
        abstract = False
        ordering = ["-pk"]
        verbose_name = "payee’s author"
        default_permissions = ()
        constraints = [
            *Entry.Meta.constraints,
            models.UniqueConstraint(
                fields=["author"],
                condition=Q(confirmed_at__isnull=True, withdrawn_at__isnull=True),
                name="billing_payeeauthor_one_waits",
                violation_error_message="A change of this author’s payee waits already.",
            ),
        ]

    def __str__(self):
        return f"{full_name(self.author)}, paid to {self.payee}"


class PayeeDetails(Entry):
    """A version of a payee's details. What could be misused stands encrypted in PayeeSecret."""

    class AccountKind(models.TextChoices):
        IBAN = "iban", "IBAN"
        US = "us", "US account"
        PAYPAL = "paypal", "PayPal account"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    payee = models.ForeignKey(Payee, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(help_text="1 and up, within the payee.")
    legal_name = models.CharField(max_length=140)
    country = models.CharField(max_length=2, help_text="Of the address, by ISO 3166-1.")
    language = models.CharField(max_length=10, help_text="In which the payee gets statements.")
    email = models.EmailField(help_text="Where changes are told.")
    account_kind = models.CharField(max_length=10, choices=AccountKind.choices)
    account_end = models.CharField("account ends in", max_length=4)
    account_digest = models.CharField(
        "fingerprint of the account",
        max_length=80,
        help_text="Equal for equal accounts; only the key can make it.",
    )
    # Versions that were entered before these were kept have none.
    address_digest = models.CharField("fingerprint of the address", max_length=80, default="")
    tax_id_digest = models.CharField("fingerprint of the tax number", max_length=80, default="")

    objects = PayeeDetailsQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta(Entry.Meta):
        abstract = False
        ordering = ["payee", "-number"]
        verbose_name = verbose_name_plural = "payee’s details"
        default_permissions = ()
        indexes = [
            models.Index(fields=["account_digest"], name="billing_payeedetails_account"),
        ]
        constraints = [
            *Entry.Meta.constraints,
            models.UniqueConstraint(
                fields=["payee", "number"], name="billing_payeedetails_numbered"
            ),
            models.UniqueConstraint(
                fields=["payee"],
                condition=Q(confirmed_at__isnull=True, withdrawn_at__isnull=True),
                name="billing_payeedetails_one_waits",
                violation_error_message="A change of these details waits already.",
            ),
            models.CheckConstraint(
                condition=Q(account_kind__in=["iban", "us", "paypal"]),
                name="billing_payeedetails_account_known",
            ),
        ]

    def __str__(self):
        return f"version {self.number} of the details of {self.payee}"

    @property
    def account(self) -> str:
        """Return what may be shown of the account: “IBAN ending in 3000”."""
        return f"{self.get_account_kind_display()} ending in {self.account_end}"


class PayeeSecret(models.Model):
    """The encrypted part of a version: only a rotation of keys writes it again."""

    details = models.OneToOneField(
        PayeeDetails, on_delete=models.PROTECT, primary_key=True, related_name="secret"
    )
    key_id = models.BigIntegerField(db_index=True)
    address = models.TextField()
    tax_id = models.TextField()
    account = models.TextField()

    class Meta:
        default_permissions = ()

    def __str__(self):
        return f"what is encrypted of {self.details_id}"


class PayeeLook(models.Model):
    """That somebody saw a payee's bank details in full, and why."""

    details = models.ForeignKey(PayeeDetails, on_delete=models.PROTECT, related_name="looks")
    by = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    reason = models.CharField(max_length=900)

    history = HistoricalRecords()

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name = "bank details shown in full"
        verbose_name_plural = "bank details shown in full"
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="billing_payeelook_has_reason"),
        ]

    def __str__(self):
        return f"{self.details}, shown in full"
