"""What billing stores that needs an older SECRET_KEY, told before that key is dropped.

A dropped key makes what it marked look forged, for good.
"""

import datetime as dt

from django.conf import settings
from django.db.models import Max, Min
from django.utils import timezone

from billing.models import StreamPosition, Trace, TraceSeal
from billing.proof.marks import is_marked, name_key

ROWS_AT_A_TIME = 1_000
EMPTY_WITHIN = dt.timedelta(minutes=5)
RESTART = "Restart the web workers, and whatever else runs on, on every machine"


def find_waiting(key: str, older: list[str]) -> str:
    """Tell of traces that no seal holds yet and that one of the older keys marked."""
    waiting = Trace.objects.filter(seal=None).order_by("pk")
    count = 0
    for trace in waiting.iterator(ROWS_AT_A_TIME):
        facts = trace.mark, trace.kind, trace.row, trace.digest
        count += not is_marked(*facts, secrets=[key]) and is_marked(*facts, secrets=older)
    if not count:
        return ""
    return (
        f"Traces of what was written ({count}) wait for a seal and bear the mark of an older key: "
        "without it they would look forged. Workers that were not restarted go on to make such "
        f"marks. {RESTART}, run `manage.py seal_traces`, and then this again."
    )


def find_mixed_seals(key: str, older: list[str]) -> str:
    """Tell of seals of traces by an older key after one by today's key.

    Without the older key, such a seal names a key of nobody after ours: that is how forged ones
    look. Once the key of the seal before it is gone as well, it is one of many earlier seals.
    """
    first = _of_key(key).aggregate(first=Min("number"))["first"]
    if first is None or not any(_of_key(each).filter(number__gt=first).exists() for each in older):
        return ""
    return (
        "A worker that was not restarted sealed traces with an older key, after others did with "
        "today's: without the older key that seal would look forged. Run `manage.py "
        f"rotate_secret`. {RESTART}, run `manage.py seal_traces`, and then this again: it drops "
        "both keys."
    )


def _of_key(key):
    return TraceSeal.objects.filter(content__contains=f'"key":"{name_key(key)}"')


def find_messages(key: str, older: list[str]) -> str:
    """Tell of views that may wait in the broker, signed with an older key."""
    if not settings.VIEWS_BROKER:
        return ""
    drained_at = StreamPosition.objects.aggregate(at=Max("drained_at"))["at"]
    if drained_at and drained_at > timezone.now() - EMPTY_WITHIN:
        return ""
    return (
        "Views may wait in the broker, signed with an older key: without it nobody takes them in. "
        f"{RESTART}, wait until `manage.py consume_views` found the broker empty, and run this "
        "again within five minutes."
    )


NEEDS = (find_waiting, find_mixed_seals, find_messages)
