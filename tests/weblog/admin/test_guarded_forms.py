"""Two people in the same form: the second is told, and neither loses any text."""

import pytest
from django.urls import reverse

from tests.factories import make_blog, make_category, make_user
from weblog.models import Blog

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]


@pytest.fixture
def blog(editor):
    editor.first_name, editor.last_name = "Edith", "Hartmann"
    editor.save()
    author = make_user(groups=["Authors"])
    text = {"title": "As it was", "summary": "Short.", "body": "<p>One two three.</p>"}
    return make_blog(**text, author=author, status="draft")


@pytest.fixture
def post(client, editor, blog):
    """Return a function that posts the form as it was opened, but for `values`."""
    client.force_login(editor)
    names = ("title", "slug", "summary", "body")
    opened = {name: getattr(blog, name) for name in names}
    opened |= {"category": blog.category_id, "author": blog.author_id}
    opened["version"] = blog.updated_at.isoformat()
    address = reverse("admin:weblog_blog_change", args=[blog.pk])
    return lambda **values: client.post(address, opened | values)


def form_of(response):
    return response.context["adminform"].form


def test_both_texts_of_a_clash_are_shown_and_mine_is_still_in_the_form(post):
    post(title="Theirs", body="<p>One 2 three.</p>")
    response = post(title="Mine", body="<p>One two 3.</p>")
    form = form_of(response)
    assert [clash.label for clash in form.clashes] == ["Title", "Body"]
    assert (form["title"].value(), form["body"].value()) == ("Mine", "<p>One two 3.</p>")
    page = response.content.decode()
    assert "Edith Hartmann saved this blog at" in page
    assert "Compare the fields above that you both changed" in page
    assert '<del class="bo-diff-old">Theirs</del>' in page
    assert '<ins class="bo-diff-new">Mine</ins>' in page


def test_field_that_only_the_other_changed_is_taken_over(post):
    post(title="Theirs", summary="Longer now.")
    form = form_of(post(body="<p>Mine.</p>"))
    assert (form.clashes, form.taken_over) == ([], ["Title", "Summary"])
    assert form["title"].value() == "Theirs"
    assert form["body"].value() == "<p>Mine.</p>"


@pytest.mark.thorough
def test_next_save_goes_through_with_what_both_wrote(post, blog):
    post(title="Theirs")
    form = form_of(post(body="<p>Mine.</p>"))
    names = ("title", "slug", "summary", "body", "category", "author", "version")
    assert post(**{name: form[name].value() for name in names}).status_code == 302
    blog.refresh_from_db()
    assert (blog.title, blog.body) == ("Theirs", "<p>Mine.</p>")


@pytest.mark.thorough
def test_next_save_is_stopped_again_where_a_third_one_came_between(post, blog):
    post(title="Theirs")
    form = form_of(post(title="Mine"))
    blog.refresh_from_db()
    blog.title = "A third"
    blog.save()
    response = post(title="Mine", version=form["version"].value())
    assert response.status_code == 200
    assert [clash.label for clash in form_of(response).clashes] == ["Title"]


def test_category_and_author_are_told_by_name(post, blog):
    theirs, mine = make_category("Sports"), make_category("Fashion")
    author = make_user(first_name="Bo", last_name="Ekman", groups=["Authors"])
    post(category=theirs.pk, author=author.pk)
    response = post(category=mine.pk)
    form = form_of(response)
    assert [clash.label for clash in form.clashes] == ["Category"]
    assert form.taken_over == ["Author"]
    assert form["author"].value() == str(author.pk) or form["author"].value() == author.pk
    assert "Sports" in response.content.decode()


def test_same_change_by_both_is_no_clash(post):
    post(title="Agreed")
    form = form_of(post(title="Agreed"))
    assert (form.clashes, form.taken_over) == ([], [])


def test_editor_that_writes_its_html_otherwise_is_no_clash(post, blog):
    Blog.objects.get(pk=blog.pk).save()
    form = form_of(post(title="Mine", body="<p>One two three.</p>\r\n"))
    assert form.clashes == []


def test_unknown_version_shows_all_that_differs(post):
    post(title="Theirs")
    form = form_of(post(title="Mine", version="yesterday"))
    assert [clash.label for clash in form.clashes] == ["Title"]


def test_field_with_a_mistake_stays_as_it_was_typed(post):
    post(title="Theirs")
    form = form_of(post(slug="not a slug"))
    assert form["slug"].value() == "not a slug"
    assert "slug" in form.errors


def test_markup_in_a_clash_is_shown_and_not_run(post):
    post(title="<script>theirs()</script>")
    page = post(title="<script>mine()</script>").content.decode()
    assert "<script>theirs()" not in page
    assert "<script>mine()" not in page
