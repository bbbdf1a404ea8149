"""What becomes of views under seal, for the processes that die in it: see killed_payouts."""

import datetime as dt

import time_machine

from billing.counting.retention import purge_readers
from billing.findings.decisions import exclude_views
from billing.models import Finding
from tests.billing.killed_payouts import AT

PAST_RETENTION = dt.datetime(2031, 1, 1, tzinfo=dt.UTC)


@time_machine.travel(AT, tick=False)
def exclude(person):
    exclude_views(finding=Finding.objects.get(), by=person, reason="Read by a machine", at=AT)


@time_machine.travel(PAST_RETENTION, tick=False)
def purge(person):
    purge_readers(at=PAST_RETENTION)
