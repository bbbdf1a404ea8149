"""Killed with SIGKILL at every step, the spool loses and doubles no view that was acknowledged."""

import itertools
import shutil
import signal

import pytest

from billing.counting import spool
from billing.counting.losses import Reason, note_loss
from billing.counting.spool import claim_files, keep_view, read_line, read_lines, write_line
from billing.counting.spool_intake import take_in_spool
from billing.models import BlogView, LostViewTotal
from tests.billing.counting.spooled import DAY, kept, make_view
from tests.billing.killed_spool import die_while_taking_in, die_while_writing
from tests.billing.tampering import clear
from tests.factories import make_blog

pytestmark = pytest.mark.slow


@pytest.mark.thorough
@pytest.mark.any_database
def test_writer_killed_at_any_step_loses_nothing_acknowledged(spool_dir):
    views = {number: make_view(number) for number in (1, 2, 3)}
    for step in itertools.count():
        shutil.rmtree(spool_dir, ignore_errors=True)
        exit_code, acknowledged = die_while_writing(step, views)
        numbers, broken = kept()
        assert numbers[: len(acknowledged)] == acknowledged == [1, 2, 3][: len(acknowledged)]
        assert len(numbers) <= len(acknowledged) + 1
        assert broken == 0
        if exit_code == 0:
            break
        assert exit_code == -signal.SIGKILL
    assert acknowledged == [1, 2, 3]
    assert step > 20


@pytest.mark.any_database
@pytest.mark.parametrize("cut", [2, 40, 200])
def test_line_torn_by_a_power_cut_is_told_and_costs_no_other(spool_dir, cut):
    keep_view(make_view(1), salt="abcd1234")
    [path] = spool.list_files()
    with path.open("ab") as file:
        file.write(write_line(make_view(2), "abcd1234")[:-cut])
    [taken] = claim_files()
    lines = [read_line(line) for line in read_lines(taken)]
    assert [view and view.click.id.int for view in lines] == [1, None]


@pytest.mark.thorough
@pytest.mark.django_db(transaction=True)
def test_taker_killed_at_any_step_loses_and_doubles_nothing(spool_dir, tmp_path):
    blog = make_blog()
    facts = {"blog_id": blog.pk, "author_id": blog.author_id, "category_id": blog.category_id}
    for number in (1, 2, 3):
        keep_view(make_view(number, **facts), salt="abcd1234")
    keep_view(make_view(4, **facts | {"blog_id": blog.pk + 1_000}), salt="abcd1234")
    [path] = spool.list_files()
    with path.open("ab") as file:
        file.write(b"0123456789abcdef {broken")
    note_loss(day=DAY, reason=Reason.NOT_KEPT, views=7)
    shutil.copytree(spool_dir, tmp_path / "before")

    for step in itertools.count():
        clear(BlogView, LostViewTotal)
        shutil.rmtree(spool_dir)
        shutil.copytree(tmp_path / "before", spool_dir)
        exit_code = die_while_taking_in(step, spool_dir)
        if exit_code:
            assert exit_code == -signal.SIGKILL
            take_in_spool()
        assert sorted(view.pk.int for view in BlogView.objects.all()) == [1, 2, 3], step
        lost = LostViewTotal.objects.order_by("reason").values_list("reason", "views")
        assert list(lost) == [("broken_line", 1), ("not_kept", 7), ("refused", 1)], step
        assert kept() == ([], 0)
        if not exit_code:
            break
    assert step > 40
