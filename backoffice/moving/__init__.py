"""From SQLite to PostgreSQL: every row of every table, in one transaction, compared afterwards.

Begin with move. source reads the file, target fills the server, rows says what a value is on both.
"""
