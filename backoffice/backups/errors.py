class BackupError(Exception):
    """Why no backup was made, or none restored; `str(error)` says what to do next."""
