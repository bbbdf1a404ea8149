"""The record of mails."""

from django.conf import settings
from django.db import models

from backoffice.mailing.kinds import name_kind


class Mail(models.Model):
    """A mail to one person: when it was written, and what the mail server did with it.

    A waiting one is tried at `try_after`. That moment is set before each try, to that of the next
    one: so a try that was killed is repeated. `text` is empty if the mail held a secret, such as
    a link to a new password: it is sent once or not at all.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        SENT = "sent"
        FAILED = "failed"

    kind = models.CharField(max_length=40)
    address = models.EmailField("to")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="mails"
    )
    subject = models.CharField(max_length=200)
    text = models.TextField(blank=True)
    message_id = models.CharField(max_length=200, unique=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)
    reason = models.CharField("why not", max_length=500, blank=True)
    made_at = models.DateTimeField("written")
    try_after = models.DateTimeField("next try", null=True)
    sent_at = models.DateTimeField("sent", null=True)

    class Meta:
        default_permissions = ("view",)
        ordering = ["-made_at", "-pk"]
        indexes = [
            models.Index(fields=["state", "try_after"], name="backoffice_mail_due"),
            models.Index(fields=["person", "-made_at"], name="backoffice_mail_person"),
            models.Index(fields=["-made_at", "-id"], name="backoffice_mail_made"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state="sent", sent_at__isnull=False)
                | models.Q(~models.Q(state="sent"), sent_at__isnull=True),
                name="backoffice_mail_sent_has_time",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="failed") | ~models.Q(reason=""),
                name="backoffice_mail_failed_has_reason",
            ),
        ]

    def __str__(self):
        return self.subject

    @property
    def kind_label(self) -> str:
        return name_kind(self.kind)
