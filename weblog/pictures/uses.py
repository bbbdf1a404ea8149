"""Where a picture is shown: the blogs, and the new texts that are not out yet."""

from collections import defaultdict
from collections.abc import Iterable
from functools import reduce
from operator import or_

from django.contrib.auth.models import User
from django.db.models import Q

from weblog.models import Blog, NewText, Picture


def find_uses(pictures: Iterable[Picture], *, seen_by: User) -> dict[int, list[Blog | NewText]]:
    """Return {picture_id: texts that show it}, of those that the person may see. Two queries."""
    addresses = {picture.pk: picture.file.url for picture in pictures}
    uses: dict[int, list[Blog | NewText]] = defaultdict(list)
    if not addresses:
        return uses
    holds = reduce(or_, (Q(body__contains=f'"{address}"') for address in addresses.values()))
    blogs = Blog.objects.visible_to(seen_by).filter(holds).order_by("title")
    new_texts = NewText.objects.open().visible_to(seen_by).filter(holds).order_by("title")
    for text in (*blogs.only("title", "body"), *new_texts.only("title", "body")):
        for pk, address in addresses.items():
            if f'"{address}"' in text.body:
                uses[pk].append(text)
    return uses
