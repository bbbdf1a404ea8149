"""A mail that failed, sent again by hand: when the address or the mail server is put right."""

from django.utils import timezone

from backoffice.errors import Refusal
from backoffice.mailing.models import Mail


class ResendingRefused(Refusal):
    """The message is shown to the person as it is."""


def is_resendable(mail: Mail) -> bool:
    """Whether the mail failed and its text is kept: that of a secret is not."""
    return mail.state == Mail.State.FAILED and bool(mail.text)


def resend(*, mail: Mail) -> None:
    """Let the job try the mail again, from the first try on. Raises ResendingRefused."""
    failed = Mail.objects.filter(pk=mail.pk, state=Mail.State.FAILED).exclude(text="")
    values = {"state": Mail.State.WAITING, "tries": 0, "reason": "", "try_after": timezone.now()}
    if not failed.update(**values):
        raise ResendingRefused("Only a mail that failed, and whose text is kept, is sent again.")
