"""Looks a log through before its import: nobody brings in views of their own blogs."""

from collections import Counter
from collections.abc import Callable
from typing import BinaryIO

from django.contrib.auth.models import User

from billing.counting.access_logs.files import LogFile
from billing.counting.access_logs.lines import Request, Skipped, fold_slugs
from billing.own_money import find_own_blogs, refuse_own_views
from weblog.models import OldAddress


def refuse_own_lines(
    file: BinaryIO,
    file_name: str,
    read_line: Callable[[bytes], Request | Skipped],
    *,
    by: User,
    most_bytes: int | None,
) -> None:
    """Raise OwnMoney, with their number, where lines are for blogs of `by`.

    Reads the whole file, and goes back to where it began. A former address of a blog is one too.
    """
    own = find_own_blogs(by)
    slugs = fold_slugs(own.values_list("slug", flat=True))
    slugs |= fold_slugs(OldAddress.objects.filter(blog__in=own).values_list("slug", flat=True))
    if not slugs:
        return
    start = file.tell()
    found: Counter[str] = Counter()
    for line in LogFile(file, file_name, most_bytes=most_bytes).read_lines():
        request = read_line(line)
        if isinstance(request, Request) and (own_slugs := slugs & fold_slugs(request.slugs)):
            found[min(own_slugs)] += 1
    file.seek(start)
    refuse_own_views(found.keys(), found.total())
