"""Removes personal data from logs, and from mails and Sentry events about errors.

Readers are promised that nothing about them is kept, and an error's message often holds what
somebody typed. So patterns take addresses, agents, bank details and secrets out of every text; and
what leaves the machine holds no message of a foreign exception, only its kind and its place.
"""

import ipaddress
import re
import traceback

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError
from django.db import DatabaseError, DataError

from backoffice.keys import list_secrets

GONE = "…"
LONGEST_MESSAGE = 2_000
LONGEST_CHAIN = 5
FRAMES = 25

OWN_PACKAGES = ("backoffice", "billing", "weblog")
ABOUT_CODE = (AttributeError, ImportError, NameError, NotImplementedError)
FOR_PEOPLE = (CommandError, ImproperlyConfigured)

QUERY = re.compile(r"(?<=[\w/])\?\S+")
AGENT = re.compile(r"Mozilla/\d.*")
TOKEN_IN_PATH = re.compile(r"(?<=/)[^/\s]*[A-Za-z0-9]{20,}[^/\s]*")
CREDENTIALS_IN_URL = re.compile(r"(?<=://)[^\s/@]+@")
NAMED_SECRET = re.compile(
    r"(?i)\b(\w*(?:password|passwd|secret|token|cookie|authorization|iban|bic|csrf|session_?id|"
    r"api_?key|user_agent|account_number)\w*['\"]?\s*[=:]\s*)('[^']*'|\"[^\"]*\"|\S+)"
)
E_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
IBAN = re.compile(r"(?i)(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?(?!\w)")
ACCOUNT = re.compile(r"(?<!\w)\d(?: ?\d){8,}(?!\w)")
QUOTE = re.compile(r"(?<!\w)['\"“‘«`]")
IP_4 = re.compile(r"(?i)(?:::ffff:)?(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.]*\d)")
IP_6 = re.compile(r"(?i)(?<![\w:])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?![\w:])")


def scrub(text: str) -> str:
    """Return `text` without addresses, agents, query strings, bank details and secrets."""
    for secret in _list_secrets():
        text = text.replace(secret, GONE)
    text = NAMED_SECRET.sub(rf"\1{GONE}", text)
    text = CREDENTIALS_IN_URL.sub(f"{GONE}@", text)
    for pattern in (AGENT, E_MAIL, IBAN, ACCOUNT, IP_4):
        text = pattern.sub(GONE, text)
    text = IP_6.sub(_hide_address, text)
    text = QUERY.sub(f"?{GONE}", text)
    return TOKEN_IN_PATH.sub(GONE, text)


def _hide_address(match):
    try:
        ipaddress.IPv6Address(match[0])
    except ValueError:  # a time, such as 12:30:45
        return match[0]
    return GONE


def _list_secrets():
    options = [mailer.get("OPTIONS", {}) for mailer in settings.MAILERS.values()]
    secrets = [
        *list_secrets().values(),
        *(database.get("PASSWORD") for database in settings.DATABASES.values()),
        *(option.get("password") for option in options),
    ]
    return [secret for secret in secrets if secret and len(secret) >= 6]


def describe_exception(error: BaseException, *, leaves: bool) -> str:
    """Return a traceback of the error and of what led to it, without anybody's data.

    What `leaves` the machine holds only messages that are known to name no values.
    """
    described = []
    for exception in _follow_chain(error):
        frames = traceback.extract_tb(exception.__traceback__)[-FRAMES:]
        lines = [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
        words = describe_message(exception, leaves=leaves)
        name = type(exception).__name__
        described.append("\n".join([*lines, f"{name}: {words}" if words else name]))
    return "\n\nwhich led to\n\n".join(reversed(described))


def _follow_chain(error):
    """The error first, then what caused it. Chains can be circles."""
    seen = []
    while error is not None and error not in seen and len(seen) < LONGEST_CHAIN:
        seen.append(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return seen


def describe_message(error: BaseException, *, leaves: bool) -> str:
    """Return what the error says, as far as it may be known where it goes."""
    if not leaves or _is_for_people(error):
        return scrub(str(error))[:LONGEST_MESSAGE]
    if isinstance(error, DatabaseError) or hasattr(error, "sqlstate"):
        return _describe_database_error(error)
    if isinstance(error, OSError):
        return scrub(error.strerror or "")
    if isinstance(error, ABOUT_CODE):
        return scrub(str(error).partition("\n")[0])[:LONGEST_MESSAGE]
    return ""


def _is_for_people(error):
    return isinstance(error, FOR_PEOPLE) or type(error).__module__.split(".")[0] in OWN_PACKAGES


def _describe_database_error(error):
    """PostgreSQL's DETAIL shows the row, bank details and all; its first line what was typed."""
    cause = error.__cause__ or error
    diagnosis = getattr(cause, "diag", None)
    names = [
        getattr(cause, "sqlstate", None),
        *(getattr(diagnosis, f"{what}_name", None) for what in ("table", "column", "constraint")),
    ]
    words = "" if isinstance(error, DataError) else _hide_quoted(str(error).partition("\n")[0])
    return scrub(" ".join([words, *filter(None, names)]).strip())


def _hide_quoted(text):
    """Take out everything from the first quote to the last: values may hold quotes themselves."""
    first = QUOTE.search(text)
    if first is None:
        return text
    last = max(text.rfind(mark) for mark in "'\"”’»`")
    rest = text[last + 1 :] if last > first.start() else ""
    return f"{text[: first.start()]}{GONE}{rest}"
