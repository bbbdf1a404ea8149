"""No bank detail in clear in what is written beside the tables: database files, logs, mails."""

import datetime as dt
import logging
from pathlib import Path

import pytest
from django.conf import settings as project
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.urls import reverse

from backoffice.logs import ContextFilter, make_formatter
from backoffice.models import Mail
from billing.bank.exports import export_payments
from billing.payees.changes import confirm_payee, show_details
from billing.payees.keys import add_key
from billing.payees.reading import find_own_payee, name_waiting
from billing.payouts import steps
from tests.factories import (
    IBANS,
    approve,
    describe_payee,
    make_blog,
    make_category,
    make_count,
    make_groups,
    make_price,
    make_user,
)

AT = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
MISTYPED = "DE89370400440532013001"
HIDDEN = (IBANS[0], IBANS[0][4:], MISTYPED, "COBADEFF", "Verborgenweg", "DE136695976")


@pytest.fixture
def log_file(tmp_path):
    """The lines that a worker or a job writes, more of them than it does."""
    path = tmp_path / "application.log"
    handler = logging.FileHandler(path)
    handler.setFormatter(make_formatter(debug=False))
    handler.addFilter(ContextFilter())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield path
    root.setLevel(level)
    root.removeHandler(handler)
    handler.close()


def read_database_files():
    """Return the bytes of SQLite's file and its log, or of PostgreSQL's tables and WAL."""
    if connection.vendor == "sqlite":
        file = Path(connection.settings_dict["NAME"])
        log = file.with_name(f"{file.name}-wal")
        return file.read_bytes() + (log.read_bytes() if log.exists() else b"")
    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")
        cursor.execute("SHOW data_directory")
        folder = Path(cursor.fetchone()[0])
    files = [path for part in ("base", "pg_wal") for path in (folder / part).rglob("*")]
    return b"".join(path.read_bytes() for path in files if path.is_file())


def find_in(written):
    """Return what of a person's details stands in the bytes, in either text encoding."""
    return [
        text for text in HIDDEN if text.encode() in written or text.encode("utf-16-le") in written
    ]


def pay_ada(client, settings):
    """Enter details, wrong ones first; confirm, see, pay and encrypt them anew."""
    make_groups("10_groups.json", "30_billing_groups.json")
    ada, finance = make_user(groups=["Authors"], email="ada@example.org"), make_user()
    client.force_login(ada)
    typed = describe_payee(kind="person", street="Verborgenweg")
    assert client.post(reverse("admin:billing_own_payee"), typed | {"iban": MISTYPED}).status_code
    client.post(reverse("admin:billing_own_payee"), typed)
    payee = find_own_payee(ada, at=AT)
    confirm_payee(
        payee=payee, by=finance, note="Called them", seen=name_waiting(payee),
        at=AT - dt.timedelta(hours=100),
    )  # fmt: skip
    show_details(details=payee.versions.get(), by=finance, reason="The bank asks", at=AT)
    category = make_category()
    make_price(category, "10")
    make_count(make_blog(author=ada, category=category), 1000)
    batch, _ = steps.build_batch(month=dt.date(2026, 10, 1), at=AT)
    batch = approve(steps.submit_batch(batch=batch, by=make_user(), at=AT), at=AT)
    export_payments(batch=batch, at=AT)
    settings.PAYEE_KEYS = add_key(settings.PAYEE_KEYS)
    call_command("rotate_payee_keys", "--go-on", verbosity=0)
    return payee


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_no_detail_stands_in_clear_in_files_of_the_database_logs_or_mails(
    client, settings, log_file, capfd
):
    payee = pay_ada(client, settings)
    logging.getLogger("billing").error("A failure on the way: account_number=%s", MISTYPED)
    files = read_database_files()
    assert payee.versions.get().account_digest.encode() in files  # what is looked through is there
    lines = log_file.read_text()
    assert "A failure on the way" in lines
    output = capfd.readouterr()
    mails = "".join(f"{message.body}{message.alternatives}" for message in mail.outbox)
    record = repr(list(Mail.objects.values_list()))
    assert len(mail.outbox) > 1
    assert project.SECRET_KEY not in lines
    written = [files, lines, output.out, output.err, mails, record]
    assert [find_in(text if isinstance(text, bytes) else text.encode()) for text in written] == [
        [], [], [], [], [], []
    ]  # fmt: skip
