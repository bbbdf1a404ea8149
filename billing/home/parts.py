"""The shares of billing's roles in the home page: who has more than two sees one at a time."""

from django.contrib.auth.models import User

from backoffice.home import Part

PAYMENTS, APPROVAL, AUDIT = "payments", "approval", "audit"


def list_parts(user: User) -> list[Part]:
    return [
        Part(PAYMENTS, "Payments", lambda user: user.has_perm("billing.submit_payoutbatch")),
        Part(APPROVAL, "Approval", lambda user: user.has_perm("billing.approve_payoutbatch")),
        Part(AUDIT, "Audit", may_audit),
    ]


def may_audit(user: User) -> bool:
    return user.has_perm("billing.view_seal") and user.has_perm("backoffice.view_audittrail")
