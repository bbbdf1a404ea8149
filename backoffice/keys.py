"""The secrets of an installation, by name, and the rotation of generated ones.

docs/operations.md, “Secrets”, says of each what it is for and how it is changed.
"""

import datetime as dt
import os
import re
import secrets
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.conf import settings

ROTATED = ("SECRET_KEY", "HEALTH_TOKEN", "FACTOR_KEY")
FALLBACK_DAYS = 30  # longer than the life of any session, signed link or known browser's cookie
SHORTEST = 20


class RotationRefused(Exception):
    """The message is shown to the person as it is."""


def list_secrets() -> dict[str, str]:
    """Return {name: value} of the secrets that are set."""
    fallbacks = enumerate(settings.SECRET_KEY_FALLBACKS, start=1)
    found = {
        "SECRET_KEY": settings.SECRET_KEY,
        **{f"SECRET_KEY_FALLBACKS ({number})": key for number, key in fallbacks},
        **{f"FACTOR_KEY ({number})": key for number, key in enumerate(settings.FACTOR_KEYS, 1)},
        "PAYEE_KEYS": settings.PAYEE_KEYS,
        "the password in DATABASE_URL": settings.DATABASES["default"].get("PASSWORD", ""),
        "the password in EMAIL_URL": settings.MAILERS["default"]
        .get("OPTIONS", {})
        .get("password", ""),
        "HEALTH_TOKEN": getattr(settings, "HEALTH_TOKEN", ""),
        **_number("the password in VIEWS_BROKER", map(_read_token, settings.VIEWS_BROKER)),
        **_number("the password in CACHE_URL", _list_cache_passwords()),
        "the key in SENTRY_DSN": _read_token(settings.SENTRY_DSN),
        "AWS_SECRET_ACCESS_KEY": settings.BUCKET_SECRET,
    }
    return {name: value for name, value in found.items() if value}


def list_caches() -> list[str]:
    """Return the addresses in CACHE_URL, without what stands behind a question mark."""
    location = settings.CACHES.get("shared", {}).get("LOCATION", [])
    return [location] if isinstance(location, str) else list(location)


def _list_cache_passwords() -> Iterator[str]:
    yield settings.CACHES.get("shared", {}).get("OPTIONS", {}).get("password", "")
    for url in list_caches():
        yield unquote(urlsplit(url).password or "")


def _read_token(url: str) -> str:
    """Return the password in the address, or the name that stands there alone: it is a token."""
    parts = urlsplit(url if "://" in url else f"//{url}")
    return parts.password or parts.username or ""


def _number(name: str, values: Iterable[str]) -> dict[str, str]:
    """Several servers may take one password; those that differ have numbers."""
    first, *others = dict.fromkeys(filter(None, values)) or [""]
    return {name: first} | {f"{name} ({number})": one for number, one in enumerate(others, 2)}


def rotate(name: str, *, file: Path, today: dt.date) -> None:
    """Write a new secret to the file. All older keys stay valid, until they are dropped.

    Older keys that this process has from elsewhere, as from a credential, go to the file as well.
    """
    text = _read(file)
    old = _find(text, name)
    new = secrets.token_urlsafe(50)
    if name == "SECRET_KEY":
        if not old:
            raise RotationRefused(f"{file} has no SECRET_KEY, so it was not made here.")
        if "," in old:
            raise RotationRefused("The old key has a comma, which a list can't: change it by hand.")
        check_in_use(old, file=file)
        kept = [old, *_split(text, "SECRET_KEY_FALLBACKS"), *settings.SECRET_KEY_FALLBACKS]
        text = _put(text, "SECRET_KEY_FALLBACKS", ",".join(dict.fromkeys(kept)))
        text = _put(text, "SECRET_KEY_SINCE", today.isoformat())
    if name == "FACTOR_KEY":
        kept = [*_split(text, name), *settings.FACTOR_KEYS]
        new = ",".join(dict.fromkeys([new, *kept]))
    _write(file, _put(text, name, new))


def check_in_use(key: str, *, file: Path) -> None:
    """Raise RotationRefused unless this is the SECRET_KEY that this process has."""
    if key != settings.SECRET_KEY:
        raise RotationRefused(
            f"The SECRET_KEY in use is not the one in {file}: it is set elsewhere, in the "
            "environment or in a credential. Put the line with the key in use into the file first."
        )


def read_keys(name: str, *, file: Path) -> list[str]:
    """Return the keys of a list in the file, the newest first."""
    return _split(_read(file), name)


def write_keys(name: str, keys: list[str], *, file: Path) -> None:
    """Put a list of keys in the place of the old one."""
    _write(file, _put(_read(file), name, ",".join(keys)))


def _read(file):
    try:
        return file.read_text()
    except FileNotFoundError:
        raise RotationRefused(f"There is no {file}: change the secret where it is set.") from None


def _split(text, name):
    return [key for key in (_find(text, name) or "").split(",") if key]


def _find(text, name):
    found = re.findall(rf"^{name}=(.*)$", text, re.MULTILINE)
    return found[-1].strip().strip("'\"") if found else None


def _put(text, name, value):
    """Return the text with one line for `name`, where the first one was or at the end."""
    line = f"{name}={value}"
    if _find(text, name) is None:
        return f"{text.rstrip()}\n{line}\n"
    return re.sub(rf"^{name}=.*$", lambda _: line, text, flags=re.MULTILINE)


def _write(file, text):
    """Replace the file atomically, for this user alone. A kill leaves the old or the new one."""
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=".env-")  # 0600
    try:
        with os.fdopen(descriptor, "w") as new:
            new.write(text)
            new.flush()
            os.fsync(new.fileno())
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
