"""Checks that each blog has the author and the category that its history ends with.

Both decide what its next views cost and who is paid for them. A blog without a history came with
sample data: views keep their own author and category under seal.
"""

from itertools import batched

from django.db.models import Max

from billing.verification.differences import Difference
from weblog.models import Blog

ROWS_AT_A_TIME = 1_000
SAYS = ("author_id", "category_id")


def check_blogs() -> None:
    rows = Blog.objects.order_by("pk").values_list("pk", *SAYS).iterator(ROWS_AT_A_TIME)
    for portion in batched(rows, ROWS_AT_A_TIME):
        records = _read_ends([blog for blog, *_ in portion])
        for blog, *says in portion:
            if blog not in records:
                continue
            record, *recorded = records[blog]
            for name, one, other in zip(SAYS, says, recorded, strict=True):
                if one != other:
                    raise Difference(
                        Blog.objects.get(pk=blog),
                        f"has the {name.removesuffix('_id')} {one}",
                        f"its history ends with {other} ({Blog.history.model._meta.db_table} "
                        f"{record})",
                    )


def _read_ends(blogs: list[int]) -> dict[int, tuple]:
    """Return {blog: the last record of its history and what it says}. One query."""
    records = Blog.history.filter(id__in=blogs)
    ends = records.order_by().values("id").annotate(end=Max("history_id")).values("end")
    rows = Blog.history.filter(pk__in=ends).order_by().values_list("id", "pk", *SAYS)
    return {blog: rest for blog, *rest in rows}
