"""Changes that the database refuses, as SQL over OLD and NEW for SQLite and PostgreSQL alike.

The rules hold for every writer: the application, a shell, a person at the database's prompt. Each
module has those about one noun; a new one joins the list here.
"""

from backoffice.guards.rules import Rule
from billing.guards.rules.added import keep_what_is_added
from billing.guards.rules.batches import keep_batches
from billing.guards.rules.disputes import keep_disputes
from billing.guards.rules.files import keep_files
from billing.guards.rules.hand_payments import keep_hand_payments, keep_results_apart
from billing.guards.rules.holds import keep_holds
from billing.guards.rules.imported_authors import keep_unconfirmed_authors
from billing.guards.rules.lines import keep_lines, keep_what_lines_use
from billing.guards.rules.own_money import keep_own_money, keep_results
from billing.guards.rules.payees import keep_paid_payees, keep_payees
from billing.guards.rules.payments import keep_payments
from billing.guards.rules.prices import keep_paid_days
from billing.guards.rules.requests import keep_requests
from billing.guards.rules.signers import keep_four_eyes, keep_paused_accounts
from billing.guards.rules.streams import keep_stream_numbers
from billing.guards.rules.views import (
    keep_counts,
    keep_retired_totals,
    keep_view_seals,
    keep_views,
)


def list_rules() -> list[Rule]:
    return [
        *keep_what_is_added(),
        *keep_batches(),
        *keep_requests(),
        *keep_four_eyes(),
        *keep_paused_accounts(),
        *keep_own_money(),
        *keep_results(),
        *keep_hand_payments(),
        *keep_results_apart(),
        *keep_files(),
        *keep_payees(),
        *keep_paid_payees(),
        *keep_payments(),
        *keep_unconfirmed_authors(),
        *keep_lines(),
        *keep_what_lines_use(),
        *keep_paid_days(),
        *keep_holds(),
        *keep_disputes(),
        *keep_views(),
        *keep_view_seals(),
        *keep_counts(),
        *keep_retired_totals(),
        *keep_stream_numbers(),
    ]
