"""Refusals of requests about money. Pages show each message to the clerk unchanged."""

from collections.abc import Mapping

from backoffice.errors import Refusal
from backoffice.reasons import explain_missing_word


class BillingError(Refusal):
    """The base of all refusals; `str(error)` says what to do next."""


class InvalidMonth(BillingError):
    pass


class MonthNotClosed(BillingError):
    pass


class ClockDoubted(BillingError):
    """This machine's clock contradicts the times in the database."""


class MissingPrice(BillingError):
    pass


class NothingToBuild(BillingError):
    pass


class MonthsRefused(BillingError):
    """Some closed months could not be built: `refusals`, by month. The `batches` could."""

    def __init__(self, batches, refusals):
        built = f"Built as drafts: {', '.join(map(str, batches))}. " if batches else ""
        told = " ".join(f"Not built: {month:%B %Y}. {why}" for month, why in refusals.items())
        super().__init__(f"{built}{told}")
        self.batches, self.refusals = batches, refusals


class PriceInUse(BillingError):
    pass


class AmountTooLarge(BillingError):
    """A line, payment or batch would pass the bounds of billing.money."""


class NothingToPay(BillingError):
    """A batch without a payment has no file for the bank."""


class NothingToPost(BillingError):
    """A month without an entry, or a year without a payment, has no file of the books."""


class SettingChanged(BillingError):
    """A setting that the batch stores has another value today."""


class MonthSigned(BillingError):
    pass


class WrongStatus(BillingError):
    pass


class FourEyesViolation(BillingError):
    pass


class OwnMoney(FourEyesViolation):
    """Somebody tried to decide about money that is their own: see billing.own_money."""


class BatchOutdated(BillingError):
    pass


class BatchTampered(BillingError):
    pass


class BatchBlocked(BillingError):
    pass


class PricesOvertaken(BillingError):
    """A price was changed after somebody saw what theirs would change."""


class PricesRefused(BillingError):
    """Some of several prices can't be saved. `refusals` says why, by the place of each."""

    def __init__(self, refusals: Mapping[int, str]):
        self.refusals = dict(refusals)
        super().__init__(" ".join(self.refusals.values()))


class AcknowledgementMissing(BillingError):
    pass


class HoldEnded(BillingError):
    pass


class ReasonRequired(BillingError):
    pass


def require_reason(reason: str, refusal: str) -> None:
    """Raise ReasonRequired, with the refusal, where the reason says nothing, as “.” does."""
    if refusal := explain_missing_word(reason, refusal):
        raise ReasonRequired(refusal)


class InvalidPathPattern(BillingError):
    pass


class UnreadableAccessLog(BillingError):
    pass


class UnknownLogFormat(UnreadableAccessLog):
    """No line of a log is of a format that is read."""


class NotSealed(BillingError):
    """Views must stay: their month is not paid, or their sum differs from the counts."""


class NotAsSealed(NotSealed):
    """Views, or their sum, are not what was sealed or counted: somebody has to mend them."""


class ArchiveMissing(BillingError):
    """There is no archive, or not where ARCHIVE_URL says, or no library that reads it."""


class ArchiveUnreachable(BillingError):
    """The store does not answer, or refuses."""


class ArchiveDamaged(BillingError):
    """What lies in the archive is not what was sealed. `faults` holds a sentence for each."""

    def __init__(self, faults):
        super().__init__(" ".join(faults))
        self.faults = faults


class NotRestored(BillingError):
    """A day can't be brought back from the archive: the message says why."""


class InvalidAdjustment(BillingError):
    pass


class AdjustmentInUse(BillingError):
    pass


class UnknownFormat(BillingError):
    pass


class FileRefused(BillingError):
    """What a format's check found against a file: `problems`, a sentence for each."""

    def __init__(self, problems):
        super().__init__(" ".join(problems))
        self.problems = problems


class FileChanged(BillingError):
    """A file to the bank can't be made again as it was."""


class InvalidResults(BillingError):
    """Rows of bank results are wrong. `problems` holds a sentence for each."""

    def __init__(self, problems):
        super().__init__(" ".join(problems))
        self.problems = problems


class KeysMissing(BillingError):
    """No key for payees' details, or keys that can't be read."""


class DetailsUnreadable(BillingError):
    """Encrypted details can't be read: the message says why."""


class KeyGone(DetailsUnreadable):
    """The key that encrypted it is not among those of this installation."""


class InvalidDetails(BillingError):
    """Details of a payee are wrong: `fields` has a sentence for each field."""

    def __init__(self, fields):
        super().__init__(" ".join(fields.values()))
        self.fields = fields


class NothingWaits(BillingError):
    """There is no change of a payee to confirm or to take back, or it is another one by now."""


class AlreadyAsked(BillingError):
    """An author asked twice about one line, without waiting for the answer."""


class AlreadyAnswered(BillingError):
    pass


class NotTheirs(BillingError):
    """An author tried to change details that are not theirs alone."""
