"""A button saves what is typed in the form below it, as one version, or refuses and keeps it."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.factories import make_blog, make_category, make_user
from tests.pages import shown
from tests.weblog.admin.blog_forms import change_url, values_of
from weblog.models import Blog, NewText
from weblog.publishing.new_texts import start_new_text, submit_new_text

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

DRAFT, IN_REVIEW, PUBLISHED, ARCHIVED = Blog.Status
DIALOG = {"_form_submitted": "True", "comment": "Name the source.", "reason": "It is outdated."}
STEPS = [
    ("submit", DRAFT, IN_REVIEW),
    ("publish", DRAFT, PUBLISHED),
    ("publish", IN_REVIEW, PUBLISHED),
    ("return_to_author", IN_REVIEW, DRAFT),
    ("unpublish", PUBLISHED, DRAFT),
    ("archive", PUBLISHED, ARCHIVED),
]
SLOT = "0f8fad5b-d9cb-469f-a165-70867728950e"


def typed(row, **values):
    """What a dialog sends along of the form of `row`, with `values` typed in it."""
    if isinstance(row, Blog):
        sent = values_of(row, **values)
    else:
        sent = {name: getattr(row, name) for name in ("title", "summary", "body")}
        sent |= {"version": row.updated_at.isoformat()} | values
    return {f"typed-{name}": value for name, value in sent.items()}


def press(client, row, step, sent, **asked):
    url = reverse(f"admin:weblog_{row._meta.model_name}_{step}", args=[row.pk])
    return client.post(url, DIALOG | asked | sent)


def story_of(blog):
    """What the history keeps: (title, status) of each version, the oldest first."""
    return list(blog.history.order_by("history_id").values_list("title", "status"))


@pytest.mark.parametrize(("step", "old", "new"), STEPS)
def test_step_saves_what_is_typed_as_one_version(client, editor, step, old, new):
    blog = make_blog(title="Old", status=old)
    co_author = make_user(groups=["Authors"])
    client.force_login(editor)
    sent = typed(blog, title="New", body="<p>New words.</p>", co_authors=[co_author.pk])
    response = press(client, blog, step, sent)
    assert response["HX-Redirect"] == change_url(blog), shown(response)
    blog.refresh_from_db()
    assert (blog.title, blog.body, blog.status) == ("New", "<p>New words.</p>", new)
    assert story_of(blog) == [("Old", old), ("New", new)]
    latest = blog.history.latest()
    assert [named.user for named in latest.co_authors.all()] == [co_author]
    assert latest.history_user == editor


@pytest.mark.parametrize(("step", "old", "new"), STEPS)
def test_step_over_an_untouched_form_saves_nothing_else(client, editor, step, old, new):
    blog = make_blog(title="Old", summary="One\nTwo", status=old)
    client.force_login(editor)
    press(client, blog, step, typed(blog, summary="One\r\nTwo"))
    blog.refresh_from_db()
    assert (blog.summary, blog.status) == ("One\nTwo", new)
    assert story_of(blog) == [("Old", old), ("Old", new)]


@pytest.mark.parametrize(("step", "old", "new"), STEPS)
def test_step_is_refused_where_what_is_typed_cannot_be_saved(client, editor, step, old, new):
    blog = make_blog(title="Old", status=old)
    client.force_login(editor)
    response = press(client, blog, step, typed(blog, title="", body="<p>New words.</p>"))
    assert shown(response) == ["Title: This field is required."]
    blog.refresh_from_db()
    assert (blog.title, blog.status) == ("Old", old)
    assert story_of(blog) == [("Old", old)]


@pytest.mark.parametrize(("step", "old", "new"), STEPS)
def test_step_is_refused_where_somebody_else_saved_meanwhile(client, editor, step, old, new):
    blog = make_blog(title="Old", status=old)
    sent = typed(blog, title="Mine")
    Blog.objects.get(pk=blog.pk).save()
    client.force_login(editor)
    assert "Your changes are not saved yet" in shown(press(client, blog, step, sent))[0]
    blog.refresh_from_db()
    assert (blog.title, blog.status) == ("Old", old)


@pytest.mark.parametrize("step", ["restore", "write_new_text"])
def test_step_that_would_replace_what_is_typed_asks_to_save_first(client, superuser, step):
    blog = make_blog(title="Old")
    client.force_login(superuser)
    response = press(client, blog, step, typed(blog, title="Mine"), version="1")
    assert shown(response)[0].startswith("You typed something that is not saved yet")
    assert story_of(blog) == [("Old", PUBLISHED)]


def test_opening_a_dialog_with_what_is_typed_changes_nothing(client, editor):
    blog = make_blog(title="Old", status=DRAFT)
    client.force_login(editor)
    url = reverse("admin:weblog_blog_submit", args=[blog.pk])
    page = client.post(url, typed(blog, title="Mine", body="<h4>Low</h4>")).content.decode()
    assert "A heading 4 follows the title." in page
    assert story_of(blog) == [("Old", DRAFT)]


def test_author_submits_what_is_typed_with_a_note(client, author):
    blog = make_blog(title="Old", author=author, status=DRAFT)
    client.force_login(author)
    press(client, blog, "submit", typed(blog, title="New"), note="Please check the dates.")
    assert story_of(blog) == [("Old", DRAFT), ("New", IN_REVIEW)]
    reason = "Submitted for review: Please check the dates."
    assert blog.history.latest().history_change_reason == reason


@pytest.mark.thorough
def test_editor_reads_the_note_beside_the_text(client, author, editor):
    blog = make_blog(author=author, status=DRAFT)
    client.force_login(author)
    press(client, blog, "submit", typed(blog), note="Check the <dates>.")
    client.force_login(editor)
    page = client.get(change_url(blog)).content.decode()
    assert "Note to the editor, sent with it:" in page
    assert "<p>Check the &lt;dates&gt;.</p>" in page
    press(client, blog, "return_to_author", typed(blog))
    assert client.get(change_url(blog)).context["note_to_editor"] == ""


def test_author_takes_back_what_was_submitted(client, author):
    blog = make_blog(title="Old", author=author, status=IN_REVIEW)
    client.force_login(author)
    response = press(client, blog, "take_back", {}, note="")
    assert shown(response) == ["“Old” is your draft again."]
    assert story_of(blog) == [("Old", IN_REVIEW), ("Old", DRAFT)]


def test_text_that_can_no_longer_be_changed_is_refused_and_named(client, author):
    blog = make_blog(title="Old", author=author, status=IN_REVIEW)
    client.force_login(author)
    response = press(client, blog, "take_back", typed(blog, title="Mine"), note="")
    assert shown(response)[0].startswith("You can no longer change this text")
    assert story_of(blog) == [("Old", IN_REVIEW)]


def test_schedule_is_moved_without_unpublishing(client, editor):
    now = timezone.now()
    blog = make_blog(title="Soon", publish_at=now + dt.timedelta(days=2))
    client.force_login(editor)
    press(client, blog, "move_schedule", {}, at="2099-01-02T09:00")
    blog.refresh_from_db()
    assert timezone.localtime(blog.publish_at).isoformat() == "2099-01-02T09:00:00+01:00"
    assert story_of(blog) == [("Soon", PUBLISHED), ("Soon", PUBLISHED)]
    press(client, blog, "move_schedule", {}, at="")
    blog.refresh_from_db()
    assert blog.is_live


@pytest.fixture
def new_text(author):
    blog = make_blog(title="Live", author=author)
    new_text = start_new_text(blog=blog, by=author)
    new_text.body = "<p>Other words.</p>"
    new_text.save()
    return new_text


def test_new_text_is_submitted_and_published_as_it_is_typed(client, author, editor, new_text):
    client.force_login(author)
    press(client, new_text, "submit", typed(new_text, body="<p>Typed.</p>"), note="")
    new_text.refresh_from_db()
    assert (new_text.body, new_text.status) == ("<p>Typed.</p>", "in_review")
    client.force_login(editor)
    press(client, new_text, "publish", typed(new_text, title="Put right"))
    new_text.blog.refresh_from_db()
    assert (new_text.blog.title, new_text.blog.body) == ("Put right", "<p>Typed.</p>")
    assert new_text.history.count() == 4


def test_time_of_a_new_text_is_moved(client, author, editor, new_text):
    submit_new_text(new_text=new_text, by=author)
    client.force_login(editor)
    press(client, new_text, "publish", {}, at="2098-01-02T09:00")
    press(client, new_text, "move_schedule", {}, at="2099-01-02T09:00")
    new_text.refresh_from_db()
    assert (new_text.status, new_text.publish_at.year) == (NewText.Status.SCHEDULED, 2099)


def test_browser_is_told_which_of_its_texts_are_saved(client, editor):
    blog = make_blog(title="Old", status=DRAFT)
    client.force_login(editor)
    client.post(change_url(blog), values_of(blog, title="", draft=SLOT))
    assert "saved-drafts" not in client.cookies
    client.post(change_url(blog), values_of(blog, title="New", draft=SLOT))
    assert client.cookies["saved-drafts"].value == SLOT
    other = SLOT.replace("0f8f", "1111")
    blog.refresh_from_db()
    press(client, blog, "submit", typed(blog, draft=other))
    assert client.cookies["saved-drafts"].value == f"{SLOT}.{other}"


def test_page_carries_the_key_of_its_own_reader_only(client, author, editor, settings):
    blog = make_blog(author=author, status=DRAFT)
    keys = set()
    for user in (author, editor):
        client.force_login(user)
        keys.add(client.get(change_url(blog)).context["draft"]["keys"])
    assert len(keys) == 2
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "x" * 60
    assert client.get(change_url(blog)).context["draft"]["keys"].split(" ")[1] in keys


def test_page_that_only_shows_a_text_keeps_nothing(client, auditor):
    client.force_login(auditor)
    assert "typed-draft" not in client.get(change_url(make_blog())).content.decode()


def test_save_without_a_change_changes_nothing(client, editor):
    blog = make_blog(title="Old", summary="One\nTwo", body="<p>a</p>\n<p>b</p>", status=DRAFT)
    client.force_login(editor)
    sent = values_of(blog, summary="One\r\nTwo", body="<p>a</p>\r\n<p>b</p>")
    assert client.post(change_url(blog), sent).status_code == 302
    stored = Blog.objects.get(pk=blog.pk)
    assert (stored.updated_at, stored.body) == (blog.updated_at, "<p>a</p>\n<p>b</p>")
    assert story_of(blog) == [("Old", DRAFT)]


def test_one_save_of_title_co_authors_and_address_is_one_version(client, editor):
    blog = make_blog(title="Old", slug="old")
    co_author = make_user(groups=["Authors"])
    client.force_login(editor)
    values = {"title": "New", "slug": "new", "co_authors": [co_author.pk]}
    client.post(change_url(blog), values_of(blog, **values))
    assert story_of(blog) == [("Old", PUBLISHED), ("New", PUBLISHED)]
    latest = blog.history.latest()
    assert latest.history_change_reason == "Address changed from old"
    assert [named.user for named in latest.co_authors.all()] == [co_author]
    assert [old.slug for old in blog.old_addresses.all()] == ["old"]


def test_new_blog_with_co_authors_is_one_version(client, editor):
    author, co_author = (make_user(groups=["Authors"]) for _ in range(2))
    client.force_login(editor)
    values = {"title": "New", "slug": "new", "category": make_category().pk, "body": "<p>x</p>"}
    values |= {"author": author.pk, "co_authors": [co_author.pk]}
    assert client.post(reverse("admin:weblog_blog_add"), values).status_code == 302
    record = Blog.objects.get(slug="new").history.get()
    assert (record.history_type, record.history_user) == ("+", editor)
    assert [named.user for named in record.co_authors.all()] == [co_author]


def test_author_is_not_also_a_co_author(client, editor):
    author = make_user(first_name="Ada", last_name="Example")
    blog = make_blog(author=author, status=DRAFT)
    client.force_login(editor)
    response = client.post(change_url(blog), values_of(blog, co_authors=[author.pk]))
    assert response.context["adminform"].form.errors["co_authors"] == [
        "Ada Example is its author already, so not also a co-author."
    ]


def test_live_blog_moves_only_with_a_reason_and_what_follows_is_shown_first(client, editor):
    names = {"last_name": "Example", "groups": ["Authors"]}
    ada, bo = (make_user(first_name=name, **names) for name in ("Ada", "Bo"))
    blog = make_blog(author=ada, category=make_category("Tech"))
    client.force_login(editor)
    sent = values_of(blog, author=bo.pk, title="Retitled", move_reason=".")
    page = client.post(change_url(blog), sent).content.decode()
    assert "Views so far stay with Ada Example. Views from now on go to Bo Example." in page
    assert 'value="Retitled"' in page
    blog.refresh_from_db()
    assert blog.author == ada
    client.post(change_url(blog), sent | {"move_reason": "Bo wrote it."})
    blog.refresh_from_db()
    assert (blog.author, blog.title) == (bo, "Retitled")
    assert blog.history.latest().history_change_reason == "Bo wrote it."


def test_draft_moves_without_a_question(client, editor):
    blog, category = make_blog(status=DRAFT), make_category("Tech")
    client.force_login(editor)
    client.post(change_url(blog), values_of(blog, category=category.pk))
    blog.refresh_from_db()
    assert blog.category == category
