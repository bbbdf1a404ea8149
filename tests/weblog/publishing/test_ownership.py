"""An editor who wrote a live blog can change it only through somebody else, in every way."""

import pytest
from django.urls import reverse

from tests.factories import make_blog, make_category, make_user
from tests.weblog.admin.blog_forms import change_url, values_of
from weblog.categories import change_category
from weblog.errors import OwnBlog, OwnLiveBlog
from weblog.models import Blog
from weblog.publishing.ownership import is_own
from weblog.publishing.versions import restore_version
from weblog.publishing.workflow import publish_blog

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]


def as_author(blog, user):
    blog.author = user
    blog.save()


def as_co_author(blog, user):
    blog.co_authors.add(user)


def as_former_author(blog, user):
    author = blog.author
    as_author(blog, user)
    as_author(blog, author)


def as_former_co_author(blog, user):
    blog.co_authors.add(user)
    blog.co_authors.remove(user)


WRITERS = [as_author, as_co_author, as_former_author, as_former_co_author]


@pytest.fixture(params=WRITERS)
def own(request, editor):
    """A live blog that the editor wrote."""
    blog = make_blog(title="As it was", body="<p>As it was</p>")
    request.param(blog, editor)
    blog.refresh_from_db()
    return blog


@pytest.mark.parametrize(
    "change", [{"title": "New"}, {"body": "<p>New</p>"}, {"summary": "New"}, {"slug": "new"}]
)
def test_form_refuses_and_keeps_what_was_typed(client, editor, own, change):
    client.force_login(editor)
    response = client.post(change_url(own), values_of(own, **change))
    assert "published and your own" in response.content.decode()
    assert all(value in response.content.decode() for value in ("New", "new") if value in change)
    assert Blog.objects.get(pk=own.pk).title == "As it was"


def test_form_refuses_another_category_or_author(client, editor, own):
    client.force_login(editor)
    for change in ({"category": make_category("Sports").pk}, {"author": make_user().pk}):
        response = client.post(change_url(own), values_of(own, **change))
        assert "published and your own" in response.content.decode()
    stored = Blog.objects.get(pk=own.pk)
    assert (stored.category_id, stored.author_id) == (own.category_id, own.author_id)


def test_page_shows_the_blog_to_read_and_says_what_to_do(client, editor, own):
    client.force_login(editor)
    page = client.get(change_url(own)).content.decode()
    assert "you do not change it alone" in page
    assert 'name="title"' not in page


def test_bulk_change_of_category_skips_it_and_says_why(client, editor, own):
    category = make_category("Sports")
    answer = {
        "action": "change_category",
        "_selected_action": [own.pk],
        "answered": "1",
        "category": category.pk,
    }
    client.force_login(editor)
    response = client.post(reverse("admin:weblog_blog_changelist"), answer, follow=True)
    assert "published and your own" in response.content.decode()
    assert Blog.objects.get(pk=own.pk).category != category


def test_domain_refuses_category_and_old_text(editor, own):
    with pytest.raises(OwnLiveBlog):
        change_category(blog=own, category=make_category("Sports"), by=editor)
    own.title = "Newer"
    own.save()
    with pytest.raises(OwnLiveBlog):
        restore_version(
            blog=own, history_id=own.history.last().history_id, by=editor, reason="Better"
        )


def test_nobody_publishes_what_they_gave_away_as_a_draft(editor):
    blog = make_blog(status=Blog.Status.DRAFT, author=editor)
    as_author(blog, make_user())
    with pytest.raises(OwnBlog):
        publish_blog(blog=blog, by=editor)


def test_another_editor_changes_it(client, own):
    other = make_user(groups=["Editors"])
    client.force_login(other)
    assert client.post(change_url(own), values_of(own, title="New")).status_code == 302
    assert Blog.objects.get(pk=own.pk).title == "New"


def test_drafts_of_ones_own_are_changed_as_before(client, editor):
    blog = make_blog(status=Blog.Status.DRAFT, author=editor)
    client.force_login(editor)
    assert client.post(change_url(blog), values_of(blog, title="New")).status_code == 302


def test_house_may_allow_it(client, editor, own, settings):
    settings.PUBLISH_OWN_BLOGS = True
    assert not is_own(own, by=editor)
    client.force_login(editor)
    assert client.post(change_url(own), values_of(own, title="New")).status_code == 302
