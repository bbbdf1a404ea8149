"""pain.002: the bank's answer to a file of payments."""

from collections.abc import Iterator
from typing import Any

from billing.bank.results.binding import Message
from billing.bank.results.reasons import describe_reasons
from billing.bank.results.registry import PENDING, ResultRow, refuse
from billing.bank.results.values import amount_of, date_of, plain, reading
from billing.bank.results.xml_parts import Part

# ISO 20022, ExternalPaymentTransactionStatus1Code and ExternalPaymentGroupStatus1Code.
FAILED = {"RJCT", "CANC"}
PAID = {"ACSC", "ACCC"}
ON_ITS_WAY = {
    "ACCP", "ACFC", "ACIS", "ACPD", "ACSP", "ACTC", "ACWC", "ACWP", "BLCK", "PART", "PATC", "PDNG",
    "PRES", "RCVD",
}  # fmt: skip
NO_REASON = "The bank refused it, and gives no reason"

# The elements that are read; all others are dropped.
KEPT = """
    OrgnlMsgId OrgnlMsgNmId OrgnlNbOfTxs OrgnlCtrlSum GrpSts OrgnlPmtInfId PmtInfSts StsRsnInf
    Rsn Cd Prtry AddtlInf TxInfAndSts OrgnlEndToEndId TxSts AcctSvcrRef OrgnlTxRef Amt InstdAmt
    ReqdExctnDt Dt DtTm FctvIntrBkSttlmDt
"""


class Answer:
    """Takes the parts of the message in their order: first the group, then each instruction."""

    parts = ("OrgnlGrpInfAndSts", "OrgnlPmtInfAndSts")
    counted = "TxInfAndSts"
    kept = frozenset(KEPT.split())

    def __init__(self, message: Message):
        self.message = message
        self.group: tuple[Any, int] | None = None
        self.named = 0
        self.wholes: list[ResultRow] = []

    def take(self, bound: Any, part: Part) -> Iterator[ResultRow]:
        if part.name == "OrgnlGrpInfAndSts":
            self.group = (bound, part.line)
            return
        if not bound.tx_inf_and_sts:
            self._take_whole(bound, plain(bound.pmt_inf_sts), part.line)
        for transaction, line in zip(bound.tx_inf_and_sts, part.lines, strict=True):
            self.named += 1
            with reading(line):
                row = self._read(transaction, bound, line)
            yield row

    def finish(self) -> Iterator[ResultRow]:
        """Yield what the bank says of all payments at once, if it names none."""
        if self.named:
            if failed := [row for row in self.wholes if row.outcome == "failed"]:
                refuse(
                    [
                        f"{failed[0].place}: the bank refused one part of the file as a whole, and "
                        "names payments of another. Record these results by hand."
                    ]
                )
            return
        if not self.wholes and self.group:
            bound, line = self.group
            self._take_whole(bound, plain(bound.grp_sts), line)
        if len(self.wholes) > 1:
            refuse(
                [
                    "The bank answers several parts of the file, and names no payment. Record "
                    "these results by hand."
                ]
            )
        yield from self.wholes

    def _take_whole(self, bound: Any, status: str, line: int) -> None:
        group, _ = self.group or (None, 0)
        status = status or plain(getattr(group, "grp_sts", None))
        if not status:
            return
        number = bound.orgnl_nb_of_txs or getattr(group, "orgnl_nb_of_txs", None) or "0"
        amount = bound.orgnl_ctrl_sum or getattr(group, "orgnl_ctrl_sum", None)
        outcome = _find_outcome(status, line)
        reasons = [*bound.sts_rsn_inf, *getattr(group, "sts_rsn_inf", [])]
        reason = describe_reasons(reasons) or NO_REASON
        self.wholes.append(
            ResultRow(
                number=line,
                reference="",
                outcome=outcome,
                reason=reason if outcome == "failed" else "",
                amount=amount,
                of_all=int(number) if number.isascii() and number.isdigit() else 0,
                file=(getattr(group, "orgnl_msg_id", None) or "").strip(),
                noun="Line",
            )
        )

    def _read(self, transaction: Any, instruction: Any, line: int) -> ResultRow:
        group, _ = self.group or (None, 0)
        status = plain(transaction.tx_sts) or plain(instruction.pmt_inf_sts)
        status = status or plain(getattr(group, "grp_sts", None))
        outcome = _find_outcome(status, line)
        reasons = transaction.sts_rsn_inf or instruction.sts_rsn_inf
        original = transaction.orgnl_tx_ref
        given = getattr(getattr(original, "amt", None), "instd_amt", None)
        settled = date_of(getattr(transaction, "fctv_intr_bk_sttlm_dt", None))
        wanted = date_of(getattr(original, "reqd_exctn_dt", None))
        return ResultRow(
            number=line,
            reference=(transaction.orgnl_end_to_end_id or "").strip(),
            outcome=outcome,
            reason=(describe_reasons(reasons) or NO_REASON) if outcome == "failed" else "",
            amount=amount_of(given),
            currency=given.ccy if given else "",
            value_date=(settled or wanted) if outcome == "paid" else None,
            bank_reference=(transaction.acct_svcr_ref or "").strip(),
            noun="Line",
        )


def _find_outcome(status: str, line: int) -> str:
    if status in FAILED:
        return "failed"
    if status in PAID:
        return "paid"
    if status not in ON_ITS_WAY:
        said = f"“{status}” is no status of a payment" if status else "there is no status here"
        refuse([f"Line {line:,}: {said}. Ask the bank what it means, and record it by hand."])
    return PENDING
