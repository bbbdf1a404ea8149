"""Finds earlier imports of the same file by its SHA-256, whatever its name."""

import datetime as dt
import hashlib
from collections import Counter
from typing import BinaryIO

from billing.counting.access_logs.files import READ_SIZE
from billing.counting.access_logs.lines import Request
from billing.models import AccessLogImport, BlogView


def find_earlier_imports(file: BinaryIO) -> list[AccessLogImport]:
    """Return the finished imports of the same bytes; none for a stream."""
    if not file.seekable():
        return []
    start = file.tell()
    digest = hashlib.sha256()
    while block := file.read(READ_SIZE):
        digest.update(block)
    file.seek(start)
    return list(
        AccessLogImport.objects.filter(sha256=digest.hexdigest(), finished_at__isnull=False)
    )


def count_earlier_views(
    requests: list[Request], earlier: list[AccessLogImport]
) -> Counter[tuple[int, dt.datetime]]:
    """Return {(blog, moment): views} of these moments from earlier imports of the file."""
    if not earlier or not requests:
        return Counter()
    moments = [request.viewed_at for request in requests]
    views = BlogView.objects.filter(
        log_import__in=earlier, viewed_at__gte=min(moments), viewed_at__lte=max(moments)
    )
    return Counter(views.order_by().values_list("blog_id", "viewed_at"))
