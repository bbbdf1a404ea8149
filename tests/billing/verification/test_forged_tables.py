"""Every table is forged by test_forging.py, or docs/finance.md names it among what is not known."""

import re

import pytest
from django.apps import apps

from tests.billing.forging import list_tables
from tests.billing.unknowable import EVERYTHING, UNKNOWABLE

pytestmark = pytest.mark.any_database

# Tables of which no verification knows anything, by the words that name them in docs/finance.md.
NAMED = {
    "names of categories": ("weblog.Category", "weblog.HistoricalCategory"),
    "the history of blogs": ("weblog.HistoricalBlog",),
    "co-authors": ("weblog.Blog_co_authors", "weblog.HistoricalBlog_co_authors"),
    "new texts": ("weblog.NewText", "weblog.HistoricalNewText"),
    "former addresses": ("weblog.OldAddress",),
    "pictures": ("weblog.Picture",),
    "requests for rights": ("backoffice.AccessRequest",),
    "sessions": ("backoffice.AccountSession", "sessions.Session"),
    "sign-ins": (
        "axes.AccessAttempt", "axes.AccessAttemptExpiration", "axes.AccessFailureLog",
        "axes.AccessLog", "backoffice.SecurityEvent",
    ),
    "second factors": ("mfa.Authenticator",),
    "addresses for mails": ("account.EmailAddress", "account.EmailConfirmation"),
    "Django’s own log and list of tables": ("admin.LogEntry", "contenttypes.ContentType"),
    "the record of mails": ("backoffice.Mail",),
    "wants which mails": ("backoffice.MailChoice",),
    "who was reminded of what": ("backoffice.ReminderSaid",),
    "saved filters": ("backoffice.SavedFilter",),
    "salts and keys of readers and log lines": ("billing.ReaderSalt", "billing.LogLineKey"),
    "lost views": ("billing.LostViewTotal",),
    "numbers of views through a broker": ("billing.WriterDay", "billing.StreamPosition"),
    "alarms that were told": ("billing.OutstandingAlarm",),
    "layouts of banks' tables": ("billing.BankTable",),
    "encrypted details of payees": ("billing.PayeeSecret",),
}  # fmt: skip


def test_every_table_is_forged_or_named_as_unknown(settings):
    forged = {model for model in list_tables() if UNKNOWABLE.get(model) != EVERYTHING}
    tables = {m for m in apps.get_models(include_auto_created=True) if m._meta.managed}
    named = [label for labels in NAMED.values() for label in labels]
    assert sorted(model._meta.label for model in tables - forged) == sorted(named)


def test_what_is_unknown_stands_in_the_docs(settings):
    docs = (settings.BASE_DIR / "docs/finance.md").read_text().partition("It cannot know:")[2]
    text = " ".join(docs.partition("Random forgeries")[0].split())
    assert [words for words in NAMED if not re.search(rf"(?i)\b{words}\b", text)] == []
