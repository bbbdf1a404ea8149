"""A mail on its way to one person, as text and as HTML that is made of the text when it is sent.

Of many mails at once only the text is kept: the job that sends them writes their HTML.
"""

import re
import uuid
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from backoffice.mailing.kinds import MailKind

BLANK_LINES = re.compile(r"\n[ \t]*\n+")
FACT = re.compile(r"^(?P<name>[^\s:][^:\n]{0,30}):(?: {1,}(?P<value>\S.*))$")


class Letter(EmailMultiAlternatives):
    """A mail to one address. Whether the record knows it already, `row` tells."""

    row: int | None = None  # its key in the record

    def __init__(
        self, *, subject: str, text: str, address: str, kind: MailKind, is_secret: bool = False
    ) -> None:
        super().__init__(subject, text, to=[address])
        self.kind, self.is_secret = kind, is_secret
        self.name(f"<{uuid.uuid4().hex}@{urlsplit(settings.SITE_URL).hostname or 'localhost'}>")

    def send(self, *args, **kwargs):
        self._add_html()
        return super().send(*args, **kwargs)

    def message(self, *args, **kwargs):
        self._add_html()
        return super().message(*args, **kwargs)

    def _add_html(self) -> None:
        if not self.alternatives:
            self.attach_alternative(write_html(str(self.subject), str(self.body)), "text/html")

    def name(self, message_id: str) -> None:
        """Give it the identity by which a mailbox knows that it has the mail already."""
        self.message_id = self.extra_headers["Message-ID"] = message_id


def write_html(subject: str, text: str) -> str:
    """Return the text of a mail as HTML: paragraphs, facts in two columns, links."""
    blocks = [_read_block(block) for block in BLANK_LINES.split(text.strip("\n"))]
    context = {"subject": subject, "blocks": blocks, "product": settings.PRODUCT_NAME}
    return render_to_string("backoffice/mail/mail.html", context)


def _read_block(block: str) -> dict:
    """Return {"facts": [(name, value)]} if each line is “name: value”, else {"text": block}."""
    facts = [FACT.match(line) for line in block.split("\n")]
    if len(facts) > 1 and all(facts):
        return {"facts": [(fact["name"], fact["value"]) for fact in facts if fact]}
    return {"text": block}
