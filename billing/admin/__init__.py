from billing.admin import (  # noqa: F401
    counts,
    evidence,
    exports,
    findings,
    imports,
    payments,
    payouts,
    prices,
    robots,
)
