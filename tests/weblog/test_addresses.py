import pytest

from tests.factories import make_blog, make_user
from weblog.addresses import change_slug, check_address
from weblog.errors import AddressTaken
from weblog.models import Blog, OldAddress

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]


def old_slugs(blog):
    return list(blog.old_addresses.values_list("slug", flat=True))


@pytest.mark.parametrize("status", ["published", "archived"])
def test_old_address_of_a_blog_that_readers_had_is_kept(status):
    editor = make_user()
    blog = change_slug(blog=make_blog(slug="old", status=status), slug="new", by=editor)
    assert (blog.slug, old_slugs(blog)) == ("new", ["old"])
    latest = blog.history.first()
    assert (latest.history_user, latest.history_change_reason) == (
        editor, "Address changed from old",
    )  # fmt: skip


def test_draft_that_nobody_saw_leaves_no_address_behind():
    blog = make_blog(slug="old", status=Blog.Status.DRAFT)
    assert old_slugs(change_slug(blog=blog, slug="new", by=make_user())) == []


def test_draft_that_was_live_before_leaves_its_address_behind():
    blog = make_blog(slug="old")
    blog.status = Blog.Status.DRAFT
    blog.save()
    assert old_slugs(change_slug(blog=blog, slug="new", by=make_user())) == ["old"]


def test_blog_may_come_back_to_its_old_address():
    blog = make_blog(slug="old")
    for slug in ("new", "newer", "old"):
        blog = change_slug(blog=blog, slug=slug, by=make_user())
    assert blog.slug == "old"
    assert sorted(old_slugs(blog)) == ["new", "newer"]


def test_address_that_stays_changes_nothing():
    blog = make_blog(slug="old")
    change_slug(blog=blog, slug="old", by=make_user())
    assert (old_slugs(blog), blog.history.count()) == ([], 1)


def test_address_of_another_blog_is_refused():
    make_blog(slug="taken", status=Blog.Status.DRAFT)
    with pytest.raises(AddressTaken, match="The address taken leads to another blog"):
        change_slug(blog=make_blog(), slug="taken", by=make_user())


def test_former_address_of_another_blog_is_refused():
    other = make_blog(title="The other", slug="now")
    OldAddress.objects.create(slug="before", blog=other)
    blog = make_blog(slug="mine")
    with pytest.raises(AddressTaken, match="led to “The other” before, and still does"):
        change_slug(blog=blog, slug="before", by=make_user())
    blog.refresh_from_db()
    assert (blog.slug, old_slugs(blog)) == ("mine", [])


def test_address_for_a_new_blog_is_free_or_refused():
    OldAddress.objects.create(slug="before", blog=make_blog(slug="now"))
    check_address("free")
    check_address("free", blog=Blog())
    for slug in ("before", "now"):
        with pytest.raises(AddressTaken):
            check_address(slug, blog=Blog())


@pytest.mark.parametrize("asked", ["caf%C3%A9", "cafe%CC%81", "Cafe", "caf%65"])
def test_address_in_another_spelling_leads_to_its_blog(client, asked):
    make_blog(slug="cafe", status="published")
    response = client.get(f"/blogs/{asked}/", follow=True)
    assert (response.status_code, response.request["PATH_INFO"]) == (200, "/blogs/cafe/")


def test_old_address_in_another_spelling_leads_to_its_blog(client):
    blog = make_blog(slug="cafe", status="published")
    change_slug(blog=blog, slug="tea", by=make_user())
    assert client.get("/blogs/CAF%C3%89/")["Location"] == "/blogs/tea/"


@pytest.mark.parametrize("asked", ["%E0%B9%80", "%FF", "a" * 3000, "cafe2"])
def test_address_of_no_blog_is_not_found(client, asked):
    make_blog(slug="cafe", status="published")
    assert client.get(f"/blogs/{asked}/").status_code == 404


@pytest.mark.parametrize("slug", ["1%00", "%00", "1%2500", "old%00address"])
def test_address_with_a_nul_leads_nowhere(client, slug):
    assert client.get(f"/blogs/{slug}/").status_code == 404
