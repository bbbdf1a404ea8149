"""Whoever is asked why answers in words: each function that takes a person's reason refuses “.”."""

import ast
import importlib
import inspect
import re
from pathlib import Path
from unittest.mock import MagicMock

import pytest

import backoffice
import billing
import weblog
from backoffice.errors import Refusal

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

PLACES = {"admin", "forms", "migrations", "management", "demo"}
ASKING = {"reason", "comment", "note", "leave_out"}
AN_ARGUMENT = re.compile(rf"\b(?:{'|'.join(sorted(ASKING))})\s*[:,=)]")

# They pass on sentences of our own, or what was checked where it was typed.
PASS_ON = {
    "backoffice.accounts.anonymising.explain_reason",
    "backoffice.clocks.confirm_clock",
    "backoffice.error_pages.form_is_stale",
    "backoffice.signing.save_if_changed",
    "backoffice.signing.save_signed",
    "billing.bank.results.recording.says_why",
    "billing.counting.losses.note_loss",
    "billing.errors.require_reason",
    "billing.payouts.filling.fill_batch",
    "billing.payouts.transitions.move_batch",
    "billing.prices.price_files.read_prices",
    "billing.prices.price_plans.plan_prices",  # find_refusals and save_prices check it
    "weblog.errors.require_reason",
}
# A note to the editor is nobody's answer: it may be left out, so it may be short.
MAY_BE_LEFT_OUT = {
    "weblog.mails.mail_submitted",
    "weblog.mails.mail_taken_back",
    "weblog.publishing.new_texts.submit_new_text",
    "weblog.publishing.new_texts.take_back_new_text",
    "weblog.publishing.workflow.submit_for_review",
    "weblog.publishing.workflow.take_back",
    "weblog.publishing.workflow.with_note",
}
# They look at what is stored first: their own tests try “.” on real rows.
LOOK_FIRST = {
    "backoffice.accounts.anonymising.anonymise_account",
    "billing.payouts.holds.release_payment",
    "billing.payouts.steps.build_batch",
    "billing.payouts.steps.build_closed_months",
    "billing.payouts.steps.rebuild_batch",
    "weblog.categories.change_category",
}
ASIDE = PASS_ON | MAY_BE_LEFT_OUT | LOOK_FIRST


def find_functions_that_ask():
    """Yield the path and the argument of each public function that is given a reason."""
    for app in (backoffice, billing, weblog):
        root = Path(app.__file__).parent
        for file in sorted(root.rglob("*.py")):
            if PLACES & set(file.relative_to(root).parts):
                continue
            module = ".".join(file.relative_to(root.parent).with_suffix("").parts)
            text = file.read_text()
            if not AN_ARGUMENT.search(text):  # to parse all files takes each process half a second
                continue
            for node in ast.parse(text).body:
                if not isinstance(node, ast.FunctionDef) or node.name.startswith(("_", "receive_")):
                    continue
                names = {arg.arg for arg in (*node.args.args, *node.args.kwonlyargs)}
                for name in sorted(names & ASKING):
                    yield f"{module.removesuffix('.__init__')}.{node.name}", name


FOUND = dict(find_functions_that_ask())


def test_each_function_that_asks_is_tried_or_named_here():
    assert FOUND.keys() >= ASIDE
    assert len(FOUND.keys() - ASIDE) >= 15


@pytest.mark.parametrize("path", sorted(FOUND.keys() - ASIDE))
@pytest.mark.parametrize("reason", [".", "x", " - "])
def test_sign_or_letter_is_refused_as_a_reason(path, reason):
    module, _, name = path.rpartition(".")
    function = getattr(importlib.import_module(module), name)
    arguments = {
        each.name: MagicMock()
        for each in inspect.signature(function).parameters.values()
        if each.default is each.empty
    }
    with pytest.raises(Refusal) as refused:
        function(**arguments | {FOUND[path]: reason})
    asks = ("says nothing. Say why", "says nothing. Write", "Tell the author")
    assert any(ask in str(refused.value) for ask in asks)
