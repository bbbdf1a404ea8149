import io

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from tests.factories import make_blog, make_category, make_user
from tests.weblog.posts import make_item, make_wxr
from weblog.errors import ImportRefused
from weblog.importing.formats import open_source
from weblog.importing.free_slugs import SlugGiver
from weblog.importing.imports import import_posts
from weblog.importing.plans import Choices
from weblog.importing.posts import Post
from weblog.models import Blog, Category, OldAddress

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


def bring_in(*items, name="site.xml", **options):
    source = open_source(io.BytesIO(make_wxr(*items)), name)
    return import_posts(source=source, **options)


def in_category(name):
    return f'<category domain="category">{name}</category>'


def nothing_is_here():
    return not any(model.objects.exists() for model in (Blog, Category, User))


def test_published_post_becomes_a_live_blog_with_its_history():
    bring_in(make_item(7, more=in_category("Tech")))
    blog = Blog.objects.get()
    assert blog.is_live
    assert (blog.title, blog.slug, blog.category.name) == ("Hello", "hello-7", "Tech")
    assert (blog.imported_from, blog.publish_at.year) == ("https://example.com/?p=7", 2020)
    assert [record.history_change_reason for record in blog.history.all()] == [
        "Imported from site.xml"
    ]
    assert blog.category.history.get().history_change_reason == "Imported from site.xml"


def test_second_run_changes_nothing_whatever_was_edited_since():
    items = [make_item(1), make_item(2)]
    bring_in(*items)
    blog = Blog.objects.get(slug="hello-1")
    blog.title = "Edited here"
    blog.save()
    before = list(Blog.history.values_list("history_id", "title"))
    plan = bring_in(*items)
    assert (plan.new, plan.already_here) == (0, 2)
    assert list(Blog.history.values_list("history_id", "title")) == before


def test_missing_author_gets_an_account_that_nobody_can_use():
    bring_in(make_item())
    user = User.objects.get()
    assert (user.username, user.get_full_name(), user.email) == (
        "rosa", "Rosa Diaz", "rosa@example.com"
    )  # fmt: skip
    assert not user.is_active
    assert not user.is_staff
    assert not user.has_usable_password()
    assert not user.groups.exists()


def test_author_is_found_by_username_or_mapped():
    rosa, amy = make_user("Rosa"), make_user("amy")
    bring_in(make_item(1))
    bring_in(make_item(2), choices=Choices(authors={"rosa": "amy"}))
    assert [blog.author for blog in Blog.objects.order_by("pk")] == [rosa, amy]
    assert User.objects.count() == 2


def test_first_author_has_the_blog_and_the_others_are_named_beside():
    more = '<category domain="author" nicename="cap-amy">Amy</category>'
    bring_in(make_item(more=more))
    blog = Blog.objects.get()
    assert blog.author.username == "rosa"
    assert [user.username for user in blog.co_authors.all()] == ["amy"]
    assert blog.history.first().co_authors.count() == 1
    assert {record.history_change_reason for record in blog.history.all()} == {
        "Imported from site.xml"
    }


def test_category_is_found_mapped_or_made():
    tech = make_category("Tech")
    items = [make_item(n, more=in_category(name)) for n, name in enumerate(("tech", "IT", "New"))]
    bring_in(*items, make_item(9), choices=Choices(categories={"IT": "Tech"}))
    found = {blog.slug: blog.category.name for blog in Blog.objects.all()}
    assert found == {
        "hello-0": "Tech", "hello-1": "Tech", "hello-2": "New", "hello-9": "Uncategorised"
    }  # fmt: skip
    assert tech.blogs.count() == 2


def test_address_that_is_taken_gets_a_number():
    OldAddress.objects.create(slug="x-2", blog=make_blog(slug="x"))
    bring_in(*(make_item(n, post_name="x") for n in (1, 2)))
    assert sorted(Blog.objects.values_list("slug", flat=True)) == ["x", "x-3", "x-4"]


def test_many_posts_of_one_address_take_few_queries(django_assert_num_queries):
    make_blog(slug="x")
    posts = [Post(f"https://example.com/?p={number}", "", slug="x") for number in range(150)]
    giver = SlugGiver()
    with django_assert_num_queries(6):  # two for each hundred numbers
        giver.look_up(posts)
        slugs = [giver.give(post) for post in posts]
    assert slugs == [f"x-{number}" for number in range(2, 152)]


@pytest.mark.parametrize(
    ("item", "problem"),
    [
        (make_item(2, post_date_gmt="soon"), "item 2, “Hello”: wp:post_date_gmt: “soonZ” is no"),
        (make_item(2, post_date_gmt=""), "item 2, “Hello”: date: a published post needs one"),
        (make_item(2, status="odd"), "item 2, “Hello”: wp:status: “odd” is not known"),
        (make_item(2, creator=""), "item 2, “Hello”: author: none is named"),
        (make_item(1), "item 2, “Hello”: has the same number"),
        (make_item(2, creator="ROSA!"), "author “ROSA!”: “rosa” would get the same username"),
        (make_item(2, creator="!!"), "author “!!”: No username"),
        (make_item(2, more=in_category("x" * 101)), "category “xxx.*: Ensure this value"),
    ],
)
def test_faulty_post_is_named_and_nothing_is_changed(item, problem):
    with pytest.raises(ImportRefused, match=f"Nothing was imported(?s:.*)site.xml, {problem}"):
        bring_in(make_item(1), item)
    assert nothing_is_here()


def test_map_to_an_account_that_is_not_there_is_refused():
    with pytest.raises(ImportRefused, match="author “rosa”: There is no account “nobody”"):
        bring_in(make_item(), choices=Choices(authors={"rosa": "nobody"}))
    assert nothing_is_here()


def test_nobody_publishes_an_own_blog_by_importing_it(settings):
    rosa = make_user("rosa")
    with pytest.raises(ImportRefused, match="nobody publishes a blog of their own"):
        bring_in(make_item(), by=rosa)
    bring_in(make_item(1, status="draft"), by=rosa)
    settings.PUBLISH_OWN_BLOGS = True
    bring_in(make_item(2), by=rosa)
    assert Blog.objects.count() == 2


def test_file_without_posts_says_so():
    with pytest.raises(ImportRefused, match=r"holds no post, .*1 authors are named"):
        bring_in()


def test_script_does_not_come_in():
    bring_in(make_item(body="<p onclick='x'>Hi<script>alert(1)</script></p>"))
    blog = Blog.objects.get()
    assert (blog.body, blog.history.get().body) == ("<p>Hi</p>", "<p>Hi</p>")


def test_queries_grow_by_the_blog_alone(django_assert_max_num_queries):
    with django_assert_max_num_queries(24 + 4 * 20):
        bring_in(*(make_item(n) for n in range(20)))


def command(path, *options, name="import_wordpress"):
    output = io.StringIO()
    call_command(name, path, *options, stdout=output)
    return output.getvalue()


@pytest.fixture
def export(tmp_path):
    path = tmp_path / "site.xml"
    path.write_bytes(make_wxr(make_item(1), make_item(2, post_type="page")))
    return path


def test_command_imports_and_says_what_it_came_to(export):
    line = "1 of 1 posts (1 published); 0 were here already; 1 of 1 authors are new; 1 of 1"
    assert command(export, "--dry-run").startswith(f"Would import: {line}")
    assert nothing_is_here()
    assert command(export).startswith(f"Imported: {line} categories are new; left out: 1 × page.")
    assert "0 of 1 posts; 1 were here already" in command(export)


def test_command_reads_maps(export, tmp_path):
    make_user("amy")
    (tmp_path / "authors.csv").write_text("author,username\nrosa,amy\n")
    (tmp_path / "categories.csv").write_text("category,here\n,News\n")
    command(
        export,
        "--author-map", str(tmp_path / "authors.csv"),
        "--category-map", str(tmp_path / "categories.csv"),
    )  # fmt: skip
    blog = Blog.objects.get()
    assert (blog.author.username, blog.category.name) == ("amy", "News")


def test_command_refuses_with_what_is_wrong(export, tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text("author,username\nrosa\n")
    with pytest.raises(CommandError, match=r"bad.csv, line 2: 1 cells"):
        command(export, "--author-map", str(bad))
    with pytest.raises(CommandError, match="can't be read"):
        command(tmp_path / "missing.xml")
    with pytest.raises(CommandError, match="is a WordPress export, not a Ghost export"):
        command(export, name="import_ghost")
    bad.write_text("a,b")
    with pytest.raises(CommandError, match="none of the files that can be read"):
        command(bad)
    export.write_bytes(make_wxr(make_item(status="odd")))
    for options in ([], ["--dry-run"]):
        with pytest.raises(CommandError, match="“odd” is not known"):
            command(export, *options)
    assert nothing_is_here()
