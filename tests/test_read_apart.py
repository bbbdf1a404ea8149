import pytest

from tests.read_apart import begin_at

pytestmark = pytest.mark.any_database


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7])
def test_each_process_reads_every_file_and_begins_with_a_part_of_its_own(count):
    files = list(range(6))

    orders = [begin_at(files, number, count) for number in range(count)]

    assert all(sorted(order) == files for order in orders)
    assert len({order[0] for order in orders}) == min(count, len(files))


def test_run_by_one_process_reads_nothing_before_its_time(pytestconfig, monkeypatch):
    from tests import read_apart

    read = []
    monkeypatch.setattr(read_apart.importlib, "import_module", read.append)
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)

    read_apart.read_files(pytestconfig)

    assert read == []
