"""Where a picture is shown: in or above blogs, and in the new texts that are not out yet."""

from collections import defaultdict
from collections.abc import Iterable
from functools import reduce
from operator import or_

from django.contrib.auth.models import User
from django.db.models import Q

from weblog.models import Blog, NewText, Picture


def find_uses(pictures: Iterable[Picture], *, seen_by: User) -> dict[int, list[Blog | NewText]]:
    """Return {picture_id: texts that show it or that it leads}, of those that the person may see.

    Two queries.
    """
    addresses = {picture.pk: picture.file.url for picture in pictures}
    uses: dict[int, list[Blog | NewText]] = defaultdict(list)
    if not addresses:
        return uses
    holds = reduce(or_, (Q(body__contains=f'"{address}"') for address in addresses.values()))
    blogs = Blog.objects.visible_to(seen_by).filter(holds | Q(lead_picture__in=addresses))
    new_texts = NewText.objects.open().visible_to(seen_by).filter(holds).order_by("title")
    blogs = blogs.order_by("title").only("title", "body", "lead_picture")
    for text in (*blogs, *new_texts.only("title", "body")):
        lead = text.lead_picture_id if isinstance(text, Blog) else None
        for pk, address in addresses.items():
            if pk == lead or f'"{address}"' in text.body:
                uses[pk].append(text)
    return uses
