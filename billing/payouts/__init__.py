"""The payout of a closed month, from the first draft to the approval.

steps is what people do: build, submit, approve, return, cancel. due finds what is to be paid,
derivation makes payments and lines of it, minimum_payout says whether one is paid, held or carried,
filling writes them. batch_checks asks blockers and flags, four_eyes says who may not approve, acts
who changed what it pays, transitions alone moves a batch. holds, adjustments and price_withdrawal
are what finance does in between. Start with steps.
"""
