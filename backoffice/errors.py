class Refusal(Exception):
    """The reason why a request is refused. `str(refusal)` is shown to the person as it stands.

    It says what to do next. Each app has its own kinds: billing.errors, weblog.errors.
    """


class ReasonMissing(Refusal):
    """Somebody was asked why, and wrote no word."""
