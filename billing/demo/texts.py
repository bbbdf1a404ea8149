"""The blogs of the demo: live ones from before the first month, drafts, and what is coming up."""

import datetime as dt

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.utils import timezone
from django.utils.text import slugify

from backoffice.signing import save_signed
from billing.demo.clock import travel
from weblog.models import Blog, Category
from weblog.publishing.new_texts import publish_new_text, start_new_text, submit_new_text
from weblog.publishing.workflow import publish_blog, submit_for_review, take_back

FIXTURES = settings.BASE_DIR / "fixtures"
LATE_CATEGORY = "travel"


def load_blogs(*, by: User, before: dt.datetime, late: dt.datetime) -> None:
    """Load categories and blogs, live since some day before `before`.

    Those of LATE_CATEGORY, which the house takes up during the year, go live after `late`.
    """
    names = ("20_categories.json", "40_demo_blogs.json", "45_demo_more_blogs.json")
    call_command("loaddata", *(FIXTURES / name for name in names), verbosity=0)
    blogs = list(Blog.objects.select_related("category"))
    own = [blog for blog in blogs if blog.category.slug != LATE_CATEGORY]
    early = before - max(blog.publish_at for blog in own) - dt.timedelta(days=1)
    for blog in blogs:
        move = early
        if blog not in own:
            move = late - min(each.publish_at for each in blogs if each not in own)
        for name in ("created_at", "updated_at", "publish_at"):
            setattr(blog, name, getattr(blog, name) + move)
        blog.save_base(raw=True)  # as loaddata does: its history has not begun
    _begin_history(Category, by=by)
    _begin_history(Blog, by=by)


def _begin_history(model, *, by: User) -> None:
    """Write “added” records for the rows of loaddata, which writes no history."""
    model.history.bulk_history_create(
        model.objects.all(), default_user=by, default_change_reason="Set up for the demo"
    )


def name_a_co_author(people: dict[str, User]) -> None:
    blog = Blog.objects.get_by_natural_key("slowest-swimmer")
    blog._history_user, blog._change_reason = people["editor"], "She swam the second leg."
    blog.co_authors.add(people["demo.chiara"])


def plan_texts(people: dict[str, User], *, at: dt.datetime) -> None:
    """Schedule a new text of a live blog and a new blog, and ask for a review of another."""
    blog, author = Blog.objects.get_by_natural_key("last-grass-court"), people["demo.bruno"]
    text = start_new_text(blog=blog, by=author)
    text.body += "<p>The club has found two people to learn from him. They begin in May.</p>"
    save_signed(text, by=author, reason="News from the club")
    text = submit_new_text(new_text=text, by=author)
    morning = timezone.localtime(at).replace(hour=8, minute=0, second=0, microsecond=0)
    publish_new_text(new_text=text, by=people["editor"], at=morning + dt.timedelta(days=7))
    with travel(at - dt.timedelta(days=4)):  # it waits for days, not for the whole year
        waiting = Blog.objects.get_by_natural_key("shirt-without-a-season")
        take_back(blog=waiting, by=waiting.author)
        submit_for_review(blog=waiting, by=waiting.author)
    coming = _write_blog(
        people["demo.hana"], "tech", "The clock that asked for the time",
        "A church clock in the Harz is set by telephone, every Monday, by a woman of ninety.",
    )  # fmt: skip
    submit_for_review(blog=coming, by=coming.author)
    publish_blog(blog=coming, by=people["editor"], at=morning + dt.timedelta(days=3))
    waiting = _write_blog(
        people["demo.fatima"], "food", "A pickle for every month",
        "What a cellar in Graz keeps from one July to the next, jar by jar.",
    )  # fmt: skip
    submit_for_review(blog=waiting, by=waiting.author, note="The photographs follow on Friday.")


def _write_blog(author: User, category: str, title: str, summary: str) -> Blog:
    blog = Blog(
        author=author,
        category=Category.objects.get_by_natural_key(category),
        title=title,
        slug=slugify(title),
        summary=summary,
        body=f"<p>{summary}</p><p>It began with a notebook that somebody found in a drawer.</p>",
    )
    return save_signed(blog, by=author, reason="Written")
