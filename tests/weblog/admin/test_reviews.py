import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.factories import make_blog, make_user
from weblog.admin.reviews import ROWS_PER_PAGE
from weblog.models import NewText
from weblog.publishing.reviews import count_waiting, find_waiting, load_waiting

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

QUEUE = "/admin/review/"


def days_ago(days):
    return timezone.now() - dt.timedelta(days=days, minutes=1)


def wait(title, days, **values):
    return make_blog(title=title, status="in_review", submitted_at=days_ago(days), **values)


def wait_with_text(title, days, blog=None):
    blog = blog or make_blog()
    return NewText.objects.create(
        blog=blog,
        title=title,
        status="in_review",
        submitted_at=days_ago(days),
        created_by=blog.author,
    )


def test_oldest_is_first_blogs_and_new_texts_together():
    wait("Second", 2)
    wait_with_text("First", 3)
    wait_with_text("Third", 1)
    make_blog(status="draft")
    waiting = load_waiting(find_waiting())
    assert [item.text.title for item in waiting] == ["First", "Second", "Third"]
    assert [item.is_new_text for item in waiting] == [True, False, True]


def test_what_waited_before_moments_were_kept_counts_from_its_last_change():
    wait("Later", 1)
    blog = make_blog(title="Earlier", status="in_review")
    type(blog)._base_manager.filter(pk=blog.pk).update(updated_at=days_ago(5))
    assert [item.text.title for item in load_waiting(find_waiting())] == ["Earlier", "Later"]


def test_what_was_written_oneself_is_left_out_of_the_count_on_demand():
    user = make_user()
    wait("Mine", 1, author=user)
    wait_with_text("Mine too", 1, make_blog(author=user))
    wait("Another", 1)
    assert (count_waiting(), count_waiting(besides=user)) == (3, 1)


def test_queue_says_what_waits_since_when(client, editor):
    blog = wait("Small screens", 3)
    text = wait_with_text("New words", 1)
    text.review_comment = "Shorten it."
    text.save()
    client.force_login(editor)
    page = client.get(QUEUE).content.decode()
    assert reverse("admin:weblog_blog_change", args=[blog.pk]) in page
    assert reverse("admin:weblog_newtext_change", args=[text.pk]) in page
    for words in ("3\xa0days", "New text of a live blog", "Was returned before"):
        assert words in page


def test_own_text_is_marked_as_somebody_elses_to_publish(client, editor):
    wait("Mine", 1, author=editor)
    client.force_login(editor)
    assert "Yours: somebody else has to publish it." in client.get(QUEUE).content.decode()


def test_empty_queue_says_so(client, editor):
    client.force_login(editor)
    assert "Nothing waits for a review" in client.get(QUEUE).content.decode()


@pytest.mark.parametrize("role", ["author", "auditor"])
def test_queue_is_for_editors(client, request, role):
    client.force_login(request.getfixturevalue(role))
    assert client.get(QUEUE).status_code == 403


@pytest.mark.parametrize("page", ["2", "99", "zz", "-1"])
def test_queue_has_pages(client, editor, page):
    author = make_user()
    for number in range(ROWS_PER_PAGE + 1):
        wait(f"Blog {number}", number, author=author)
    client.force_login(editor)
    response = client.get(QUEUE, {"p": page})
    titles = [item.text.title for item, _ in response.context["rows"]]
    if page in ("2", "99", "-1"):
        assert titles == ["Blog 0"]
    else:
        assert titles[0] == f"Blog {ROWS_PER_PAGE}"


@pytest.mark.thorough
def test_number_of_queries_does_not_grow(client, editor):
    client.force_login(editor)
    counts = []
    for rows in (2, 2, 20):
        while count_waiting() < rows:
            wait("Blog", 1)
            wait_with_text("Text", 1)
        with CaptureQueriesContext(connection) as queries:
            client.get(QUEUE)
        counts.append(len(queries))
    assert counts[1] == counts[2]


def test_text_that_has_just_come_in_has_not_waited_zero_minutes(client, editor):
    make_blog(status="in_review", submitted_at=timezone.now())
    client.force_login(editor)
    page = client.get(reverse("admin:weblog_review_changelist")).text
    assert "less than a minute" in page
    assert "0\xa0minutes" not in page
