import datetime as dt

import pytest
from django.db import IntegrityError
from django.utils import timezone

from tests.factories import make_blog, make_category, make_user
from weblog.models import Blog

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]

DRAFT, IN_REVIEW, PUBLISHED, ARCHIVED = Blog.Status
HOUR = dt.timedelta(hours=1)


@pytest.mark.parametrize(
    ("status", "hours", "is_live", "is_scheduled", "was_published"),
    [
        (DRAFT, -1, False, False, False),
        (IN_REVIEW, -1, False, False, False),
        (PUBLISHED, -1, True, False, True),
        (PUBLISHED, 1, False, True, True),
        (ARCHIVED, -1, False, False, True),
    ],
)
def test_only_a_published_blog_whose_time_has_come_is_live(
    status, hours, is_live, is_scheduled, was_published
):
    blog = make_blog(status=status, publish_at=timezone.now() + hours * HOUR)
    assert (blog.is_live, blog.is_scheduled) == (is_live, is_scheduled)
    assert blog.was_published == was_published
    assert Blog.objects.live().exists() == is_live


def test_blogs_are_live_at_a_given_moment():
    moment = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
    blog = make_blog(publish_at=moment)
    assert list(Blog.objects.live(at=moment)) == [blog]
    assert not Blog.objects.live(at=moment - HOUR).exists()


def test_review_queue_holds_what_was_submitted():
    waiting = make_blog(status=IN_REVIEW)
    make_blog(status=DRAFT)
    assert list(Blog.objects.awaiting_review()) == [waiting]


def test_database_knows_the_statuses():
    with pytest.raises(IntegrityError):
        make_blog(status="lost")


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"first_name": "Ada", "last_name": "Lindqvist"}, "Ada Lindqvist"),
        ({}, "demo.ada"),
    ],
)
def test_author_is_called_by_name(values, name):
    assert make_blog(author=make_user("demo.ada", **values)).author_name == name


def test_rows_are_found_by_slug():
    category, blog = make_category("Tech"), make_blog(slug="night-train")
    assert type(category).objects.get_by_natural_key(*category.natural_key()) == category
    assert Blog.objects.get_by_natural_key(*blog.natural_key()) == blog
    assert (str(category), str(blog)) == ("Tech", blog.title)
