from billing.admin import counts, exports, payments, payouts, prices  # noqa: F401
