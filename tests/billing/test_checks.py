import pytest

from billing.checks import (
    check_archive,
    check_bank_files,
    check_books,
    check_currency,
    check_grace_days,
    check_retention_days,
    check_robot_lists,
)

pytestmark = pytest.mark.any_database

BOOKS = {
    "cost": "5900", "adjustments": "5905", "rounding": "6859", "authors": "3500",
    "waiting": "3501", "clearing": "1460", "bank": "1800",
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "check", "found"),
    [
        ("CURRENCY", "USD", check_currency, []),
        ("CURRENCY", "euro", check_currency, ["billing.E001"]),
        ("ROBOT_LISTS", ["counter"], check_robot_lists, []),
        ("ROBOT_LISTS", [], check_robot_lists, ["billing.E002"]),
        ("ROBOT_LISTS", ["counter", "mine"], check_robot_lists, ["billing.E002"]),
        ("PAYOUT_GRACE_DAYS", 0, check_grace_days, []),
        ("PAYOUT_GRACE_DAYS", -1, check_grace_days, ["billing.E003"]),
        ("ARCHIVE_URL", "", check_archive, []),
        ("ARCHIVE_URL", "archive", check_archive, ["billing.E010"]),
        ("ARCHIVE_URL", "s3:///path", check_archive, ["billing.E010"]),
        ("ARCHIVE_URL", "s3://bucket:9000/path", check_archive, ["billing.E010"]),
        ("ARCHIVE_URL", "s3://key:secret@bucket", check_archive, ["billing.E010"]),
        ("ARCHIVE_URL", "s3://bucket/path", check_archive, []),
        ("VIEW_RETENTION_DAYS", 1, check_retention_days, []),
        ("VIEW_RETENTION_DAYS", 0, check_retention_days, ["billing.E004"]),
        ("BOOKS_ACCOUNTS", {}, check_books, []),
        ("BOOKS_ACCOUNTS", BOOKS, check_books, []),
        ("BOOKS_ACCOUNTS", BOOKS | {"bank": ""}, check_books, ["billing.E006"]),
        ("BOOKS_ACCOUNTS", BOOKS | {"bank": BOOKS["cost"]}, check_books, ["billing.E006"]),
        ("BANK_ACCOUNT", {"name": "Imprint", "iban": "DE0"}, check_bank_files, ["billing.E009"]),
        ("BANK_NACHA", {"routing": "1"}, check_bank_files, ["billing.E009"] * 4),
        ("BOOKS_DATEV", {"client": "1", "consultant": "29098"}, check_books, ["billing.E006"] * 7),
    ],
)
def test_setting_is_checked(name, value, check, found, settings):
    setattr(settings, name, value)
    assert [error.id for error in check(None)] == found
