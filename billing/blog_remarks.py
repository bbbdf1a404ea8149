"""What billing says of a blog on its way: a category without a price, and what a move does."""

from collections.abc import Iterator

from django.contrib.auth.models import User
from django.db.models import Sum

from backoffice.people import full_name
from billing.models import CategoryPrice, MonthlyViewCount
from billing.money import format_amount
from billing.periods import month_of, today
from weblog.hooks import Remark, add_move_effects, add_remarks
from weblog.models import Blog, Category


def offer_remarks() -> None:
    add_remarks("billing", find_missing_price)
    add_move_effects("billing", describe_move)


def find_missing_price(blog: Blog) -> Iterator[Remark]:
    """Say that views of the blog would wait: no price of its category has started. One query."""
    if blog.category_id and _find_price(blog.category) is None:
        yield Remark(
            f"{blog.category} has no price today: what its readers bring is counted, and paid only "
            "once Finance has entered one."
        )


def describe_move(*, blog: Blog, author: User, category: Category) -> Iterator[str]:
    """Say what is counted this month and stays, and at which price views go on being paid."""
    month = month_of(today())
    counted = MonthlyViewCount.objects.filter(
        blog=blog, author=blog.author, category=blog.category, month=month
    )
    views = counted.aggregate(sum=Sum("views"))["sum"] or 0
    counted_so_far = "1 view" if views == 1 else f"{views:,} views"
    yield (
        f"Counted in {month:%B %Y} so far: {counted_so_far}, paid to "
        f"{full_name(blog.author)} at {_say_price(blog.category)}."
    )
    yield f"Views from now on are paid to {full_name(author)} at {_say_price(category)}."


def _say_price(category):
    price = _find_price(category)
    if price is None:
        return f"a price that Finance has yet to enter for {category}"
    amount = format_amount(price.price_per_1000, currency=price.currency, exact=True)
    return f"the price of {category}, today {amount} per 1,000 views"


def _find_price(category):
    return CategoryPrice.objects.started_by(category, today()).first()
