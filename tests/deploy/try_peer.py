"""The database of docs/operations.md: known by the account of the system, and by no password."""

import getpass
from pathlib import Path

import environ
import psycopg
import pytest

from tests.on_postgres import postgres_server

RULES = "local all postgres trust\nlocal all all peer\n"  # Debian's, but for the administrator


def test_server_lets_in_by_the_account_of_the_system_alone():
    me = getpass.getuser()
    with postgres_server() as url:
        folder = environ.Env.db_url_config(url)["HOST"]
        (Path(folder) / "data" / "pg_hba.conf").write_text(RULES)
        with psycopg.connect(host=folder, user="postgres", autocommit=True) as server:
            for role in (me, "imprint"):
                server.execute(f'CREATE ROLE "{role}" LOGIN')
            server.execute("SELECT pg_reload_conf()")
        ours = environ.Env.db_url_config(f"postgres://{me}@/{folder}/postgres")
        assert (ours["HOST"], ours["PASSWORD"]) == (folder, "")
        with psycopg.connect(host=ours["HOST"], user=ours["USER"], dbname="postgres") as server:
            assert server.execute("SELECT current_user").fetchone() == (me,)
        with pytest.raises(psycopg.OperationalError, match="Peer authentication failed"):
            psycopg.connect(host=folder, user="imprint", dbname="postgres", password="guessed")
