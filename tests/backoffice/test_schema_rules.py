import pytest
from django.core.checks import run_checks
from django.db import connection

from backoffice.schema import find_schema_differences
from backoffice.schema_catalogue import _find_checks
from backoffice.schema_rules import find_foreign_rules

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.postgresql]


def execute(*statements):
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def test_models_and_database_agree():
    assert find_schema_differences(connection) == {}
    assert find_foreign_rules(connection) == {}


TRIGGER = {
    "sqlite": ["CREATE TRIGGER theirs AFTER INSERT ON auth_user BEGIN SELECT 1; END"],
    "postgresql": [
        "CREATE FUNCTION theirs() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "CREATE TRIGGER theirs BEFORE INSERT ON auth_user FOR EACH ROW EXECUTE FUNCTION theirs()",
    ],
}


def test_trigger_of_somebody_else_is_named_whatever_its_name():
    name = "backoffice_guard_user_insert"  # none of ours is called so
    execute(*(sql.replace("theirs", name) for sql in TRIGGER[connection.vendor]))
    assert find_foreign_rules(connection) == {"auth_user": [f"the trigger {name}"]}
    (warning,) = run_checks(tags=["database"], databases=["default"])
    assert warning.id == "backoffice.W021"
    assert f"auth_user has the trigger {name}, which nobody here made" in warning.msg


def test_unique_index_that_went_or_came_is_named():
    execute(
        "CREATE UNIQUE INDEX theirs ON auth_user (last_name) WHERE last_name > ''",
    )
    ((table, (rule,)),) = find_foreign_rules(connection).items()
    assert (table, rule.startswith("UNIQUE")) == ("auth_user", True)
    assert "last_name" in rule


IN_PLACE = [
    (
        "ALTER TABLE auth_permission ADD CONSTRAINT theirs CHECK (name <> 'x')",
        "has",
        "CHECK (((name)::text <> 'x'::text))",
    ),
    (
        "ALTER TABLE auth_group DROP CONSTRAINT auth_group_name_key",
        "lacks",
        "the rule UNIQUE btree (name)",
    ),
    (
        "CREATE RULE theirs AS ON DELETE TO auth_user DO INSTEAD NOTHING",
        "has",
        "the rule theirs",
    ),
    ("ALTER TABLE auth_user ENABLE ROW LEVEL SECURITY", "has", "row security"),
    ("CREATE POLICY theirs ON auth_user USING (FALSE)", "has", "the policy theirs"),
    (
        "CREATE TABLE theirs () INHERITS (auth_group)",
        "has",
        "the rows of another table, too: theirs",
    ),
    (
        "ALTER TABLE auth_user_groups DISABLE TRIGGER ALL",
        "has",
        "no working triggers for its keys",
    ),
]


@pytest.mark.thorough
@pytest.mark.parametrize(("statement", "side", "rule"), IN_PLACE)
def test_what_the_owner_of_a_postgresql_changes_is_named(statement, side, rule):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite knows no such thing, or makes a table anew for it.")
    connection.check_constraints()
    execute(statement)
    both = {"has": find_foreign_rules(connection), "lacks": find_schema_differences(connection)}
    assert rule in [one for rules in both[side].values() for one in rules]


def test_key_that_deletes_what_it_protected_is_named():
    if connection.vendor == "postgresql":
        (name,) = (
            name
            for name, facts in connection.introspection.get_constraints(
                connection.cursor(), "auth_user_groups"
            ).items()
            if facts["foreign_key"] and facts["columns"] == ["user_id"]
        )
        execute(
            f"ALTER TABLE auth_user_groups DROP CONSTRAINT {name}",
            f"ALTER TABLE auth_user_groups ADD CONSTRAINT {name} FOREIGN KEY (user_id) "
            "REFERENCES auth_user (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED",
        )
    else:
        execute("DROP TABLE auth_user_groups")
        execute(
            "CREATE TABLE auth_user_groups (id integer NOT NULL PRIMARY KEY AUTOINCREMENT, user_id "
            "integer NOT NULL REFERENCES auth_user (id) ON DELETE CASCADE, group_id integer NOT "
            "NULL REFERENCES auth_group (id), UNIQUE (user_id, group_id))"
        )
    assert any(
        "ON DELETE CASCADE" in rule for rule in find_foreign_rules(connection)["auth_user_groups"]
    )
    lacks = find_schema_differences(connection)["auth_user_groups"]
    assert any("FOREIGN KEY (user_id)" in rule for rule in lacks)


def test_checks_of_a_table_are_read_from_its_text():
    sql = "CREATE TABLE t (a int CHECK (a >= 0), CONSTRAINT b CHECK ((NOT (c = ')') AND (d = 1))))"
    assert list(_find_checks(sql)) == ["(a >= 0)", "((NOT (c = ')') AND (d = 1)))"]
    sql = """CREATE TABLE t (a text DEFAULT 'x CHECK (1)', CONSTRAINT "CHECK (2)" CHECK (a = ''))"""
    assert list(_find_checks(sql)) == ["(a = '')"]
