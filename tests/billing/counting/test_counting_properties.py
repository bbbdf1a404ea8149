"""No order of events, batching or replay changes the counts of a plain model."""

import contextlib
import datetime as dt
from collections import Counter
from io import BytesIO
from itertools import pairwise
from zoneinfo import ZoneInfo

import hypothesis
import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from billing.counting import folding
from billing.counting.access_logs.importing import import_access_log
from billing.counting.folding import fold_views
from billing.counting.recording import record_view
from billing.models import (
    AccessLogImport,
    BlogView,
    DailyCategoryCount,
    DailyViewCount,
    MonthlyViewCount,
    ReaderSalt,
    ViewSeal,
)
from billing.models.counts import make_view_id
from tests.billing.tampering import clear
from tests.factories import FIREFOX, make_blog, make_line

pytestmark = [pytest.mark.slow, pytest.mark.thorough]

SETTINGS = hypothesis.settings(
    stateful_step_count=25,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
BERLIN = ZoneInfo("Europe/Berlin")
LATER = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
MOMENTS = [
    dt.datetime(2026, 10, 31, 23, tzinfo=dt.UTC),  # midnight at the end of the month
    dt.datetime(2026, 10, 24, 22, tzinfo=dt.UTC),  # midnight before summer time ends
    dt.datetime(2026, 10, 25, 1, tzinfo=dt.UTC),  # 3:00 becomes 2:00: the hour comes twice
]

blogs = st.integers(0, 1)
readers = st.sampled_from(["192.0.2.1", "2001:db8::1"])
seconds = st.sampled_from([-61, -31, -30, -15, -1, 0, 1, 15, 29, 30, 31, 46, 60, 90])
microseconds = st.sampled_from([0, 0, -1, 1])
clicks = st.tuples(blogs, readers, seconds, microseconds)


def expect(events):
    """Return {view id: outcome} and {(blog, author, category, day): views} of all events.

    A click counts if its reader's next click on the blog comes more than 30 seconds later.
    """
    outcomes, counts = {}, Counter()
    for blog, reader in {(event["blog"], event["reader"]) for event in events.values()}:
        clicks = sorted(
            (event["viewed_at"], view_id)
            for view_id, event in events.items()
            if (event["blog"], event["reader"]) == (blog, reader)
        )
        for (time, view_id), (next_time, _) in pairwise([*clicks, (LATER, None)]):
            if next_time - time <= dt.timedelta(seconds=30):
                outcomes[view_id] = "double_click"
                continue
            outcomes[view_id] = "counted"
            counts[*events[view_id]["facts"], time.astimezone(BERLIN).date()] += 1
    return outcomes, counts


class Counting(RuleBasedStateMachine):
    """Clicks, retries, overlapping logs, folds and blogs that change hands, in any order."""

    @initialize(moment=st.sampled_from(MOMENTS), fold_size=st.sampled_from([1, 2, 5, 10_000]))
    def start(self, moment, fold_size):
        self.moment = moment
        clear(DailyCategoryCount, DailyViewCount, MonthlyViewCount, BlogView, ViewSeal)
        clear(AccessLogImport, ReaderSalt)
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(folding, "FOLD_SIZE", fold_size)
        self.blogs = [make_blog(), make_blog()]
        self.authors = [blog.author for blog in self.blogs]
        self.categories = [blog.category for blog in self.blogs]
        self.events = {}
        self.robots = 0
        self.log = {}  # {(blog id, time): (blog, reader)}
        self.imported = set()  # keys of the log

    def teardown(self):
        fold_views(at=LATER)
        outcomes, counts = expect(self.events)
        stored = dict(BlogView.objects.exclude(outcome="robot").values_list("pk", "outcome"))
        assert stored == outcomes
        assert read_counts(DailyViewCount, "day") == counts
        assert read_counts(MonthlyViewCount, "month") == by_month(counts)
        assert read_category_counts() == by_category(counts)
        self.patch.undo()

    def time(self, seconds, microseconds=0):
        return self.moment + dt.timedelta(seconds=seconds, microseconds=microseconds)

    def note(self, view_id, blog, reader, viewed_at):
        self.events[view_id] = {
            "blog": blog.pk,
            "reader": reader,
            "viewed_at": viewed_at,
            "facts": (blog.pk, blog.author_id, blog.category_id),
        }

    def record(self, view_id, blog, reader, viewed_at, user_agent=FIREFOX):
        with contextlib.suppress(IntegrityError), transaction.atomic():
            record_view(
                view_id=view_id,
                blog=blog,
                viewed_at=viewed_at,
                ip_address=reader,
                user_agent=user_agent,
            )

    @rule(clicks=st.lists(clicks, min_size=1, max_size=5))
    def readers_click(self, clicks):
        for number, reader, seconds, microseconds in clicks:
            view_id, viewed_at = make_view_id(), self.time(seconds, microseconds)
            self.record(view_id, self.blogs[number], reader, viewed_at)
            self.note(view_id, self.blogs[number], reader, viewed_at)

    @rule(number=blogs, reader=readers, seconds=seconds)
    def robot_comes_by(self, number, reader, seconds):
        viewed_at = self.time(seconds)
        self.record(make_view_id(), self.blogs[number], reader, viewed_at, "Googlebot/2.1")
        self.robots += 1

    @precondition(lambda self: self.events)
    @rule(data=st.data(), number=blogs, seconds=seconds)
    def replay(self, data, number, seconds):
        """Nothing that comes later under the same id changes the recorded view."""
        view_id = data.draw(st.sampled_from(sorted(self.events)))
        self.record(view_id, self.blogs[number], "192.0.2.9", self.time(seconds))

    @rule(number=blogs, reader=readers, seconds=seconds)
    def server_writes_a_line(self, number, reader, seconds):
        """One reader a second and blog, so that a view tells its line."""
        key = (self.blogs[number].pk, self.time(seconds))
        self.log.setdefault(key, (self.blogs[number], reader))

    @precondition(lambda self: self.log)
    @rule(data=st.data())
    def import_part_of_the_log(self, data):
        start = data.draw(st.integers(0, len(self.log) - 1))
        part = list(self.log)[start : data.draw(st.integers(start + 1, len(self.log)))]
        before = set(BlogView.objects.values_list("pk", flat=True))
        lines = []
        for key in part:
            blog, reader = self.log[key]
            request = f"GET /blogs/{blog.slug}/ HTTP/1.1"
            lines.append(make_line(request, host=reader, time=f"{key[1]:%d/%b/%Y:%H:%M:%S} +0000"))
        import_access_log(
            file=BytesIO(b"\n".join(lines)),
            file_name="access.log",
            path_pattern="^/blogs/(?P<slug>[^/]+)/$",
            at=LATER,
        )
        added = {
            (view.blog_id, view.viewed_at): view for view in BlogView.objects.exclude(pk__in=before)
        }
        assert set(added) == set(part) - self.imported
        self.imported.update(added)
        for key, view in added.items():
            self.note(view.pk, *self.log[key], view.viewed_at)

    @rule(seconds=seconds, microseconds=microseconds)
    def fold(self, seconds, microseconds):
        fold_views(at=self.time(seconds + 30, microseconds))

    @rule(number=blogs, author=blogs, category=blogs)
    def blog_changes_hands(self, number, author, category):
        blog = self.blogs[number]
        blog.author, blog.category = self.authors[author], self.categories[category]
        blog.save()

    @invariant()
    def received_views_are_the_sum_of_the_outcomes(self):
        if hasattr(self, "events"):
            assert BlogView.objects.count() == len(self.events) + self.robots

    @invariant()
    def counts_are_those_of_the_counted_views(self):
        counted = BlogView.objects.filter(outcome="counted")
        counts = Counter(counted.values_list("blog", "author", "category", "day"))
        assert read_counts(DailyViewCount, "day") == counts
        assert read_counts(MonthlyViewCount, "month") == by_month(counts)
        assert read_category_counts() == by_category(counts)


def read_counts(model, period):
    facts = ("blog", "author", "category", period)
    return {row[:4]: row[4] for row in model.objects.values_list(*facts, "views") if row[4]}


def read_category_counts():
    rows = DailyCategoryCount.objects.values_list("category", "day", "views")
    return {row[:2]: row[2] for row in rows if row[2]}


def by_category(counts):
    categories = Counter()
    for (*_, category, day), views in counts.items():
        categories[category, day] += views
    return categories


def by_month(counts):
    months = Counter()
    for (*facts, day), views in counts.items():
        months[*facts, day.replace(day=1)] += views
    return months


@pytest.mark.django_db
def test_counts_are_a_function_of_the_events_alone(settings, some_of):
    settings.TIME_ZONE = "Europe/Berlin"
    examples = len(some_of(range(20), 5 if connection.vendor == "postgresql" else 10))
    run_state_machine_as_test(
        Counting, settings=hypothesis.settings(SETTINGS, max_examples=examples)
    )
