"""What the apps tell about backups, from their AppConfig.ready."""

from collections.abc import Callable
from typing import NamedTuple


class Proof(NamedTuple):
    """How an app knows its data again."""

    head_query: str  # the SQL of the one text that stands for all, if there is one yet
    verify: Callable[[str], str]  # of such a text, on the restored database: what is wrong, or ""


# Who was signed in then: a sign-in that has ended must not come back with a backup.
tables_left_out: set[str] = {"django_session", "backoffice_accountsession"}
suffixes_left_out: set[str] = set()
proofs: dict[str, Proof] = {}


def leave_out(*tables: str) -> None:
    """Keep the rows of these tables out of backups; the tables themselves are in them."""
    tables_left_out.update(tables)


def leave_out_files(*suffixes: str) -> None:
    """Keep files of the spool that end so out of backups."""
    suffixes_left_out.update(suffixes)


def prove(name: str, proof: Proof) -> None:
    proofs[name] = proof
