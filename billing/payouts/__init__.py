"""What a closed month pays out, from the first draft to the approval.

steps is what people do: build, submit, return, approve, cancel. derivation works the batch out and
deciding whether a payment is paid, held or carried (the minimum payout); batch_checks flags what
looks wrong, four_eyes says who may not approve, and transitions alone moves a batch. holds,
adjustments and price_withdrawal are what finance does between batches. Start with steps.
"""
