import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.factories import make_blog, make_user
from tests.pages import shown
from weblog.models import Blog, NewText

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

DRAFT, IN_REVIEW, SCHEDULED, PUBLISHED, WITHDRAWN = NewText.Status
LATER = dt.datetime(2030, 3, 1, 8, 30, tzinfo=dt.UTC)
FILLED = {"_form_submitted": "True", "comment": "Name the source."}
MOVES = [
    ("submit", DRAFT, IN_REVIEW),
    ("publish", IN_REVIEW, PUBLISHED),
    ("publish_now", SCHEDULED, PUBLISHED),
    ("return_to_author", IN_REVIEW, DRAFT),
    ("withdraw", DRAFT, WITHDRAWN),
]
SCRIPT = '<script>alert("x")</script>'


def make_text(author, status=DRAFT, **values):
    blog = make_blog(author=author, title="As it was", body="<p>Old words here.</p>")
    values = {"title": "As it is", "body": "<p>New words here.</p>", "created_by": author} | values
    if status == SCHEDULED:
        values = {"publish_at": LATER, "approved_by": make_user()} | values
    return NewText.objects.create(blog=blog, status=status, **values)


def url(text, page="change"):
    return reverse(f"admin:weblog_newtext_{page}", args=[text.pk])


def read(client, address):
    return client.get(address).content.decode()


def form_values(text, **values):
    names = ("title", "summary", "body")
    version = {"version": text.updated_at.isoformat()}
    return {name: getattr(text, name) for name in names} | version | values


def test_author_writes_a_new_text_and_an_editor_publishes_it(client, author, editor):
    blog = make_blog(author=author, title="As it was")
    client.force_login(author)
    begin = reverse("admin:weblog_blog_write_new_text", args=[blog.pk])
    assert begin in read(client, reverse("admin:weblog_blog_change", args=[blog.pk]))
    response = client.post(begin, FILLED)
    text = NewText.objects.get()
    assert response["HX-Redirect"] == url(text)
    assert client.post(url(text), form_values(text, title="As it is")).status_code == 302
    client.post(url(text, "submit"), FILLED)
    assert Blog.objects.get().title == "As it was"
    client.force_login(editor)
    assert "As it is" in read(client, reverse("admin:weblog_review_changelist"))
    client.post(url(text, "publish"), FILLED)
    assert Blog.objects.get().title == "As it is"


def test_button_goes_once_a_text_is_begun_and_the_page_leads_to_it(client, author):
    text = make_text(author)
    client.force_login(author)
    change = reverse("admin:weblog_blog_change", args=[text.blog_id])
    begin = reverse("admin:weblog_blog_write_new_text", args=[text.blog_id])
    page = read(client, change)
    assert url(text) in page
    assert begin not in page
    response = client.post(begin, FILLED)
    (message,) = shown(response)
    assert "is being written already" in str(message)
    assert NewText.objects.count() == 1


@pytest.mark.parametrize(("action", "old", "new"), MOVES)
def test_post_moves_the_text(client, editor, action, old, new):
    text = make_text(make_user(), old)
    client.force_login(editor)
    response = client.post(url(text, action), FILLED)
    text.refresh_from_db()
    assert (response["HX-Redirect"], text.status) == (url(text), new)
    assert text.history.latest().history_user == editor


@pytest.mark.parametrize(("action", "old", "new"), MOVES)
@pytest.mark.parametrize("method", ["get", "head", "put"])
def test_only_post_moves_a_text(client, editor, action, old, new, method):
    text = make_text(make_user(), old)
    client.force_login(editor)
    getattr(client, method)(url(text, action), FILLED)
    text.refresh_from_db()
    assert (text.status, text.history.count()) == (old, 1)


@pytest.mark.parametrize(("action", "old", "new"), MOVES)
def test_author_and_auditor_move_nothing_of_another(client, author, auditor, action, old, new):
    text = make_text(make_user(), old)
    for user in (author, auditor):
        client.force_login(user)
        assert client.post(url(text, action), FILLED).status_code == 403
    text.refresh_from_db()
    assert text.status == old


@pytest.mark.parametrize(("action", "old", "new"), MOVES)
def test_author_submits_and_withdraws_their_own(client, author, action, old, new):
    text = make_text(author, old)
    client.force_login(author)
    is_own = action in ("submit", "withdraw")
    assert client.post(url(text, action), FILLED).status_code == (200 if is_own else 403)
    text.refresh_from_db()
    assert text.status == (new if is_own else old)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (DRAFT, {"submit", "withdraw"}),
        (IN_REVIEW, {"publish", "return_to_author", "withdraw"}),
        (SCHEDULED, {"publish_now", "return_to_author", "withdraw"}),
        (PUBLISHED, set()),
        (WITHDRAWN, set()),
    ],
)
def test_page_shows_the_buttons_that_apply(client, editor, status, expected):
    text = make_text(make_user(), status)
    client.force_login(editor)
    page = read(client, url(text))
    assert {action for action, *_ in MOVES if f'"{url(text, action)}"' in page} == expected


def test_editor_publishes_a_text_at_a_time(client, editor):
    text = make_text(make_user(), IN_REVIEW)
    client.force_login(editor)
    response = client.post(url(text, "publish"), FILLED | {"at": "2030-03-01T09:30"})
    (message,) = shown(response)
    assert str(message) == (
        "The new text of “As it was” goes live on 1 Mar 2030, 09:30. Until then readers see the "
        "old one."
    )
    text.refresh_from_db()
    assert (text.status, text.publish_at, text.approved_by) == (SCHEDULED, LATER, editor)


@pytest.mark.thorough
def test_pages_say_when_a_text_goes_live(client, editor, author):
    text = make_text(author, SCHEDULED)
    pages = [
        url(text),
        reverse("admin:weblog_newtext_preview", args=[text.pk]),
        reverse("admin:weblog_newtext_changelist") + "?status__exact=scheduled",
        reverse("admin:weblog_blog_change", args=[text.blog_id]),
    ]
    for user in (author, editor):
        client.force_login(user)
        for address in pages:
            assert "1 Mar 2030, 09:30" in read(client, address), address


def test_author_sees_own_texts_alone(client, author):
    own, foreign = make_text(author, title="Mine"), make_text(make_user(), title="Another")
    client.force_login(author)
    page = read(client, reverse("admin:weblog_newtext_changelist"))
    assert "Mine" in page
    assert "Another" not in page
    for name in ("change", "history"):
        assert client.get(url(own, name)).status_code == 200
        assert client.get(url(foreign, name)).status_code == 404
    assert client.post(url(foreign), form_values(foreign, title="Taken")).status_code == 404


@pytest.mark.parametrize("status", [IN_REVIEW, SCHEDULED, PUBLISHED, WITHDRAWN])
def test_author_only_reads_what_was_submitted(client, author, status):
    text = make_text(author, status)
    client.force_login(author)
    assert 'name="title"' not in read(client, url(text))
    assert client.post(url(text), form_values(text, title="Late")).status_code == 403


def test_editor_puts_a_text_right_while_it_is_in_review(client, editor):
    text = make_text(make_user(), IN_REVIEW)
    client.force_login(editor)
    assert client.post(url(text), form_values(text, title="Better")).status_code == 302
    for status in (DRAFT, SCHEDULED):
        text = make_text(make_user(), status)
        assert client.post(url(text), form_values(text, title="Better")).status_code == 403


def test_editor_sees_what_was_changed_beside_the_live_text(client, editor):
    text = make_text(make_user(), IN_REVIEW)
    client.force_login(editor)
    page = read(client, url(text))
    assert '<del class="bo-diff-old">Old </del>words here.' in page
    assert '<ins class="bo-diff-new">New </ins>words here.' in page
    assert "Live now" in page


@pytest.mark.thorough
@pytest.mark.parametrize("role", ["author", "editor", "auditor", "superuser"])
@pytest.mark.parametrize("status", NewText.Status)
def test_markup_is_shown_and_never_run(client, request, role, status):
    user = request.getfixturevalue(role)
    text = make_text(
        user, status, title=SCRIPT, summary=SCRIPT, body=f"<p>&lt;script&gt;</p>{SCRIPT}"
    )
    text.review_comment = SCRIPT
    text.save()
    client.force_login(user)
    version = text.history.latest().history_id
    pages = [
        url(text),
        url(text, "history"),
        reverse("admin:weblog_newtext_simple_history", args=[text.pk, version]),
        reverse("admin:weblog_newtext_changelist"),
        reverse("admin:weblog_blog_change", args=[text.blog_id]),
        reverse("admin:index"),
    ]
    for address in pages:
        response = client.get(address)
        assert response.status_code == 200
        assert SCRIPT not in response.content.decode()


def test_editor_is_told_that_the_live_text_was_changed_meanwhile(client, editor):
    text = make_text(make_user(), IN_REVIEW)
    text.blog._history_user = make_user(first_name="Bo", last_name="Ekman")
    text.blog.title = "Put right live"
    text.blog.save()
    client.force_login(editor)
    for address in (url(text), url(text, "publish")):
        page = read(client, address)
        assert "The live text was changed after this text was begun." in page
        assert "Bo Ekman" in page


def test_text_that_was_changed_behind_the_dialog_is_not_published(client, editor):
    text = make_text(make_user(), IN_REVIEW)
    client.force_login(editor)
    seen = client.get(url(text, "publish")).context["form"]["seen"].value()
    text.save()
    response = client.post(url(text, "publish"), FILLED | {"seen": seen})
    (message,) = shown(response)
    assert "Nothing was published: look at both again." in str(message)


def test_author_reads_what_was_asked(client, author):
    text = make_text(author, review_comment="Name the source.")
    client.force_login(author)
    assert "<p>Name the source.</p>" in read(client, url(text))
    text.status = IN_REVIEW
    text.save()
    assert "It was returned before" in read(client, url(text))


def test_second_of_two_people_is_told_what_the_first_one_changed(client, author, editor):
    text = make_text(make_user(), IN_REVIEW)
    values = form_values(text, title="Second")
    client.force_login(editor)
    assert client.post(url(text), form_values(text, title="First")).status_code == 302
    page = client.post(url(text), values).content.decode()
    assert "saved this new text at" in page
    assert '<del class="bo-diff-old">First</del>' in page
    assert 'value="Second"' in page


def test_nothing_is_added_or_deleted_by_hand(client, superuser):
    text = make_text(superuser)
    client.force_login(superuser)
    assert client.get(reverse("admin:weblog_newtext_add")).status_code == 403
    assert client.post(url(text, "delete"), {"post": "yes"}).status_code == 403


def test_empty_list_says_how_to_begin(client, author):
    client.force_login(author)
    page = read(client, reverse("admin:weblog_newtext_changelist"))
    assert "choose “Write a new text”" in page


@pytest.mark.thorough
def test_number_of_queries_does_not_grow(client, superuser):
    client.force_login(superuser)
    counts = []
    for rows in (2, 2, 20):
        while NewText.objects.count() < rows:
            make_text(make_user())
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("admin:weblog_newtext_changelist"))
        counts.append(len(queries))
    assert counts[1] == counts[2]
