"""What apps register about backups, in their AppConfig.ready."""

from collections.abc import Callable
from typing import NamedTuple


class Proof(NamedTuple):
    """How an app recognises its data after a restore."""

    head_query: str  # SQL for the one text that stands for all data, if it exists yet
    verify: Callable[
        [str], str
    ]  # takes such a text, looks at the restored database, and returns what is wrong, or ""


# Sessions: an ended sign-in must not come back with a backup.
tables_left_out: set[str] = {"django_session", "backoffice_accountsession"}
suffixes_left_out: set[str] = set()
proofs: dict[str, Proof] = {}


def leave_out(*tables: str) -> None:
    """Leave the rows of these tables out of backups. The empty tables are still in them."""
    tables_left_out.update(tables)


def leave_out_files(*suffixes: str) -> None:
    """Leave files of the spool with these endings out of backups."""
    suffixes_left_out.update(suffixes)


def prove(name: str, proof: Proof) -> None:
    proofs[name] = proof
