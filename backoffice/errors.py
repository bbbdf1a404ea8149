class Refusal(Exception):
    """Why something asked for is not done. `str(refusal)` is shown to the person as it stands.

    It says what to do next. Each app has its own kinds: billing.errors, weblog.errors.
    """
