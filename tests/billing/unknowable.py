"""What no verification can know of a forged row, and why. docs/finance.md says it in words."""

from django.contrib.auth.models import Group, Permission, User

from backoffice.models import Mail, MailChoice, ReminderSaid, SavedFilter
from billing.models import (
    BankTable,
    DailyCategoryCount,
    DailyViewCount,
    Finding,
    LogLineKey,
    LostViewTotal,
    MonthlyViewCount,
    OutstandingAlarm,
    PayeeSecret,
    ReaderSalt,
    StreamPosition,
    Trace,
    TraceSeal,
    ViewSeal,
    WriterDay,
)
from tests.billing.forging import WAYS
from weblog.models import Blog

EVERYTHING = {*WAYS, "any column"}
HISTORY_OF_USERS = User.history.model

UNKNOWABLE = {
    ReaderSalt: EVERYTHING,  # gone after a day; only keys of later views come from it
    LogLineKey: EVERYTHING,  # only ids of lines that are imported later come from it
    LostViewTotal: EVERYTHING,  # of views that never came in: nothing pays by it
    WriterDay: EVERYTHING,  # the numbers of views as sent: nothing pays by it
    StreamPosition: EVERYTHING,  # how far a stream was taken in: the views have their ids
    OutstandingAlarm: EVERYTHING,  # which mail went out already
    Mail: EVERYTHING,  # the record of mails: nobody is paid by it
    MailChoice: EVERYTHING,  # which mails somebody wants
    SavedFilter: EVERYTHING,  # what somebody narrows a list down to
    ReminderSaid: EVERYTHING,  # of what somebody was reminded
    DailyViewCount: {"seal"},  # with which seal a count was last written; the count is proved
    MonthlyViewCount: {"seal"},
    DailyCategoryCount: {"seal"},
    BankTable: EVERYTHING,  # how the columns of a bank's next file are read: people see it first
    PayeeSecret: EVERYTHING,  # it can be read or it can't: check_payee_keys tells
    User: {"password", "last_login"},  # each sign-in may write them
    Permission: {"name", "insert"},  # words for people; a right that no page asks for
    ViewSeal: {"at"},  # what counts is their order: when one was made rules nothing
    TraceSeal: {"at"},
    Finding: {"fingerprint"},  # so that what was found once is not found again
    Trace: {"mark"},  # of a trace under seal: nobody asks for it any more
    # What a blog says to readers; one without a history came with sample data. Its author and
    # category are compared with its history, which has no traces.
    Blog: {f.name for f in Blog._meta.concrete_fields} - {"author", "category"} | {"insert"},
    Blog.history.model: EVERYTHING,
    HISTORY_OF_USERS.groups.model: {"id", "user"},  # copies of what its record says
    HISTORY_OF_USERS.user_permissions.model: {"id", "user"},
    Group.history.model.permissions.model: {"id", "group"},
}


def is_unknowable(model, deed, statement):
    left_out = UNKNOWABLE.get(model, set()) | {"renumber"}  # keys that no row or chain refers to
    if deed == "swap":
        return any(f'SET "{column}"' in statement for column in _columns(model, left_out))
    return deed in left_out or ("any column" in left_out and deed not in WAYS)


def _columns(model, names):
    every = "any column" in names
    return [f.column for f in model._meta.concrete_fields if every or f.name in names]
