"""System checks of billing: settings that lead to wrong payments, or to none."""

from decimal import Decimal
from importlib.util import find_spec

from django.conf import settings
from django.core.checks import Error, Info, Tags, Warning, register
from django.db import DatabaseError
from django.utils import timezone

from billing.bank.own_account import find_account_problems, find_nacha_problems
from billing.books.accounts import find_problems
from billing.books.formats.datev import find_datev_problems
from billing.counting.archive.stores import check_url
from billing.counting.robots import FINDERS
from billing.errors import ArchiveMissing
from billing.models import CategoryPrice
from billing.money import ENTRIES_BELOW, LARGEST_BATCH, is_currency, is_storable
from billing.payouts.other_currencies import find_foreign_batches, find_other_currencies
from billing.periods import day_of, month_of


@register
def check_currency(app_configs, **kwargs):
    if is_currency(settings.CURRENCY):
        return []
    return [
        Error(
            f"CURRENCY is “{settings.CURRENCY}”, which is no currency.",
            hint="Use its three letters by ISO 4217, such as USD.",
            id="billing.E001",
        )
    ]


@register(Tags.database)
def check_outstanding_currencies(app_configs, databases=(), **kwargs):
    """Say that money waits in a currency that no batch is built in.

    It is news for finance, whose home page has it as a task; the installation has no fault.
    """
    if not databases:
        return []
    currency, until = settings.CURRENCY, month_of(day_of(timezone.now()))
    try:
        waits = [str(waiting) for waiting in find_other_currencies(currency, until=until)]
        batches = find_foreign_batches(currency)
    except DatabaseError:
        return []  # before the first `migrate` there is no table
    waits += [f"the batch of {batch}, in {batch.currency}" for batch in batches]
    if not waits:
        return []
    return [
        Info(
            f"CURRENCY is {currency}, and in another currency there waits: {'; '.join(waits)}.",
            hint=(
                "Set CURRENCY back, pay what waits, and change it then. Amounts of two currencies "
                "never meet in a payment: until then these wait."
            ),
            id="billing.I002",
        )
    ]


@register(Tags.database)
def check_price_currency(app_configs, databases=(), **kwargs):
    """Warn where all prices are in other currencies than CURRENCY: nothing would be paid.

    A house that never set CURRENCY gets a new default with a release.
    """
    if not databases:
        return []
    try:
        currencies = sorted({*CategoryPrice.objects.order_by().values_list("currency", flat=True)})
    except DatabaseError:
        return []  # before the first `migrate` there is no table
    if not currencies or settings.CURRENCY in currencies:
        return []
    names = " and ".join(currencies)
    return [
        Warning(
            f"CURRENCY is {settings.CURRENCY}, and every price is in {names}: the next batch would "
            "pay no view.",
            hint=(
                f"If the house still pays in {names}, write CURRENCY={currencies[-1]} into .env, "
                "or into the environment. If it changes, enter a price in "
                f"{settings.CURRENCY} for each category: “Another currency, and other settings” in "
                "docs/finance.md says in which order."
            ),
            id="billing.W025",
        )
    ]


@register
def check_robot_lists(app_configs, **kwargs):
    unknown = [name for name in settings.ROBOT_LISTS if name not in FINDERS]
    if settings.ROBOT_LISTS and not unknown:
        return []
    return [
        Error(
            f"ROBOT_LISTS is {settings.ROBOT_LISTS}.",
            hint=f"Name at least one of {', '.join(FINDERS)}, and nothing else.",
            id="billing.E002",
        )
    ]


@register
def check_limits(app_configs, **kwargs):
    """Amounts that no batch could store, or that would let everything or nothing through."""
    minimum, limit = Decimal(settings.MINIMUM_PAYOUT), Decimal(settings.SECOND_APPROVAL_ABOVE)
    wrong = []
    if not is_storable(minimum):
        wrong.append(("MINIMUM_PAYOUT", minimum, ENTRIES_BELOW))
    if limit != Decimal("Infinity") and not is_storable(limit, below=LARGEST_BATCH):
        wrong.append(("SECOND_APPROVAL_ABOVE", limit, LARGEST_BATCH))
    return [
        Error(
            f"{name} is {value}, which no batch can store.",
            hint=f"Give zero or more, less than {below:,}, with at most six decimals.",
            id="billing.E005",
        )
        for name, value, below in wrong
    ]


@register
def check_books(app_configs, **kwargs):
    """Accounts of the books that are missing or wrong, once somebody has begun to set them."""
    if not settings.BOOKS_ACCOUNTS and not settings.BOOKS_DATEV:
        return []
    problems = [*find_problems(), *(find_datev_problems() if settings.BOOKS_DATEV else [])]
    return [
        Error(problem, hint="See “Books” in docs/finance.md.", id="billing.E006")
        for problem in problems
    ]


@register
def check_bank_files(app_configs, **kwargs):
    """What is wrong with the account that pays, once somebody has begun to set it."""
    problems = list(find_account_problems()) if settings.BANK_ACCOUNT else []
    problems += find_nacha_problems() if settings.BANK_NACHA else []
    return [
        Error(problem, hint="See “Files to the bank” in docs/finance.md.", id="billing.E009")
        for problem in problems
    ]


@register
def check_retention_days(app_configs, **kwargs):
    if settings.VIEW_RETENTION_DAYS > 0:
        return []
    return [
        Error(
            f"VIEW_RETENTION_DAYS is {settings.VIEW_RETENTION_DAYS}: retention would drop views "
            f"as soon as they are paid.",
            hint="Give the number of days during which auditors need the single views.",
            id="billing.E004",
        )
    ]


@register
def check_archive(app_configs, **kwargs):
    """Say that ARCHIVE_URL leads nowhere, or that nothing here can read what lies there."""
    if not settings.ARCHIVE_URL:
        return []
    try:
        check_url(settings.ARCHIVE_URL)
        problems = [
            f"ARCHIVE_URL is set, and {library} is not installed."
            for library in ("duckdb", "obstore")
            if find_spec(library) is None
        ]
    except ArchiveMissing as error:
        problems = [str(error)]
    hint = "See “The archive” in docs/operations.md."
    return [Error(problem, hint=hint, id="billing.E010") for problem in problems]


@register
def check_grace_days(app_configs, **kwargs):
    if settings.PAYOUT_GRACE_DAYS >= 0:
        return []
    return [
        Error(
            "PAYOUT_GRACE_DAYS is negative: months would be paid before they are over.",
            id="billing.E003",
        )
    ]


@register
def check_alarm_days(app_configs, **kwargs):
    if settings.OUTSTANDING_ALARM_DAYS > 0:
        return []
    return [
        Error(
            f"OUTSTANDING_ALARM_DAYS is {settings.OUTSTANDING_ALARM_DAYS}: all money that waits "
            "would be an alarm.",
            hint="Give the number of days after which money that waits is told to finance.",
            id="billing.E007",
        )
    ]


@register
def check_broker(app_configs, **kwargs):
    if not settings.VIEWS_BROKER or find_spec("nats"):
        return []
    return [
        Error(
            "VIEWS_BROKER is set, and the library nats-py is not installed.",
            hint="Install requirements-scale.txt, or take VIEWS_BROKER out.",
            id="billing.E011",
        )
    ]
