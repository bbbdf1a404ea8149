import sqlite3

import psycopg
import pytest
from django.core.management import CommandError
from django.db import DataError, IntegrityError, OperationalError

from backoffice.scrubbing import describe_exception, describe_message, scrub

pytestmark = pytest.mark.any_database


class FakeDiagnosis:
    table_name, column_name, constraint_name = "billing_payee", None, "billing_payee_unique"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Failed for 203.0.113.9.", "Failed for …."),
        ("Failed for 2001:db8::1 today", "Failed for … today"),
        ("::ffff:203.0.113.9 asked", "… asked"),
        ("It came from Mozilla/5.0 (X11; Linux) Firefox/128", "It came from …"),
        ("GET /search/?q=my+illness HTTP/1.1", "GET /search/?… HTTP/1.1"),
        ("ines.m+x@mail.example.org wrote", "… wrote"),
        ("To DE89 3704 0044 0532 0130 00 now", "To … now"),
        ("To de89370400440532013000.", "To …."),
        ("Account 1234567890 is unknown", "Account … is unknown"),
        ("password=hunter2, and so on", "password=… and so on"),
        ("{'password1': 'a b c', 'x': 1}", "{'password1': …, 'x': 1}"),
        ('"iban": "x y"', '"iban": …'),
        ("postgres://writer:geheim@db/house", "postgres://…@db/house"),
        ("At /reset/3-cq1x2y-6f0123456789abcdef012345/", "At /reset/…/"),
        # What is nobody's stays.
        *[("3 views folded at 12:30:45 on 2026-11-27.",) * 2],
        *[("Version 1.2.3 of /admin/weblog/blog/7/change/",) * 2],
        *[("What? No price for Tech.",) * 2],
    ],
)  # fmt: skip
def test_text_is_left_without_what_is_somebodys(text, left):
    assert scrub(text) == left


def test_secrets_of_the_settings_are_taken_out(settings):
    settings.SECRET_KEY = "correct horse"
    settings.MAILERS = {"default": {"OPTIONS": {"password": "battery staple"}}}
    assert scrub("It is correct horse and battery staple.") == "It is … and …."


def integrity_error():
    error = IntegrityError("duplicate key\nDETAIL:  Key (iban)=(DE89) exists for “Ines Muster”.")
    error.__cause__ = psycopg.errors.UniqueViolation()
    return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (CommandError("No price for Tech."), "No price for Tech."),
        (ValueError("Ines Muster lives in Bern"), ""),
        (KeyError("Ines Muster"), ""),
        (RuntimeError("Ines Muster"), ""),
        (AttributeError("'NoneType' object has no attribute 'pk'"),) * 2,
        (OSError(28, "No space left on device", "/home/ines"), "No space left on device"),
        (OperationalError("database is locked"), "database is locked"),
        (OperationalError('role "ines" fails'), "role … fails"),
        (DataError("invalid input for integer: Ines"), ""),
        (IntegrityError("UNIQUE constraint failed: billing_payee.iban"),) * 2,
        (integrity_error(), "duplicate key 23505"),
        (sqlite3.OperationalError("Ines Muster"), ""),
    ],
)  # fmt: skip
def test_message_that_leaves_names_no_values(error, words):
    assert describe_message(error, leaves=True) == str(words)


def test_database_names_the_constraint_and_not_the_row(monkeypatch):
    error = IntegrityError('duplicate key violates "x"\nDETAIL:  Key (iban)=(DE89)')
    error.diag, error.sqlstate = FakeDiagnosis, "23505"
    words = describe_message(error, leaves=True)
    assert words == "duplicate key violates … 23505 billing_payee billing_payee_unique"


def test_traceback_shows_the_chain_without_values():
    try:
        try:
            int("geheim")
        except ValueError as error:
            raise KeyError("also geheim") from error
    except KeyError as error:
        leaving = describe_exception(error, leaves=True)
        staying = describe_exception(error, leaves=False)
    assert "geheim" not in leaving
    assert "test_scrubbing.py" in leaving
    assert leaving.index("ValueError") < leaving.index("which led to") < leaving.index("KeyError")
    assert "also geheim" in staying


def test_circle_of_causes_ends():
    first, second = ValueError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first
    assert describe_exception(first, leaves=True).count("ValueError") == 2
