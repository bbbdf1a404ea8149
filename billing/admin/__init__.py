"""The pages on which finance, approvers and auditors work: a module for each list in the menu.

They check the permission, call one function of a room, and show what it says. What is asked stands
in billing.forms, what is shown in billing.statements. Start with payouts.
"""

from billing.admin import (  # noqa: F401
    adjustments,
    counts,
    disputes,
    exports,
    findings,
    hand_payments,
    holds,
    imports,
    payees,
    payments,
    payouts,
    prices,
    robots,
    seals,
    verifications,
    views_explained,
)
