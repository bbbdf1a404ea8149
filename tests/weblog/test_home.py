import datetime as dt

import pytest
from django.db import connection
from django.db.models import Value
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.factories import make_blog, make_user
from weblog.home import BLOGS_SHOWN, find_own_blogs, list_tasks
from weblog.hooks import BlogColumn, add_blog_column, remove_blog_column
from weblog.models import NewText

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]

LATER = dt.datetime(2030, 3, 1, 8, 30, tzinfo=dt.UTC)


def make_text(blog, status="draft", **values):
    if status == "scheduled":
        values["approved_by"] = make_user()
    return NewText.objects.create(
        blog=blog, title=blog.title, created_by=blog.author, status=status, **values
    )


def ago(**delta):
    return timezone.now() - dt.timedelta(minutes=1, **delta)


def texts(user):
    return [task["text"] for task in list_tasks(user)]


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({"status": "draft"}, "Not submitted yet"),
        ({"status": "draft", "review_comment": "Shorten it."}, "Came back to be changed"),
        ({"status": "archived"}, "Archived"),
        ({"publish_at": dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)}, "Live since 1 Mar 2026"),
        ({"publish_at": dt.datetime(2099, 3, 1, 12, tzinfo=dt.UTC)}, "Goes live on 1 Mar 2099"),
    ],
)
def test_author_reads_where_a_blog_stands(values, state):
    blog = make_blog(**values)
    assert [own.state for own in find_own_blogs(blog.author)] == [state]


def test_author_reads_for_how_long_a_review_has_lasted():
    blog = make_blog(status="in_review", submitted_at=ago(days=3))
    (own,) = find_own_blogs(blog.author)
    assert own.state == "In review for 3\xa0days"


def test_review_that_has_just_begun_has_not_lasted_zero_minutes():
    blog = make_blog(status="in_review", submitted_at=timezone.now())
    assert find_own_blogs(blog.author)[0].state == "In review for less than a minute"


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({}, "Live; new text begun"),
        ({"review_comment": "No."}, "Live; new text came back"),
        (
            {"status": "in_review", "submitted_at": ago(hours=2)},
            "Live; new text in review for 2\xa0hours",
        ),
        (
            {"status": "scheduled", "publish_at": LATER},
            "Live; new text goes live on 1 Mar 2030, 09:30",
        ),
    ],
)
def test_author_reads_where_a_new_text_stands(values, state):
    text = make_text(make_blog(), **values)
    (own,) = find_own_blogs(text.blog.author)
    assert (own.state, own.new_text) == (state, text)


def test_closed_text_is_not_on_its_way():
    text = make_text(make_blog(), "published")
    assert find_own_blogs(text.blog.author)[0].new_text is None


def test_author_sees_own_blogs_and_no_other(author):
    mine = make_blog(author=author)
    make_blog()
    assert [own.blog for own in find_own_blogs(author)] == [mine]


def test_figures_of_other_apps_stand_beside_each_blog(client, author):
    make_blog(author=author)
    add_blog_column(BlogColumn("answer", "Answers so far", lambda: Value(4200)))
    try:
        assert ("Answers so far", "4,200") in find_own_blogs(author)[0].figures
        client.force_login(author)
        page = client.get("/admin/").content.decode()
    finally:
        remove_blog_column("answer")
    assert "Answers so far" in page
    assert "4,200" in page


def test_author_is_told_what_came_back(author):
    make_blog(author=author, title="Paper", status="draft", review_comment="Name the\nsource.")
    make_blog(author=author, status="draft")
    make_text(make_blog(author=author, title="Live"), review_comment="Why?")
    make_text(make_blog(author=author, title="Other"))
    assert texts(author) == [
        "“Paper” came back to you: Name the source.",
        "“Live” came back to you: Why?",
        "1 draft of yours is not submitted for review yet",
        "The new text of “Other” is not submitted for review yet",
    ]


def test_editor_is_told_what_waits_but_for_their_own(editor, settings):
    make_blog(status="in_review")
    make_text(make_blog(), "in_review")
    make_blog(author=editor, status="in_review")
    assert texts(editor) == ["2 texts wait for your review"]
    settings.PUBLISH_OWN_BLOGS = True
    assert texts(editor) == ["3 texts wait for your review"]


def test_home_of_an_author_leads_to_their_blogs(client, author):
    client.force_login(author)
    assert "You have not written a blog yet." in client.get("/admin/").content.decode()
    blog = make_blog(author=author, title="Small screens")
    page = client.get("/admin/").content.decode()
    assert "Small screens" in page
    assert f"/admin/weblog/blog/{blog.pk}/change/" in page


@pytest.mark.parametrize("role", ["editor", "auditor"])
def test_who_reviews_and_reads_has_no_corner_of_an_author(client, request, role):
    client.force_login(request.getfixturevalue(role))
    assert "Your blogs" not in client.get("/admin/").content.decode()


def test_queries_do_not_grow_with_the_blogs():
    author, counts = make_user(), []
    for rows in (1, BLOGS_SHOWN + 2):
        while author.blogs.count() < rows:
            make_text(make_blog(author=author))
        with CaptureQueriesContext(connection) as queries:
            assert [own.state for own in find_own_blogs(author)]
        counts.append(len(queries))
    assert counts == [2, 2]
    assert len(find_own_blogs(author)) == BLOGS_SHOWN
