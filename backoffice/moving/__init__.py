"""Moves every row from SQLite to PostgreSQL in one transaction, and compares them afterwards.

Start with move. source reads the file, target fills the server, and rows knows how each of them
stores a value.
"""
