"""Acts at the same moment, in real transactions on the database of the run."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone

from tests.factories import make_blog, make_user
from weblog.errors import NewTextOpen, TransitionNotAllowed
from weblog.models import NewText
from weblog.publishing.new_texts import publish_new_text, start_new_text
from weblog.publishing.schedule import publish_due_texts
from weblog.publishing.workflow import publish_blog, return_to_author

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

THREADS = 8


def at_once(acts):
    """Run `acts` in threads that start together. Return each one's result or error."""
    barrier = Barrier(len(acts))

    def run(act):
        barrier.wait()
        try:
            return act()
        except (NewTextOpen, TransitionNotAllowed) as error:
            return type(error)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def test_new_text_is_published_once():
    blog, by = make_blog(), make_user()
    text = NewText.objects.create(
        blog=blog, title="New", body=blog.body, created_by=blog.author, status="in_review"
    )
    outcomes = at_once([lambda: publish_new_text(new_text=text, by=by)] * THREADS)
    assert outcomes.count(TransitionNotAllowed) == THREADS - 1
    assert blog.history.count() == 2


def test_runs_of_the_job_at_the_same_moment_publish_a_text_once():
    blog, due = make_blog(title="As it was"), timezone.now()
    NewText.objects.create(
        blog=blog,
        title="As it is",
        created_by=blog.author,
        status="scheduled",
        publish_at=due,
        approved_by=make_user(is_superuser=True),
    )
    outcomes = at_once([lambda: publish_due_texts(at=due)] * THREADS)
    assert [sum(counts) for counts in zip(*outcomes, strict=True)] == [1, 0, 0]
    assert blog.history.count() == 2


def test_one_new_text_is_begun():
    blog, by = make_blog(), make_user()
    outcomes = at_once([lambda: start_new_text(blog=blog, by=by)] * THREADS)
    assert outcomes.count(NewTextOpen) == THREADS - 1
    assert NewText.objects.count() == 1


def test_blog_is_published_or_returned_and_not_both():
    blog, by = make_blog(status="in_review"), make_user()
    outcomes = at_once(
        [
            lambda: publish_blog(blog=blog, by=by),
            lambda: return_to_author(blog=blog, by=by, comment="Shorten it."),
        ]
    )
    blog.refresh_from_db()
    # Returned first, it is a draft: that may still be published.
    assert blog.status == "published" or TransitionNotAllowed in outcomes
    assert blog.history.count() == 1 + sum(one is not TransitionNotAllowed for one in outcomes)
