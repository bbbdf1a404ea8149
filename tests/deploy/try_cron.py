"""Two installations of one account under Debian's cron: neither takes the other's jobs away."""

import subprocess
from functools import partial

import pytest

from tests.checkout import Checkout
from tests.deploy.servers import wait_for

CRONTAB = "/usr/bin/crontab"
BY_HAND = "0 4 * * * true # by hand"
HAS_RUN = (
    "from backoffice.models import JobRun; "
    "print(JobRun.objects.filter(name='fold_views', status='succeeded').exists())"
)


@pytest.fixture(scope="module")
def two(own_crontab, tmp_path_factory):
    """Two checkouts, each with a database of its own, and a crontab with a line by hand."""
    checkouts = [Checkout(tmp_path_factory.mktemp(name) / name) for name in ("first", "second")]
    for checkout in checkouts:
        checkout.write_env(DEBUG=0, DATABASE_URL="sqlite:///var/db.sqlite3", ALLOWED_HOSTS="x.test")
        checkout.manage("migrate", "--verbosity=0", seconds=300)
    subprocess.run([CRONTAB, "-"], input=f"{BY_HAND}\n", text=True, check=True)
    return checkouts


def read_crontab():
    said = subprocess.run([CRONTAB, "-l"], capture_output=True, text=True, check=True).stdout
    return said.splitlines()


def test_jobs_of_two_folders_stand_and_fall_apart(two):
    first, second = two
    first.manage("install_jobs")
    of_first = read_crontab()
    assert of_first[0] == BY_HAND
    assert len(of_first) > 5

    for command in (["install_jobs"], ["crontab", "add"]):
        said = second.manage(*command, check=False)
        assert "runs the jobs of another installation, in " in said
        assert str(first.folder) in said
        assert "Nothing was added." in said
        assert read_crontab() == of_first

    second.manage("install_jobs", "--beside")
    both = read_crontab()
    assert both[: len(of_first)] == of_first
    assert len(both) == 2 * len(of_first) - 1

    for checkout in two:  # each is started by cron itself
        has_run = partial(checkout.evaluate, HAS_RUN)
        wait_for(lambda has_run=has_run: has_run() == "True", seconds=700, every=10)

    first.manage("crontab", "remove")
    assert read_crontab() == [BY_HAND, *both[len(of_first) :]]
    second.manage("crontab", "remove")
    assert read_crontab() == [BY_HAND]
