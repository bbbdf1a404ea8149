"""What the role by which we open a database may do there beyond reading and writing rows."""

# MEMBER: it may become the owner. TRUNCATE and TRIGGER pass the guards by, or replace them.
CHANGES_TABLES = """
    SELECT EXISTS (
        SELECT FROM pg_class
        WHERE relnamespace = to_regnamespace(current_schema()) AND relkind IN ('r', 'p')
          AND (
            pg_has_role(relowner, 'MEMBER')
            OR has_table_privilege(oid, 'TRUNCATE')
            OR has_table_privilege(oid, 'TRIGGER')
          )
    )
"""


def can_change_tables(connection) -> bool:
    """Whether our role could take the guards away. SQLite has no roles, so nothing to ask for."""
    if connection.vendor != "postgresql":
        return False
    with connection.cursor() as cursor:
        cursor.execute(CHANGES_TABLES)
        (found,) = cursor.fetchone()
    return found
