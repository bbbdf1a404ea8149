"""Why a request about money was refused. Each message is shown to the clerk as it stands."""

from backoffice.errors import Refusal


class BillingError(Refusal):
    """The base of all refusals; `str(error)` says what to do next."""


class InvalidMonth(BillingError):
    pass


class MonthNotClosed(BillingError):
    pass


class ClockDoubted(BillingError):
    """This machine's clock contradicts what the database knows of the time."""


class MissingPrice(BillingError):
    pass


class PriceInUse(BillingError):
    pass


class MonthSigned(BillingError):
    pass


class WrongStatus(BillingError):
    pass


class FourEyesViolation(BillingError):
    pass


class BatchOutdated(BillingError):
    pass


class BatchTampered(BillingError):
    pass


class BatchBlocked(BillingError):
    pass


class AcknowledgementMissing(BillingError):
    pass


class InstructionEnded(BillingError):
    pass


class ReasonRequired(BillingError):
    pass


def require_reason(reason: str, refusal: str) -> None:
    """Raise ReasonRequired, with the refusal, where the reason says nothing."""
    if not reason.strip():
        raise ReasonRequired(refusal)


class InvalidPathPattern(BillingError):
    pass


class UnreadableAccessLog(BillingError):
    pass


class NotSealed(BillingError):
    """Views are still needed: their month is not paid, or they don't come to its counts."""


class InvalidAdjustment(BillingError):
    pass


class AdjustmentInUse(BillingError):
    pass


class InvalidResults(BillingError):
    """What is wrong with rows of bank results: `problems`, a sentence for each."""

    def __init__(self, problems):
        super().__init__(" ".join(problems))
        self.problems = problems
