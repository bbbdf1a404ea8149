"""What tests of views through a broker share: a read, a consumer, the end of a process."""

import datetime as dt

from django.utils import timezone

from billing.counting import recording
from billing.counting.spool_intake import take_in_spool
from billing.counting.stream import marks
from billing.counting.stream.consuming import Consumer
from billing.models import StreamPosition
from tests.factories import FIREFOX

MINUTE = dt.timedelta(minutes=1)


def read(blog, number, at=None):
    return recording.record_view(
        blog=blog,
        viewed_at=at or timezone.now() - MINUTE,
        ip_address=f"192.0.2.{number}",
        user_agent=FIREFOX,
        user=None,
    )


def consume():
    return Consumer().run(is_over=lambda: False, until_empty=True)


def end_process():
    """Let this process end, as far as its numbers go, and fold as its machine does."""
    marks.forget_writer()
    result = take_in_spool()
    assert result.problem == ""


def settle_clocks():
    """Let the stream have been found empty long after the writers last spoke."""
    StreamPosition.objects.update(drained_at=timezone.now() + 2 * MINUTE)
