"""camt.053 and camt.054: the movements of an account.

What was paid is a booked debit with the payment's reference; what comes back is a booked credit
with it. Everything else on the account is somebody else's. A reversal turns the direction of what
it takes back: one that is a debit takes a credit back.
"""

from collections.abc import Iterator
from typing import Any

from billing.bank.results.binding import Message
from billing.bank.results.reasons import describe_reasons
from billing.bank.results.registry import PENDING, TAKEN_BACK, ResultRow
from billing.bank.results.values import amount_of, date_of, plain, reading
from billing.bank.results.xml_parts import Part

CAME_BACK = "The bank returned it, and gives no reason"
BOOKED = "BOOK"

# The elements that are read; all others are dropped.
KEPT = """
    NtryRef Amt CdtDbtInd RvslInd Sts Cd Prtry BookgDt ValDt Dt DtTm AcctSvcrRef BkTxCd Domn
    Fmly SubFmlyCd Issr NtryDtls TxDtls Refs EndToEndId AmtDtls InstdAmt TxAmt RtrInf Rsn
    AddtlInf Tp Ref
"""


class Movements:
    """Takes the entries of the message in their order."""

    parts = ("Ntry",)
    counted = "TxDtls"
    kept = frozenset(KEPT.split())

    def __init__(self, message: Message):
        self.message = message

    def take(self, bound: Any, part: Part) -> Iterator[ResultRow]:
        details = [one for group in bound.ntry_dtls for one in group.tx_dtls]
        for detail, line in zip(details, part.lines, strict=True):
            with reading(line):
                row = self._read(detail, bound, line, is_alone=len(details) == 1)
            yield row
        if not details:  # a sum of the account that names no payment
            yield ResultRow(part.line, "", PENDING, "", is_other=True, noun="Line")

    def finish(self) -> Iterator[ResultRow]:
        return iter(())

    def _read(self, detail: Any, entry: Any, line: int, *, is_alone: bool) -> ResultRow:
        refs = detail.refs
        direction = plain(getattr(detail, "cdt_dbt_ind", None)) or plain(entry.cdt_dbt_ind)
        came_back = direction == "CRDT"
        given = _find_amount(detail) or (entry.amt if is_alone else None)
        reasons = [detail.rtr_inf] if detail.rtr_inf else []
        status = plain(entry.sts)
        if not status:
            raise ValueError("the movement has no status, such as BOOK")
        is_booked = status == BOOKED
        outcome = "failed" if came_back else TAKEN_BACK if entry.rvsl_ind else "paid"
        bank_reference = getattr(refs, "acct_svcr_ref", None) or entry.acct_svcr_ref or ""
        return ResultRow(
            number=line,
            reference=(getattr(refs, "end_to_end_id", None) or "").strip(),
            outcome=outcome if is_booked else PENDING,
            reason=(describe_reasons(reasons) or CAME_BACK) if came_back and is_booked else "",
            amount=amount_of(given),
            currency=given.ccy if given else "",
            value_date=date_of(entry.val_dt) or date_of(entry.bookg_dt),
            bank_reference=bank_reference.strip(),
            is_other=True,
            noun="Line",
        )


def _find_amount(detail: Any) -> Any:
    """Return what was ordered, before fees and exchange, if the bank says it."""
    details = detail.amt_dtls
    for choice in (getattr(details, "instd_amt", None), getattr(details, "tx_amt", None)):
        if choice is not None:
            return choice.amt
    return getattr(detail, "amt", None)
