"""The runs of verifications, beside each other and one after the other."""

import pytest

from billing.models import Verification
from billing.proof.traces import trace_rows
from billing.verification import advance_verification, start_verification
from tests.billing.batches import AT, OCTOBER

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


def test_two_verifications_advance_apart():
    one, other = start_verification(), start_verification()
    assert advance_verification(one, seconds=60).status == "passed"
    other.refresh_from_db()
    assert (other.status, other.done, other.finished_at) == ("running", 0, None)
    assert advance_verification(other, seconds=60).status == "passed"


def test_finished_verification_does_not_change_any_more():
    run = start_verification()
    Verification.objects.filter(pk=run.pk).update(
        status="failed", difference="As it was.", finished_at=AT
    )
    assert advance_verification(run, seconds=60).difference == "As it was."
    assert Verification.objects.get().status == "failed"


def test_views_are_proved_by_runs_of_all_months_without_a_difference_alone():
    """And by those that the application wrote: the last one here came by hand."""
    for status, month, views_until in (
        ("passed", None, 2),
        ("passed", None, 3),
        ("passed", OCTOBER, 7),
        ("failed", None, 8),
        ("running", None, 9),
    ):
        facts = {"started_at": AT, "finished_at": None if status == "running" else AT, "steps": 1}
        run = Verification.objects.create(
            status=status, month=month, views_until=views_until, **facts
        )
        if status != "running":
            trace_rows([run])
    Verification.objects.create(status="passed", views_until=9, **facts | {"finished_at": AT})
    assert start_verification(new_views=True).views_after == 3
    assert start_verification().views_after == 0
