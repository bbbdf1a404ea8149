"""Forgets older keys, once nothing that is stored needs one of them.

An app says by register_need what it stores under SECRET_KEY.
"""

from collections.abc import Callable
from pathlib import Path

from cryptography.fernet import InvalidToken
from django.conf import settings

from backoffice.accounts.factor_keys import encrypt_anew, find_unreadable
from backoffice.keys import RotationRefused, check_in_use, read_keys, write_keys

type FindNeed = Callable[[str, list[str]], str]

_needs: list[FindNeed] = []


def register_need(find_need: FindNeed) -> None:
    """Let an app say what is lost without older keys.

    `find_need(key, older)` takes the key that stays and those that go. It returns what needs one of
    them and which command helps, in sentences, or "".
    """
    if find_need not in _needs:
        _needs.append(find_need)


def drop_secret_keys(*, file: Path) -> None:
    """Take the older SECRET_KEYs out of the file; second factors are encrypted with today's first.

    What they signed for a while is void: sessions, links in mails, known browsers. Raises
    RotationRefused, and changes nothing, while something that is kept for good needs one of them.
    """
    in_file = read_keys("SECRET_KEY_FALLBACKS", file=file)
    for key in read_keys("SECRET_KEY", file=file):
        check_in_use(key, file=file)
    known = dict.fromkeys([*settings.SECRET_KEY_FALLBACKS, *in_file])
    older = [key for key in known if key != settings.SECRET_KEY]
    if not older:
        raise RotationRefused("There are no older keys.")
    if needs := [need for find in _needs if (need := find(settings.SECRET_KEY, older))]:
        raise RotationRefused("\n".join(["The older keys stay. Nothing was changed.", *needs]))
    try:
        encrypt_anew()
    except InvalidToken:
        raise RotationRefused(
            "The older keys stay: no key in use opens some second factors. "
            "`manage.py encrypt_factors --check` names them."
        ) from None
    _check_in_file(in_file, file)
    write_keys("SECRET_KEY_FALLBACKS", [], file=file)


def drop_factor_keys(*, file: Path) -> None:
    """Take all but the newest FACTOR_KEY out of the file. Raises RotationRefused."""
    in_file = read_keys("FACTOR_KEY", file=file)
    known = list(dict.fromkeys([*in_file, *settings.FACTOR_KEYS]))
    if len(known) < 2:
        raise RotationRefused("There are no older keys.")
    secret_keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    lost = find_unreadable([known[0], *secret_keys])
    needing = set(lost) - set(find_unreadable([*known, *secret_keys]))
    if needing:
        raise RotationRefused(
            f"The older keys stay: second factors need one ({len(needing)}). Restart the web "
            "workers on every machine, run `manage.py encrypt_factors`, and then this again."
        )
    _check_in_file(in_file[1:], file)
    write_keys("FACTOR_KEY", in_file[:1], file=file)


def _check_in_file(older, file):
    if not older:
        raise RotationRefused(
            f"Nothing needs the older keys any more, but {file} does not hold them: take them out "
            "where they are set."
        )
