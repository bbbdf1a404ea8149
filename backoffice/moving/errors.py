class MoveError(Exception):
    """Why nothing was moved. `str(error)` says what to do."""
