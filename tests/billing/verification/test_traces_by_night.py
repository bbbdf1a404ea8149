"""By night, verification reads what is new, and a seventh of what an earlier run proved."""

import datetime as dt

import pytest
from django.db import connection

from billing.models import Trace, TraceSeal, Verification
from billing.proof.traces import seal_traces
from billing.verification import start_verification, trace_seals, traces, verify_payouts
from tests.billing.tampering import without_guards
from tests.factories import make_category, make_price, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

AT = dt.datetime(2026, 11, 5, 9, tzinfo=dt.UTC)


@pytest.fixture
def proved():
    """Twenty prices under two seals, which a run proved."""
    finn, tech = make_user("finn"), make_category("Tech")
    for day in range(1, 11):
        make_price(tech, "15", dt.date(2026, 10, day), by=finn)
    seal_traces(at=AT)
    for day in range(11, 21):
        make_price(tech, "15", dt.date(2026, 10, day), by=finn)
    seal_traces(at=AT)
    assert verify_payouts(at=AT).difference == ""
    return tech


def execute(sql, *params):
    with without_guards(), connection.cursor() as cursor:
        cursor.execute(sql, params)
        assert cursor.rowcount


def verify_by_night():
    return verify_payouts(new_views=True, at=AT)


def list_records():
    return sorted(Trace.objects.filter(kind="price").values_list("row", flat=True))


@pytest.mark.thorough
def test_night_reads_what_is_new_and_a_seventh_of_the_rest(proved):
    everything = Trace.objects.count()
    runs = [verify_by_night() for _ in range(8)]
    assert [run.difference for run in runs] == [""] * 8
    assert [run.part for run in runs] == [1, 2, 3, 4, 5, 6, 7, 1]
    assert [run.traces_after for run in runs] == [2] * 8
    # The runs of before are new as well, until a seal holds their traces.
    old = [run.numbers["traced rows"] - number - 1 for number, run in enumerate(runs)]
    assert sum(old[:7]) == everything - 1
    assert max(old) < everything / 3
    make_price(proved, "16", dt.date(2027, 1, 1))
    seal_traces(at=AT)
    assert verify_payouts(at=AT).part == 0
    assert (verify_by_night().traces_after, verify_by_night().part) == (3, 2)


FORGERIES = {
    "changed": (
        "UPDATE billing_historicalcategoryprice SET history_change_reason = 'x' "
        "WHERE history_id = %s",
        ["is not as the application wrote it"],
    ),
    "moved away": (
        "UPDATE billing_historicalcategoryprice SET history_id = history_id + 100000 "
        "WHERE history_id = %s",
        ["trace"],
    ),
    "trace changed": (
        "UPDATE billing_trace SET digest = 'x' WHERE kind = 'price' AND \"row\" = %s",
        # Which is read first, the seal or the row, is told by the numbers of both.
        ["holds it otherwise", "but its trace is of x"],
    ),
}


@pytest.mark.thorough
@pytest.mark.parametrize("name", FORGERIES)
@pytest.mark.parametrize("which", [0, 7, 19])
def test_old_row_that_was_forged_is_found_within_seven_nights(proved, name, which):
    statement, says = FORGERIES[name]
    execute(statement, list_records()[which])
    whole = verify_payouts(month=dt.date(2026, 10, 1), at=AT).difference
    nights = (verify_by_night().difference for _ in range(7))
    for difference in (whole, next(filter(None, nights))):
        assert any(words in difference for words in says)


def test_row_that_came_by_hand_after_the_last_run_is_found_the_same_night(proved):
    columns = "id, note, currency, category_id, effective_from, price_per_1000, history_user_id"
    execute(
        f"INSERT INTO billing_historicalcategoryprice ({columns}, history_date, history_type) "  # noqa: S608
        f"SELECT {columns}, history_date, '~' FROM billing_historicalcategoryprice "
        "WHERE history_id = %s",
        list_records()[3],
    )
    assert "has no trace" in verify_by_night().difference


@pytest.mark.thorough
def test_new_row_that_was_changed_or_erased_is_found_the_same_night(proved):
    price = make_price(proved, "16", dt.date(2027, 1, 1))
    record = price.history.get().pk
    seal_traces(at=AT)
    execute(
        "UPDATE billing_historicalcategoryprice SET history_change_reason = 'x' "
        "WHERE history_id = %s", record,
    )  # fmt: skip
    assert "is not as the application wrote it" in verify_by_night().difference
    execute("DELETE FROM billing_historicalcategoryprice WHERE history_id = %s", record)
    execute("DELETE FROM billing_categoryprice WHERE id = %s", price.pk)
    assert "was erased" in verify_by_night().difference


@pytest.mark.thorough
def test_run_that_somebody_made_up_excuses_no_row(proved):
    record = list_records()[0]
    execute(
        "UPDATE billing_historicalcategoryprice SET history_change_reason = 'x' "
        "WHERE history_id = %s", record,
    )  # fmt: skip
    real = Verification.objects.get()
    facts = {"status": "passed", "started_at": AT, "finished_at": AT, "steps": 1}
    Verification.objects.create(traces_until=2, part=record % traces.NIGHTS + 1, **facts)
    run = start_verification(new_views=True, at=AT)
    assert (run.traces_after, run.part) == (real.traces_until, 1)


@pytest.mark.thorough
def test_end_of_the_chain_that_was_cut_off_is_missed(proved):
    execute("DELETE FROM billing_trace WHERE seal_id = %s", TraceSeal.objects.last().pk)
    execute("DELETE FROM billing_traceseal WHERE number = 2")
    assert "ends with seal 1" in verify_by_night().difference
    assert "seal 2 was there on 2026-11-05" in verify_by_night().difference


@pytest.mark.thorough
def test_seal_that_is_gone_is_missed_by_night(proved):
    execute("UPDATE billing_trace SET seal_id = %s", TraceSeal.objects.get(number=2).pk)
    execute("DELETE FROM billing_traceseal WHERE number = 1")
    assert "has 1 links" in verify_by_night().difference


@pytest.mark.thorough
def test_rows_are_read_in_portions(proved, monkeypatch):
    monkeypatch.setattr(traces, "ROWS_OF_A_PORTION", 3)
    monkeypatch.setattr(trace_seals, "SEALS_AT_A_TIME", 1)
    run = verify_payouts(at=AT)
    assert (run.difference, run.numbers["seals of traces"]) == ("", 2)
    assert run.numbers["traced rows"] == Trace.objects.count() - 1  # but for the run itself
