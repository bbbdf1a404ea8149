"""NACHA: PPD credits in dollars to accounts in the United States, as the ACH operators read them.

Lines of 94 characters in blocks of ten: a file header, one batch with an entry for each payment,
and the controls with the numbers, the sums and the entry hash. Written by us: achkit 0.2 holds all
of a file in memory. NACHA Operating Rules, appendix three.
"""

from datetime import UTC
from decimal import Decimal
from typing import BinaryIO

from billing.bank.formats.registry import BankFormat, Fit
from billing.bank.orders import BankFile, Order
from billing.bank.own_account import add_working_days, find_nacha_problems, take_nacha
from billing.bank.texts import says_a_name, write_nacha
from billing.errors import FileRefused
from billing.models import PayoutBatch
from billing.periods import day_of

LINE, BLOCK = 94, 10
NAME, IDENTIFICATION = 22, 15
CREDITS_ONLY = "220"
CREDIT = {"checking": "22", "savings": "32"}
MOST_CENTS, MOST_TOTAL = 10**10, 10**12  # ten places in an entry, twelve in a control
HASH = 10**10  # of which ten places are kept
MODIFIERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
MOST = 900_000  # the entry's sequence has seven places, a count of blocks six


def check(batch: PayoutBatch) -> list[str]:
    if batch.currency != "USD":
        return [f"NACHA pays in US dollars alone, and this batch is in {batch.currency}."]
    return list(find_nacha_problems())


def fit(order: Order, batch: PayoutBatch) -> Fit:
    paid = order.paid_to
    if paid is None:
        return Fit("No payment details were known when the batch was submitted.")
    if paid.account_kind != "us":
        return Fit("The account is none in the United States.")
    written = _cut(paid.name, NAME)
    if not says_a_name(written):
        return Fit(f"The name “{paid.name}” can’t be written in ASCII.")
    if len(order.reference) > IDENTIFICATION:
        return Fit(f"The reference is longer than {IDENTIFICATION} characters.")
    if _cents(order.amount) >= MOST_CENTS:
        return Fit("NACHA takes at most 99,999,999.99 dollars in one payment.")
    changed = written != paid.name
    return Fit(changes=(f"Name: “{paid.name}” becomes “{written}”",) if changed else ())


def write(stream: BinaryIO, file: BankFile) -> None:
    stated = file.settings
    odfi = stated["routing"][:8]
    entries, hashed, cents = 0, 0, 0
    for line in (_write_file_header(file), _write_batch_header(file, odfi)):
        _put(stream, line)
    for order in file.orders():
        entries += 1
        assert order.paid_to is not None  # noqa: S101  (fit took no other)
        hashed += int(order.paid_to.account["routing"][:8])
        cents += _cents(order.amount)
        _put(stream, _write_entry(order, odfi, entries))
    if cents >= MOST_TOTAL:
        raise FileRefused(["A NACHA file holds less than 10,000,000,000.00 dollars."])
    sums = f"{hashed % HASH:010}{0:012}{cents:012}"
    _put(
        stream,
        f"8{CREDITS_ONLY}{entries:06}{sums}{stated['company_id']:<10}{'':19}{'':6}{odfi}{1:07}",
    )
    lines = entries + 4
    blocks = -(-lines // BLOCK)
    _put(stream, f"9{1:06}{blocks:06}{entries:08}{sums}{'':39}")
    for _ in range(blocks * BLOCK - lines):
        _put(stream, "9" * LINE)


def _write_file_header(file: BankFile) -> str:
    stated, made = file.settings, file.made_at.astimezone(UTC)
    modifier = MODIFIERS[(file.export.number - 1) % len(MODIFIERS)]
    return (
        f"101 {stated['routing']}{stated['company_id']:>10}{day_of(made):%y%m%d}"
        f"{made:%H%M}{modifier}094101{_cut(stated['bank'], 23):<23}"
        f"{_cut(stated['company'], 23):<23}{'':8}"
    )


def _write_batch_header(file: BankFile, odfi: str) -> str:
    stated = file.settings
    on = add_working_days(day_of(file.made_at), stated["days"])
    return (
        f"5{CREDITS_ONLY}{_cut(stated['company'], 16):<16}{'':20}{stated['company_id']:<10}PPD"
        f"{'ROYALTIES':<10}{file.batch.month:%m%Y}{on:%y%m%d}{'':3}1{odfi}{1:07}"
    )


def _write_entry(order: Order, odfi: str, number: int) -> str:
    paid = order.paid_to
    assert paid is not None  # noqa: S101
    account = paid.account
    return (
        f"6{CREDIT[account['type']]}{account['routing']}{account['number']:<17}"
        f"{_cents(order.amount):010}{order.reference:<15}{_cut(paid.name, NAME):<22}  0"
        f"{odfi}{number:07}"
    )


def _cents(amount: Decimal) -> int:
    return int(amount.scaleb(2))


def _cut(text: str, length: int) -> str:
    return write_nacha(text)[:length].strip()


def _put(stream: BinaryIO, line: str) -> None:
    if len(line) != LINE:
        raise ValueError(f"A line of a NACHA file has {len(line)} characters instead of {LINE}.")
    stream.write(f"{line}\n".encode("ascii"))


FORMAT = BankFormat(
    key="nacha",
    name="NACHA (PPD)",
    hint="ACH credits in US dollars to accounts in the United States, for your bank’s ACH upload.",
    content_type="text/plain; charset=us-ascii",
    extension="nacha.ach",
    write=write,
    has_accounts=True,
    check=check,
    fit=fit,
    take_settings=take_nacha,
    most=MOST,
)
