"""What goes through the broker: a line like the spool's, under a mark that only this house makes.

A view is money, and whoever has the broker's password may publish. The key of the marks comes from
SECRET_KEY; a message names it, so that messages of before a rotation stay good, and a consumer that
does not know today's key yet gives them back.
"""

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from billing.counting.clicks import Click
from billing.counting.spool import SpooledView, read_line, write_line
from billing.counting.stream.numbers import Numbered

OF_MESSAGES = "billing.stream.messages"
OF_KEYS = "billing.stream.keys"


class NotSigned(Exception):
    """The message is none of this house: its mark is wrong, or its view has no number."""


class NotReadableHere(Exception):
    """Another process can read the message: one of another version, or with a newer key."""


def write_message(click: Click, salt: str, numbered: Numbered) -> bytes:
    line = write_line(click, salt, numbered)
    key = settings.SECRET_KEY
    return b" ".join([_name_key(key), _sign(line, key), line])


def read_message(text: bytes) -> SpooledView:
    """Return the view of a message. Raises NotSigned or NotReadableHere."""
    name, _, rest = text.partition(b" ")
    mark, _, line = rest.partition(b" ")
    if len(name) != 16 or len(mark) != 64:
        raise NotSigned
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    key = next((secret for secret in secrets if _name_key(secret) == name), None)
    if key is None:
        raise NotReadableHere("A message is signed with another SECRET_KEY. Restart imprint-views@")
    if not constant_time_compare(mark, _sign(line, key)):
        raise NotSigned
    try:
        view = read_line(line)
    except ValueError as error:
        raise NotReadableHere(f"{error}. Update this machine") from error
    if not view or not view.numbered:
        raise NotSigned
    return view


def _name_key(secret: str) -> bytes:
    """Return a name that tells keys apart and reveals nothing else."""
    return salted_hmac(OF_KEYS, "", secret=secret, algorithm="sha256").hexdigest()[:16].encode()


def _sign(line: bytes, secret: str) -> bytes:
    return salted_hmac(OF_MESSAGES, line, secret=secret, algorithm="sha256").hexdigest().encode()
