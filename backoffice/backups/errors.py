class BackupError(Exception):
    """Why no backup was made or restored. `str(error)` says what to do."""
