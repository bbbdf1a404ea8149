"""Every verb of money: what people do, on whose money they may, and what bars them from approving.

The rules stand where each verb does; this is their table, from which docs/finance.md takes its own.
Tests compare it with the code: each function of billing that says `by` whom is a verb, or stands
under NO_VERBS, and each verb does with payees and co-authors what its row says.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Verb:
    """What a function of the domain does for a person.

    `own` says what it does if the money is the person's own: billing.own_money. `bars` says whether
    the person may not approve the batches whose payments it changes: billing.payouts.acts.
    """

    path: str
    does: str
    own: str = "refused"
    bars: bool = False


ALLOWED = "allowed: it decides about no amount"

CONFIRMED = "allowed: a second person confirms it"
TOLD = "allowed: it is kept who did it"

VERBS = [
    Verb(path="bank.results.recording.record_results", does="record bank results", bars=True),
    Verb(path="bank.by_hand.propose_hand_payment", does="say that a payment was made by hand"),
    Verb(path="bank.by_hand.confirm_hand_payment", does="confirm a payment by hand"),
    Verb(path="bank.by_hand.withdraw_hand_payment", does="take a payment by hand back"),
    Verb(path="findings.decisions.accept_finding", does="accept a finding", bars=True),
    Verb(path="findings.decisions.exclude_views", does="exclude views", bars=True),
    Verb(path="findings.decisions.reopen_finding", does="reopen a finding", bars=True),
    Verb(
        path="payouts.adjustments.save_adjustment", does="make or change an adjustment", bars=True
    ),
    Verb(path="payouts.adjustments.withdraw_adjustment", does="withdraw an adjustment", bars=True),
    Verb(path="payouts.holds.hold_payment", does="hold payments", bars=True),
    Verb(path="payouts.holds.pay_out_payment", does="pay out in full", bars=True),
    Verb(path="payouts.holds.release_payment", does="release payments", bars=True),
    Verb(path="payouts.holds.end_hold", does="end a hold or pay-out", bars=True),
    Verb(path="payouts.disputes.answer_dispute", does="answer a dispute", bars=True),
    Verb(path="prices.rules.save_price", does="set or change a price", bars=True),
    Verb(path="payouts.price_withdrawal.withdraw_price", does="withdraw a price", bars=True),
    Verb(
        path="counting.access_logs.importing.import_access_log",
        does="import an access log",
        bars=True,
    ),
    Verb(
        path="counting.robot_exceptions.save_robot_exception",
        does="enter or end a robot exception",
        bars=True,
    ),
    Verb(path="payees.changes.add_payee", does="add a payee", own=CONFIRMED, bars=True),
    Verb(
        path="payees.changes.enter_details",
        does="enter a payee's details",
        own=CONFIRMED,
        bars=True,
    ),
    Verb(
        path="payees.changes.link_author",
        does="pay an agent for an author",
        own=CONFIRMED,
        bars=True,
    ),
    Verb(path="payees.changes.confirm_payee", does="confirm a payee's details", bars=True),
    Verb(path="payees.changes.withdraw_changes", does="take back a payee's change", own=TOLD),
    Verb(path="payees.changes.show_details", does="see bank details in full", own=TOLD),
    Verb(path="payouts.steps.approve_batch", does="approve a batch", bars=True),
    Verb(path="payouts.steps.submit_batch", does="submit a batch", own=ALLOWED, bars=True),
    Verb(path="payouts.steps.build_closed_months", does="build closed months", own=ALLOWED),
    Verb(path="payouts.steps.build_batch", does="build a batch", own=ALLOWED),
    Verb(path="payouts.steps.rebuild_batch", does="rebuild a draft", own=ALLOWED),
    Verb(path="payouts.steps.return_batch", does="return a batch", own=ALLOWED),
    Verb(path="payouts.requests.recall_batch", does="recall one's own submission", own=ALLOWED),
    Verb(path="payouts.steps.cancel_batch", does="cancel a draft", own=ALLOWED),
    Verb(path="bank.exports.export_payments", does="export payments", own=ALLOWED),
    Verb(path="evidence_pack.make_evidence_pack", does="take an evidence pack", own=ALLOWED),
    Verb(path="verification.verify_payouts", does="verify payouts", own=ALLOWED),
    Verb(path="verification.start_verification", does="start a verification", own=ALLOWED),
]

# Functions that say `by` whom and are no verb, with what they are.
NO_VERBS = {
    "payouts.comments.add_comment": "a word about a batch, which decides about nothing",
    "bank.exports.take_file": "a file of what is approved; who took accounts away is recorded",
    "books.exports.export_journal": "a file of what is recorded, which decides about nothing",
    "books.exports.export_year": "a file of what is recorded, which decides about nothing",
    "bank.results.recording.check_results": "a question, asked before record_results",
    "bank.results.layouts.keep_layout": "how a table is read: every result is shown, then recorded",
    "payouts.adjustments.check_adjustment": "a question, asked by save_adjustment",
    "payouts.acts.gathering.explain_acts": "a question, asked by approve_batch",
    "payouts.filling.fill_batch": "a part of building",
    "payouts.filling.leave_out_unpriced": "a part of building, which bars from approving",
    "payouts.four_eyes.check_account": "a question",
    "payouts.four_eyes.find_objections": "a question, asked by approve_batch",
    "payouts.four_eyes.find_known_objections": "a question, asked by the approvers' home",
    "payouts.transitions.move_batch": "a part of each step of a batch",
    "proof.sealing.make_pack_content": "a part of taking an evidence pack",
    "prices.rules.check_not_own": "a question, asked by save_price",
    "prices.price_plans.find_refusals": "a question, asked by save_prices",
    "prices.price_plans.save_prices": "save_price of several prices, all or none",
    "payees.earlier_imports.hold_earlier_imports": "what each import does with its new accounts",
    "counting.sums.mend_sums": "sums for pages, of daily counts that stay: no batch pays by them",
    "counting.access_logs.own_lines.refuse_own_lines": "a question, asked by import_access_log",
}


def make_table() -> str:
    """Return the verbs as a table in Markdown."""
    rows = ["| Who may | On one's own money | Bars from approving |", "|---|---|---|"]
    rows += [f"| {verb.does} | {verb.own} | {'yes' if verb.bars else ''} |" for verb in VERBS]
    return "\n".join(rows)
