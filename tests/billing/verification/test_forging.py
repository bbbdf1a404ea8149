"""Random forgeries over every table and column of money, views and people.

Each is made by the owner of the database, without the guards, and passes keys and constraints. It
must be found and named, or stand in tests/billing/unknowable.py and docs/finance.md.
TAMPERINGS=1000 tries more, and FORGING_SEED=N others.
"""

import datetime as dt
import io
import os
from collections import Counter
from decimal import Decimal
from importlib.util import find_spec

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.db import connection, transaction
from django.utils import timezone

from backoffice.jobs import records
from backoffice.models import JobRun
from billing import verification
from billing.bank.by_hand import confirm_hand_payment, propose_hand_payment
from billing.bank.exports import export_payments, take_file
from billing.bank.results.recording import record_results
from billing.books.exports import export_journal
from billing.counting.access_logs.importing import import_access_log
from billing.counting.archive.archiving import archive_views
from billing.counting.folding import fold_views
from billing.counting.retention import retire_day
from billing.findings.decisions import exclude_views
from billing.guards import remove_guards
from billing.models import (
    Adjustment,
    BankTable,
    BlogView,
    CategoryPrice,
    LostViewTotal,
    OutstandingAlarm,
    PayeeDetails,
    PaymentLine,
    RobotException,
    StreamPosition,
    WriterDay,
)
from billing.payees.changes import show_details
from billing.payouts import steps
from billing.payouts.adjustments import save_adjustment
from billing.payouts.attachments import look_at_file
from billing.payouts.comments import add_comment
from billing.payouts.disputes import answer_dispute, ask_about_line
from billing.payouts.holds import hold_payment
from billing.prices.rules import save_price
from billing.proof.traces import seal_traces
from billing.verification import verify_payouts
from tests.billing.bank_files import ACCOUNT
from tests.billing.forging import AT, forge, list_deeds, list_tables, make_generator
from tests.billing.unknowable import is_unknowable
from tests.factories import (
    approve,
    make_blog,
    make_category,
    make_click,
    make_finding,
    make_payee,
    make_user,
)
from weblog.importing.authors import confirm_author
from weblog.models import ImportedAuthor

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.long, pytest.mark.thorough]

TAMPERINGS = int(os.environ.get("TAMPERINGS", 1_000 if os.environ.get("TEST_ALL") == "1" else 24))
SEED = os.environ.get("FORGING_SEED", "")
AT_A_TIME = 100  # for each house

WITH_TRACES = {"accounts", "traces"}


@pytest.fixture
def house(settings, tmp_path):
    """A house in which every table has rows; verified and sealed."""
    settings.BANK_ACCOUNT = ACCOUNT
    settings.ARCHIVE_URL, settings.ARCHIVE_WORK_DIR = str(tmp_path / "archive"), tmp_path / "work"
    finance = make_user()
    tech, sports = make_category("Tech"), make_category("Sports")
    always = dt.date(2020, 1, 1)
    prices = [(tech, "15", always), (tech, "18", dt.date(2026, 9, 15)), (sports, "10", always)]
    for category, price, day in prices:
        new = CategoryPrice(category=category, price_per_1000=Decimal(price), effective_from=day)
        save_price(price=new, by=finance)
    blogs = [make_blog(category=category) for category in (tech, tech, sports)]
    for blog in blogs:
        for day in (dt.date(2026, 9, 3), dt.date(2026, 9, 15), dt.date(2026, 10, 1)):
            _read(blog, day, 3)
    for blog, reason in zip(blogs, ("A prize", "Paid twice"), strict=False):
        adjustment = Adjustment(author=blog.author, amount=Decimal(2), reason=reason)
        save_adjustment(adjustment=adjustment, by=finance, at=AT)
    fold_views()
    _find_and_exclude(blogs, finance)
    for blog in blogs:
        make_payee(blog.author, at=AT)
    september, _ = steps.build_batch(month=dt.date(2026, 9, 1), by=finance, at=AT)
    held = september.payments.get(author=blogs[2].author)
    hold_payment(payment=held, by=finance, reason="Asked for", at=AT)
    _sign(september, finance, failed=blogs[0].author)
    _read(blogs[1], dt.date(2026, 9, 29), 2)
    _sign(steps.build_batch(month=dt.date(2026, 10, 1), by=finance, at=AT)[0], finance)
    retire_day(dt.date(2026, 9, 3), at=AT)
    _fill_the_rest(blogs, finance)
    if find_spec("duckdb"):
        assert archive_views(at=AT).days > 1
    for _ in range(2):
        assert verify_payouts().difference == ""
    assert [table._meta.db_table for table in list_tables() if not table.objects.exists()] == []
    seal_traces(at=AT)
    make_user("new")  # whose trace waits for its seal


def _read(blog, day, readers):
    start = dt.datetime.combine(day, dt.time(10), tzinfo=dt.UTC)
    for number in range(readers):
        make_click(blog, number, start=start, ip_address=f"192.0.2.{number}")


def _find_and_exclude(blogs, finance):
    numbers = {"clicks": 2, "share": 40, "month_views": 5}
    make_finding(blogs[1], numbers=numbers)
    day = dt.date(2026, 10, 2)
    _read(blogs[0], day, 2)
    fold_views()
    reader = BlogView.objects.filter(day=day).first().reader_key
    finding = make_finding(blogs[0], day=day, reader_key=reader, numbers=numbers)
    exclude_views(finding=finding, by=finance, reason="Made up", at=AT)


def _sign(batch, finance, failed=None):
    batch = steps.submit_batch(batch=batch, by=finance, at=AT)
    batch = approve(batch, at=AT)
    file = look_at_file(name="answer.txt", content=b"The bank is closed")
    add_comment(batch=batch, text="Until Monday", files=[file], by=finance, at=AT)
    payment = batch.payments.payable().exclude(author=failed).order_by("reference").last()
    proposal = propose_hand_payment(
        payment=payment, means="cash", paid_on=AT.date(), reason="No account", by=finance, at=AT
    )
    confirm_hand_payment(proposal=proposal, by=make_user(), at=AT)
    export = export_payments(batch=batch, format="pain001", by=finance, at=AT)
    take_file(export=export, by=finance, at=AT).close()
    results = {
        payment.pk: ("failed", "Account closed") if payment.author == failed else ("paid", "")
        for payment in batch.payments.payable()
    }
    record_results(batch=batch, results=results, by=finance, at=AT)


def _fill_the_rest(blogs, finance):
    role = Group.objects.create(name="Finance")
    one, two, three = Permission.objects.order_by("pk")[:3]
    role.permissions.add(one, two)
    for person in User.objects.all()[:2]:
        person.groups.add(role)
        person.user_permissions.add(three)
    Group.objects.create(name="Approvers")
    for name in ("Ada", "Bo"):
        account = make_user(f"imported-{name}")
        imported = ImportedAuthor.objects.create(account=account, name=name, imported_at=AT)
        if name == "Ada":
            confirm_author(author=imported, by=finance, confirmation="They wrote to us", at=AT)
    for text in ("CUBOT", "Abbott"):
        RobotException.objects.create(text=text, reason="A telephone")
    for number in range(2):
        _import_log(number)
        details = PayeeDetails.objects.order_by("entered_at", "pk")[number]
        show_details(details=details, by=finance, reason="They asked", at=AT)
        _, file = export_journal(
            month=dt.date(2026, 11, 1), currency="EUR", format="csv", by=finance, at=AT
        )
        file.close()
        BankTable.objects.create(
            header=["a"], header_sha256="0" * 64, choices={}, by=finance, at=AT
        )
        _ask_and_answer(blogs[number], finance)
        LostViewTotal.objects.create(
            source=f"spool {number}", day=AT.date(), reason=LostViewTotal.Reason.values[0], views=1
        )
        WriterDay.objects.create(writer=f"web-{number}", day=AT.date())
        StreamPosition.objects.create(stream=f"VIEWS {number}")
        OutstandingAlarm.objects.create(
            author=blogs[number].author, cause="money", since=AT.date(), told_at=AT
        )
        run = JobRun(name="fold_views", started_at=timezone.now(), host="here")
        run.save()
        records.finish(run, JobRun.Status.SUCCEEDED, f"{number} views.")


def _ask_and_answer(blog, finance):
    line = PaymentLine.objects.filter(kind="views", blog=blog).order_by("pk").first()
    dispute = ask_about_line(
        line=line, author=line.payment.author, text="Only these?", at=timezone.now()
    )
    answer_dispute(
        dispute=dispute, outcome="rejected", text="They are right", by=finance, at=timezone.now()
    )


def _import_log(number):
    line = f'203.0.113.{number} - - [02/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "x"\n'
    import_access_log(
        file=io.BytesIO(line.encode()),
        file_name="x.log",
        path_pattern=r"^/blog/(?P<slug>[^/]+)/",
        at=AT,
    )


@pytest.mark.parametrize("start", range(0, TAMPERINGS, AT_A_TIME))
def test_forgeries_are_each_found_and_named(house, monkeypatch, start):
    monkeypatch.delitem(verification.ONCE, "guards")  # they are known to be away
    monkeypatch.delitem(verification.ONCE, "schema")  # no row changes it
    remove_guards(connection)
    deeds, told, missed = list_deeds(), Counter(), []
    for number in range(start, min(start + AT_A_TIME, TAMPERINGS)):
        model, deed = deeds[_spread(number, len(deeds))]
        with transaction.atomic():
            forgery, names = forge(model, deed, make_generator(f"{SEED} {number}"))
            if forgery is None:
                told["refused"] += 1
                told[f"refused {model._meta.db_table} {deed}"] += 1
            else:
                difference = verify_payouts().difference
                if any(name in difference for name in names):
                    told["found"] += 1
                elif is_unknowable(model, deed, forgery[0]):
                    told["unknowable"] += 1
                else:
                    missed.append((number, model._meta.db_table, deed, *forgery, difference))
            transaction.set_rollback(True)
    report = os.environ.get("TAMPERINGS_REPORT")
    if report:
        with open(report, "a") as file:
            print(start, told, *missed, sep="\n", file=file)
    assert missed == []
    assert verify_payouts().difference == ""


def _spread(number, deeds):
    """Return the deed of a try: any run of tries reaches tables from the first to the last."""
    return number * 251 % deeds
