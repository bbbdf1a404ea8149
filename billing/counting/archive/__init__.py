"""The archive: the views of closed and sealed days as Parquet files, outside the database.

A day is one file for each shard of blogs that has views, and a manifest: rows, views by outcome,
the SHA-256 of each file, the seals of the views. The manifest is a link of the chain over views, so
the database proves the archive. Start in archiving.py; verifying.py reads a day on any engine,
restoring.py brings one back, stores.py knows where files lie.
"""
