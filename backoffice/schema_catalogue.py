"""What a database's own catalogue tells of the rules on its tables, for SQLite and PostgreSQL."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

type Rules = defaultdict[str, Counter[str]]  # {table: its rules, as the catalogue words them}
type Constraints = dict[str, dict[str, Any]]  # as Django's introspection has them
type Foreign = Iterator[tuple[str, str, str]]  # table, what it is, its name

# PostgreSQL. {schema} is a number of pg_namespace.

CONSTRAINTS = """
    SELECT relation.relname, pg_get_constraintdef(held.oid)
    FROM pg_constraint held JOIN pg_class relation ON relation.oid = held.conrelid
    WHERE relation.relnamespace = {schema} AND held.contype IN ('c', 'f', 'x')
"""
UNIQUE_INDEXES = r"""
    SELECT relation.relname,
        'UNIQUE ' || regexp_replace(pg_get_indexdef(held.indexrelid), '^.* USING ', '')
    FROM pg_index held JOIN pg_class relation ON relation.oid = held.indrelid
    WHERE relation.relnamespace = {schema} AND held.indisunique
        AND held.indisvalid AND held.indisready AND held.indislive AND held.indimmediate
"""
FOREIGN = """
    WITH ours AS (
        SELECT * FROM pg_class
        WHERE relnamespace = current_schema()::regnamespace AND relkind <> 'S'
    )
    SELECT relname, 'the trigger', tgname FROM ours JOIN pg_trigger ON tgrelid = ours.oid
    WHERE NOT tgisinternal OR tgfoid >= 16384
    UNION ALL
    SELECT DISTINCT relname, 'no working triggers for its keys', '' FROM ours
    JOIN pg_constraint held ON conrelid = ours.oid WHERE contype = 'f' AND 4 <> (
        SELECT count(*) FROM pg_trigger
        WHERE tgconstraint = held.oid AND tgenabled = 'O' AND tgfoid < 16384
    )
    UNION ALL
    SELECT relname, 'triggers that are switched off', '' FROM ours
    WHERE NOT relhastriggers AND EXISTS (SELECT FROM pg_trigger WHERE tgrelid = ours.oid)
    UNION ALL
    SELECT relname, 'CHECKs that are switched off', '' FROM ours WHERE relchecks <> (
        SELECT count(*) FROM pg_constraint WHERE conrelid = ours.oid AND contype = 'c'
    )
    UNION ALL
    SELECT relname, 'indexes that are switched off', '' FROM ours
    WHERE NOT relhasindex AND EXISTS (SELECT FROM pg_index WHERE indrelid = ours.oid)
    UNION ALL
    SELECT relname, 'the rule', rulename FROM ours JOIN pg_rewrite ON ev_class = ours.oid
    WHERE relkind IN ('r', 'p')
    UNION ALL
    SELECT relname, 'the policy', polname FROM ours JOIN pg_policy ON polrelid = ours.oid
    UNION ALL
    SELECT relname, 'row security', '' FROM ours WHERE relrowsecurity OR relforcerowsecurity
    UNION ALL
    SELECT parent.relname, 'the rows of another table, too:', child.relname
    FROM pg_inherits JOIN ours parent ON parent.oid = inhparent
    JOIN pg_class child ON child.oid = inhrelid
    UNION ALL
    SELECT relname, 'a view in its place', '' FROM ours WHERE relkind IN ('v', 'm', 'f')
"""
# A function or operator that suits a type better is taken before PostgreSQL's own of that name,
# here and in guards. Numbers from 16384 on are of what came after the database was made.
FOREIGN_EVERYWHERE = """
    WITH theirs AS (
        SELECT 'pg_proc'::regclass kind, oid, pronamespace space, 'the function' what,
            proname name, pg_get_function_identity_arguments(oid) takes,
            oid >= 16384 AND proname IN (SELECT proname FROM pg_proc WHERE oid < 16384) is_theirs
        FROM pg_proc
        UNION ALL
        SELECT 'pg_operator'::regclass, oid, oprnamespace, 'the operator', oprname,
            concat_ws(', ', nullif(oprleft, 0)::regtype, nullif(oprright, 0)::regtype),
            oid >= 16384
        FROM pg_operator
    )
    SELECT 'the event trigger ' || evtname FROM pg_event_trigger
    UNION ALL
    SELECT format('%s %s.%s(%s)', what, nspname, name, takes)
    FROM theirs JOIN pg_namespace ON pg_namespace.oid = space
    WHERE is_theirs AND nspname = ANY (current_schemas(TRUE)) AND NOT EXISTS (
        SELECT FROM pg_depend
        WHERE classid = kind AND objid = theirs.oid AND pg_depend.deptype = 'e'
    )
    UNION ALL
    SELECT format('the cast from %s to %s', castsource::regtype, casttarget::regtype)
    FROM pg_cast WHERE oid >= 16384 AND NOT EXISTS (
        SELECT FROM pg_depend
        WHERE classid = 'pg_cast'::regclass AND objid = pg_cast.oid AND deptype = 'e'
    )
    UNION ALL
    SELECT 'session_replication_role = ' || setting FROM pg_settings
    WHERE name = 'session_replication_role' AND setting <> 'origin'
    ORDER BY 1
"""

# SQLite

# What all tables and indexes are made of: the rest of the catalogue follows from it.
STATEMENTS = """
    SELECT name, coalesce(sql, '') FROM main.sqlite_master WHERE type IN ('table', 'index')
    UNION ALL
    SELECT name, coalesce(sql, '') FROM sqlite_temp_master WHERE type IN ('table', 'index')
    ORDER BY 1, 2
"""
TABLES = "SELECT name, sql FROM {schema}.sqlite_master WHERE type = 'table'"
KEYS = """
    SELECT 'FOREIGN KEY (' || "from" || ') REFERENCES ' || "table" || '(' || "to" || ')'
        || ' ON DELETE ' || on_delete || ' ON UPDATE ' || on_update
    FROM pragma_foreign_key_list(%s)
"""
INDEXES = """
    SELECT listed.name, coalesce(made.sql, '') FROM pragma_index_list(%s) listed
    LEFT JOIN sqlite_master made ON made.type = 'index' AND made.name = listed.name
    WHERE listed."unique"
"""
INDEX_COLUMNS = "SELECT coalesce(name, '?') FROM pragma_index_info(%s) ORDER BY seqno"
FOREIGN_OF_SQLITE = """
    SELECT tbl_name, 'the trigger', name FROM sqlite_master WHERE type = 'trigger'
    UNION ALL
    SELECT name, 'a view in its place', '' FROM sqlite_master WHERE type = 'view'
"""
INDEX_LIST = """
    SELECT listed.name, listed."unique", listed.origin, info.name
    FROM pragma_index_list(%s) listed JOIN pragma_index_info(listed.name) info
    ORDER BY listed.seq, info.seqno
"""
PRIMARY_KEY = "SELECT name FROM pragma_table_info(%s) WHERE pk > 0 ORDER BY pk"
KEY_COLUMNS = 'SELECT "from" FROM pragma_foreign_key_list(%s)'
NAMED = re.compile(r'\bCONSTRAINT\s+"([^"]+)"', re.IGNORECASE)
CHECK = re.compile(r"\bCHECK\s*\(", re.IGNORECASE)
WHERE = re.compile(r"\bWHERE\b(.*)$", re.IGNORECASE | re.DOTALL)
SPACE = re.compile(r"\s+")
QUOTED = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*\"""")
# What no statement of ours has, and what makes a rule stand there that does not hold.
UNLIKE_OURS = re.compile(r"\bON\s+CONFLICT\s+\w+|\bCOLLATE\s+\w+|--|/\*", re.IGNORECASE)


def kept_of_sqlite[T](read: Callable[..., T]) -> Callable[..., T]:
    """Let `read(connection)` read SQLite's catalogue again only once its statements are others.

    That takes a twentieth of the time. Nobody may change what it returns. What somebody changed
    while it was read is not kept: it may tell of other statements than it stands for.
    """
    kept: dict[str, tuple[list[tuple], T]] = {}

    @wraps(read)
    def read_once(connection, **options) -> T:
        if connection.vendor != "sqlite":
            return read(connection, **options)
        stands = _fetch(connection, STATEMENTS)
        before, found = kept.get(connection.alias, (None, None))
        if found is not None and before == stands:
            return found
        found = read(connection, **options)
        if _fetch(connection, STATEMENTS) == stands:
            kept[connection.alias] = stands, found
        return found

    return read_once


@kept_of_sqlite
def read_rules(connection, *, schema: str = "current_schema()::regnamespace") -> Rules:
    """Return the CHECKs, unique indexes and foreign keys of all tables."""
    rules: Rules = defaultdict(Counter)
    pairs = (
        _read_sqlite(connection)
        if connection.vendor == "sqlite"
        else _fetch(connection, f"{CONSTRAINTS} UNION ALL {UNIQUE_INDEXES}".format(schema=schema))
    )
    for table, rule in pairs:
        rules[table][SPACE.sub(" ", rule).strip()] += 1
    return rules


# Of temporary tables: CHECKs and conditions of unique indexes, each with how to make it again.
CONDITIONS = """
    SELECT relation.relname, held.conname, pg_get_constraintdef(held.oid),
        format('ALTER TABLE %I DROP CONSTRAINT %I', relation.relname, held.conname),
        format('ALTER TABLE %I ADD CONSTRAINT %I %s', relation.relname, held.conname,
            pg_get_constraintdef(held.oid))
    FROM pg_constraint held JOIN pg_class relation ON relation.oid = held.conrelid
    WHERE relation.relnamespace = pg_my_temp_schema() AND held.contype = 'c'
    UNION ALL
    SELECT relation.relname, index.relname,
        'UNIQUE ' || regexp_replace(pg_get_indexdef(index.oid), '^.* USING ', ''),
        format('DROP INDEX %I', index.relname), pg_get_indexdef(index.oid)
    FROM pg_index held JOIN pg_class relation ON relation.oid = held.indrelid
    JOIN pg_class index ON index.oid = held.indexrelid
    WHERE relation.relnamespace = pg_my_temp_schema() AND held.indisunique
        AND held.indpred IS NOT NULL
"""


def read_each(connection) -> dict[tuple[str, str], tuple[str, str]]:
    """Return {(table, name): (table, rule)} of what has a condition in temporary tables."""
    return {
        (table, name): (table, SPACE.sub(" ", rule).strip())
        for table, name, rule, _, _ in _fetch(connection, CONDITIONS)
    }


def list_remakings(connection) -> list[tuple[str, str]]:
    """Return the statements that drop each of these and make it again."""
    return [(drop, make) for *_, drop, make in _fetch(connection, CONDITIONS)]


def read_constraints(connection, table: str) -> Constraints:
    """Return a table's constraints: their columns, and whether each is a key, unique, an index.

    Django's introspection parses the statement of each table and index of SQLite, which takes
    sixty times as long as to ask for what it has read itself.
    """
    if connection.vendor != "sqlite":
        with connection.cursor() as cursor:
            return connection.introspection.get_constraints(cursor, table)
    made_by = _fetch(connection, f"{TABLES.format(schema='main')} AND name = %s", [table])
    found = {name: _describe() for _, sql in made_by for name in NAMED.findall(sql)}
    for name, is_unique, origin, column in _fetch(connection, INDEX_LIST, [table]):
        facts = found.setdefault(name, _describe(unique=bool(is_unique), index=origin == "c"))
        facts["columns"].append(column)
    primary = [column for (column,) in _fetch(connection, PRIMARY_KEY, [table])]
    found["__primary__"] = _describe(*primary, primary_key=True)
    for number, (column,) in enumerate(_fetch(connection, KEY_COLUMNS, [table])):
        found[f"fk_{number}"] = _describe(column, foreign_key=True)
    return found


def _describe(*columns: str, **kinds: bool) -> dict[str, Any]:
    none = dict.fromkeys(("primary_key", "unique", "index", "foreign_key"), False)
    return {"columns": [*columns], **none, **kinds}


def read_foreign(connection) -> Foreign:
    """Yield what may stand on a table beside its rules, our own guards among it."""
    if connection.vendor == "postgresql":
        yield from _fetch(connection, FOREIGN)
        return
    yield from _fetch(connection, FOREIGN_OF_SQLITE)
    for table, sql in _fetch(connection, TABLES.format(schema="main")):
        for found in UNLIKE_OURS.findall(_blank_quoted(sql)):
            yield table, "a comment" if found in ("--", "/*") else found, ""


def read_foreign_everywhere(connection) -> list[str]:
    if connection.vendor != "postgresql":
        return []
    return [name for (name,) in _fetch(connection, FOREIGN_EVERYWHERE)]


def _fetch(connection, sql: str, parameters=None) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def _read_sqlite(connection) -> Iterator[tuple[str, str]]:
    for table, sql in _fetch(connection, TABLES.format(schema="main")):
        for check in _find_checks(sql):
            yield table, f"CHECK {check}"
        for (key,) in _fetch(connection, KEYS, [table]):
            yield table, key
        for index, made_by in _fetch(connection, INDEXES, [table]):
            columns = ", ".join(name for (name,) in _fetch(connection, INDEX_COLUMNS, [index]))
            condition = WHERE.search(made_by)
            yield table, f"UNIQUE ({columns})" + (f" WHERE{condition[1]}" if condition else "")


def _find_checks(sql: str) -> Iterator[str]:
    """Yield the conditions of a table's CHECKs, each in its brackets."""
    unquoted = _blank_quoted(sql)
    for match in CHECK.finditer(unquoted):
        depth = 0
        for at in range(match.end() - 1, len(sql)):
            depth += {"(": 1, ")": -1}.get(unquoted[at], 0)
            if not depth:
                yield sql[match.end() - 1 : at + 1]
                break


def _blank_quoted(sql: str) -> str:
    """Return it with as many blanks for each text or name in quotes."""
    return QUOTED.sub(lambda match: " " * len(match[0]), sql)
