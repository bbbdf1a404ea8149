"""The record of mails."""

from django.conf import settings
from django.db import models

from backoffice.mailing.kinds import name_kind


class Mail(models.Model):
    """A mail to one person: when it was written, and what the mail server did with it.

    A waiting one is tried at `try_after`. That moment is set before each try, to that of the next
    one: so a try that was killed is repeated. `text` is empty if the mail held a secret, such as
    a link to a new password: it is sent once or not at all. A collected one goes out as a part of
    its `summary`, to whoever wants mails once a day.
    """

    class State(models.TextChoices):
        WAITING = "waiting"
        SENT = "sent"
        FAILED = "failed"
        COLLECTED = "collected", "For the mail of the day"

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
    summary = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, verbose_name="in the mail of the day"
    )

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


class MailChoice(models.Model):
    """How a person wants mails of a kind. Without a row they come at once."""

    class How(models.TextChoices):
        AT_ONCE = "at_once", "At once"
        DAILY = "daily", "Once a day"
        OFF = "off", "Not at all"

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="mail_choices"
    )
    kind = models.CharField(max_length=40)
    how = models.CharField(max_length=10, choices=How.choices)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["person", "kind"], name="backoffice_mailchoice_once_for_a_kind"
            )
        ]

    def __str__(self):
        return f"{self.kind}: {self.get_how_display()}"


class ReminderSaid(models.Model):
    """That a person was reminded of something, and when last."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="reminders_said"
    )
    key = models.CharField(max_length=100)
    said_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["person", "key"], name="backoffice_remindersaid_once_a_person"
            )
        ]

    def __str__(self):
        return f"{self.key}, said {self.said_at:%-d %b %Y}"
