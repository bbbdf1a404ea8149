import datetime as dt

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from tests.factories import make_blog, make_user
from tests.pages import shown
from weblog.models import Blog
from weblog.publishing.workflow import return_to_author, submit_for_review

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

DRAFT, IN_REVIEW, PUBLISHED, ARCHIVED = Blog.Status
ACTIONS = ["submit", "publish", "return_to_author", "unpublish", "archive"]
FILLED = {"_form_submitted": "True", "comment": "Shorten it.", "reason": "Outdated"}
# For each action a status that it starts from, and the one that it ends in.
MOVES = [
    ("submit", DRAFT, IN_REVIEW),
    ("publish", IN_REVIEW, PUBLISHED),
    ("return_to_author", IN_REVIEW, DRAFT),
    ("unpublish", PUBLISHED, DRAFT),
    ("archive", PUBLISHED, ARCHIVED),
]


def action_url(action, blog):
    return reverse(f"admin:weblog_blog_{action}", args=[blog.pk])


def change_url(blog):
    return reverse("admin:weblog_blog_change", args=[blog.pk])


@pytest.mark.parametrize(("action", "old", "new"), MOVES)
def test_post_moves_the_blog(client, editor, action, old, new):
    blog = make_blog(status=old)
    client.force_login(editor)
    response = client.post(action_url(action, blog), FILLED)
    blog.refresh_from_db()
    assert (response["HX-Redirect"], blog.status) == (change_url(blog), new)
    assert blog.history.latest().history_user == editor


@pytest.mark.parametrize(("action", "old", "new"), MOVES)
@pytest.mark.parametrize("method", ["get", "head", "put"])
def test_only_post_moves_a_blog(client, editor, action, old, new, method):
    blog = make_blog(status=old)
    client.force_login(editor)
    getattr(client, method)(action_url(action, blog), FILLED)
    blog.refresh_from_db()
    assert (blog.status, blog.history.count()) == (old, 1)


@pytest.mark.parametrize(("action", "old", "new"), MOVES)
def test_post_without_the_token_is_refused(client, editor, action, old, new):
    client.handler.enforce_csrf_checks = True
    blog = make_blog(status=old)
    client.force_login(editor)
    assert client.post(action_url(action, blog), FILLED).status_code == 403
    blog.refresh_from_db()
    assert blog.status == old


@pytest.mark.parametrize(("action", "old", "new"), MOVES)
@pytest.mark.parametrize("method", ["get", "post"])
def test_auditor_moves_nothing(client, auditor, action, old, new, method):
    blog = make_blog(status=old)
    client.force_login(auditor)
    assert getattr(client, method)(action_url(action, blog), FILLED).status_code == 403
    blog.refresh_from_db()
    assert blog.status == old


@pytest.mark.parametrize(("action", "old", "new"), MOVES)
@pytest.mark.parametrize("method", ["get", "post"])
def test_author_moves_nothing_of_another(client, author, action, old, new, method):
    blog = make_blog(status=old)
    client.force_login(author)
    assert getattr(client, method)(action_url(action, blog), FILLED).status_code == 403
    blog.refresh_from_db()
    assert blog.status == old


@pytest.mark.parametrize(("action", "old", "new"), MOVES)
def test_author_only_submits(client, author, action, old, new):
    blog = make_blog(status=old, author=author)
    client.force_login(author)
    response = client.post(action_url(action, blog), FILLED)
    blog.refresh_from_db()
    assert response.status_code == (200 if action == "submit" else 403)
    assert blog.status == (IN_REVIEW if action == "submit" else old)


def test_editor_is_told_that_another_has_to_publish(client, editor):
    blog = make_blog(title="My own", status=IN_REVIEW, author=editor)
    client.force_login(editor)
    response = client.post(action_url("publish", blog), FILLED)
    assert shown(response) == ["You wrote “My own”. Somebody else has to publish it."]
    blog.refresh_from_db()
    assert blog.status == IN_REVIEW


def test_second_click_is_told_what_happened(client, editor):
    blog = make_blog(title="Small screens", status=IN_REVIEW)
    client.force_login(editor)
    client.post(action_url("publish", blog), FILLED)
    response = client.post(action_url("publish", blog), FILLED)
    assert "“Small screens” is published already." in shown(response)[-1]


@pytest.mark.parametrize(
    ("action", "old", "message"),
    [
        ("submit", DRAFT, "“Small screens” is now in review."),
        ("publish", IN_REVIEW, "“Small screens” is published."),
        ("return_to_author", IN_REVIEW, "“Small screens” went back to its author."),
        ("archive", PUBLISHED, "“Small screens” is archived."),
    ],
)
def test_outcome_is_told(client, editor, action, old, message):
    blog = make_blog(title="Small screens", status=old)
    client.force_login(editor)
    assert shown(client.post(action_url(action, blog), FILLED)) == [message]


def test_blog_is_scheduled_in_the_zone_of_the_office(client, editor):
    blog = make_blog(status=IN_REVIEW)
    client.force_login(editor)
    response = client.post(
        action_url("publish", blog), {"_form_submitted": "True", "at": "2030-03-01T09:30"}
    )
    blog.refresh_from_db()
    assert blog.publish_at == dt.datetime(2030, 3, 1, 8, 30, tzinfo=dt.UTC)
    assert "will be published on" in shown(response)[0]


@pytest.mark.parametrize(
    ("action", "old", "values"),
    [
        ("return_to_author", IN_REVIEW, {"_form_submitted": "True", "comment": " "}),
        ("publish", IN_REVIEW, {"_form_submitted": "True", "at": "soon"}),
    ],
)
def test_dialog_asks_again(client, editor, action, old, values):
    blog = make_blog(status=old)
    client.force_login(editor)
    response = client.post(action_url(action, blog), values)
    assert "HX-Redirect" not in response
    blog.refresh_from_db()
    assert blog.status == old


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (DRAFT, {"submit", "publish"}),
        (IN_REVIEW, {"publish", "return_to_author"}),
        (PUBLISHED, {"archive", "unpublish"}),
        (ARCHIVED, {"publish"}),
    ],
)
def test_page_shows_the_buttons_that_apply(client, editor, status, expected):
    blog = make_blog(status=status)
    client.force_login(editor)
    page = client.get(change_url(blog)).content.decode()
    assert {action for action in ACTIONS if action_url(action, blog) in page} == expected


def test_author_reads_the_comment_of_the_editor(client, author, editor):
    editor.first_name, editor.last_name = "Edith", "Hartmann"
    editor.save()
    blog = make_blog(status=IN_REVIEW, author=author)
    client.force_login(editor)
    client.post(action_url("return_to_author", blog), FILLED)
    client.force_login(author)
    page = client.get(change_url(blog)).content.decode()
    assert "What the editor asks for" in page
    assert "<p>Shorten it.</p>" in page
    assert "Edith Hartmann" in page


def test_step_without_an_actor_is_shown(client, superuser):
    blog = make_blog()
    blog._change_reason = "Imported"
    blog.save()
    client.force_login(superuser)
    assert "Nobody signed in" in client.get(change_url(blog)).content.decode()


@pytest.mark.parametrize("action", ACTIONS)
def test_action_on_nothing_is_refused(client, superuser, action):
    client.force_login(superuser)
    for pk in ("4711", "zz"):
        url = reverse(f"admin:weblog_blog_{action}", args=[pk])
        assert client.post(url, FILLED).status_code == 403


def test_unknown_blog_is_not_found(client, superuser):
    client.force_login(superuser)
    response = client.get(reverse("admin:weblog_blog_change", args=["4711"]))
    assert response.status_code == 404


def test_editor_brings_back_an_old_text(client, editor):
    blog = make_blog(title="One")
    blog.title = "Two"
    blog.save()
    client.force_login(editor)
    dialog = client.get(action_url("restore", blog))
    ((version, label),) = dialog.context["form"].fields["version"].choices
    assert "“One”" in label
    values = {"_form_submitted": "True", "version": version, "reason": "Two was wrong."}
    response = client.post(action_url("restore", blog), values)
    blog.refresh_from_db()
    assert (response["HX-Redirect"], blog.title) == (change_url(blog), "One")
    assert blog.history.latest().history_user == editor


@pytest.mark.parametrize(
    "values", [{"version": "4711", "reason": "Wrong"}, {"reason": "Wrong"}, {}]
)
def test_dialog_of_the_old_texts_asks_again(client, editor, values):
    blog = make_blog()
    client.force_login(editor)
    response = client.post(action_url("restore", blog), {"_form_submitted": "True"} | values)
    assert "HX-Redirect" not in response
    assert "This blog had no other text so far" in response.content.decode()
    assert blog.history.count() == 1


def test_bringing_back_needs_its_own_permission(client, author, editor):
    blog = make_blog(author=author)
    for user in (author, editor):
        user.groups.clear()
        for codename in ("view_blog", "change_blog", "publish_blog", "view_all_blogs"):
            user.user_permissions.add(Permission.objects.get(codename=codename))
        client.force_login(user)
        assert client.post(action_url("restore", blog), FILLED).status_code == 403
        assert action_url("restore", blog) not in client.get(change_url(blog)).content.decode()


@pytest.mark.parametrize("role", ["editor", "author", "auditor"])
def test_page_shows_what_changed_since_the_blog_came_back(client, request, editor, role):
    user = request.getfixturevalue(role)
    author = user if role == "author" else make_user()
    blog = make_blog(author=author, status=IN_REVIEW, body="<p>Old words here.</p>")
    client.force_login(user)
    heading = "What changed since it came back to the author on"
    assert heading not in client.get(change_url(blog)).text
    blog = return_to_author(blog=blog, by=editor, comment="Name the source.")
    blog.body = "<p>New words here.</p>"
    blog.save()
    assert heading not in client.get(change_url(blog)).text
    submit_for_review(blog=blog, by=blog.author)
    page = client.get(change_url(blog)).text
    assert heading in page
    assert "<p>Name the source.</p>" in page
    assert '<del class="bo-diff-old">Old </del>words here.' in page
    assert '<ins class="bo-diff-new">New </ins>words here.' in page


@pytest.mark.parametrize("at", ["0001-01-01T00:00", "9999-12-31T23:59", "1999-12-31T12:00"])
def test_moment_that_no_time_zone_can_tell_is_refused(client, editor, at):
    blog = make_blog(status=IN_REVIEW)
    client.force_login(editor)
    response = client.post(action_url("publish", blog), {"_form_submitted": "True", "at": at})
    assert "Use a year" in response.content.decode()
    blog.refresh_from_db()
    assert blog.status == IN_REVIEW
