import re

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.factories import make_blog, make_user
from tests.weblog.posts import make_ghost, make_item, make_wxr, make_zip
from weblog.admin import imports
from weblog.errors import PictureRefused
from weblog.models import Blog, Category
from weblog.pictures import fetched as fetched_pictures

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

URL = "/admin/weblog/blog/import-posts/"


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.UPLOAD_DIR = tmp_path / "uploads"
    return settings.UPLOAD_DIR


@pytest.fixture
def emma(client, editor):
    client.force_login(editor)
    return editor


def upload(client, data=None, name="site.xml"):
    file = SimpleUploadedFile(name, make_wxr(make_item()) if data is None else data)
    return client.post(URL, {"step": "preview", "file": file})


def confirm(client, **values):
    waiting = client.session.get(f"upload:{URL}", {})
    fields = {"step": "confirm", "name": waiting.get("name", "")}
    return client.post(URL, fields | values, follow=True)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("site.xml", make_wxr(make_item())),
        ("ghost.json", make_ghost({})),
        ("posts.zip", make_zip({"a.md": "---\ntitle: A\nauthor: rosa\ndate: 2020-01-02\n---\nHi"})),
    ],
)
def test_file_is_looked_at_and_then_imported(client, emma, folder, name, data):
    response = upload(client, data, name)
    assert "Import these posts" in response.text
    assert "new, inactive: rosa" in response.text
    assert not Blog.objects.exists()
    assert f"{name}: 1 of 1 posts" in confirm(client).text
    blog = Blog.objects.get()
    assert (blog.author.username, blog.status) == ("rosa", "published")
    assert (blog.history.get().history_user, blog.author.is_active) == (emma, False)
    assert list(folder.iterdir()) == []
    assert "is here already" in upload(client, data, name).text


def test_authors_and_categories_are_chosen_in_the_preview(client, emma):
    amy = make_user("amy")
    more = '<category domain="category">IT</category>'
    upload(client, make_wxr(make_item(1, more=more), make_item(2)))
    confirm(client, **{"author:rosa": "amy", "category:IT": "Tech", "category:": "Tech"})
    assert {blog.author for blog in Blog.objects.all()} == {amy}
    assert Category.objects.get().name == "Tech"
    assert not User.objects.filter(username="rosa").exists()


@pytest.mark.thorough
def test_wrong_choice_is_told_beside_it_and_the_file_goes_on_waiting(client, emma, folder):
    upload(client)
    response = confirm(client, **{"author:rosa": "nobody"})
    assert "There is no account “nobody”" in response.text
    assert 'value="nobody"' in response.text
    assert not Blog.objects.exists()
    confirm(client)
    assert Blog.objects.get().author.username == "rosa"


@pytest.mark.thorough
def test_own_published_posts_are_refused_until_given_to_another(client, emma):
    upload(client, make_wxr(make_item(creator=emma.username)))
    assert "nobody publishes a blog of their own" in confirm(client).text
    assert not Blog.objects.exists()


def test_faulty_file_is_refused_with_all_its_problems(client, emma, folder):
    response = upload(client, make_wxr(make_item(1, status="odd"), make_item(2, creator="")))
    assert "2 problems in site.xml" in response.text
    assert "item 1, “Hello”: wp:status" in response.text
    assert "item 2, “Hello”: author" in response.text
    assert list(folder.iterdir()) == []
    assert "imported or cancelled already" in confirm(client).text


@pytest.mark.parametrize("data", [b"nothing of the kind", make_wxr(), make_wxr(make_item())[:-9]])
def test_file_that_cannot_be_read_is_refused_at_its_field(client, emma, folder, data):
    response = upload(client, data)
    assert response.context["form"].errors["file"]
    assert list(folder.iterdir()) == []


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["uuid", "title", "slug", "html", "status", "custom_excerpt"])
@pytest.mark.parametrize("text", ["\ud800", "\0", "x" * 70_000, [], {}, 9**999, None, True])
def test_odd_value_is_told_or_taken(client, emma, name, text):
    assert upload(client, make_ghost({name: text}), "ghost.json").status_code == 200


def test_half_a_character_in_the_name_of_an_author_is_told(client, emma):
    users = [{"id": "u1", "slug": "\ud800", "name": "\ud800"}]
    response = upload(client, make_ghost({}, users=users), "ghost.json")
    assert "?" in response.text


def test_more_than_a_request_can_do_is_sent_to_the_command(client, emma, monkeypatch):
    monkeypatch.setattr(imports, "MOST_POSTS", 1)
    response = upload(client, make_wxr(make_item(1), make_item(2)))
    assert "by a command" in response.text


def test_swapped_file_is_not_imported(client, emma, folder):
    upload(client)
    next(folder.iterdir()).write_bytes(make_wxr(make_item(5)))
    assert "The uploaded file has changed" in confirm(client).text
    assert not Blog.objects.exists()


@pytest.mark.thorough
def test_preview_escapes_names_and_titles(client, emma):
    bad = '"><script>alert(1)</script>'
    response = upload(client, make_wxr(make_item(creator=f"<![CDATA[{bad}]]>")))
    assert "<script>alert" not in response.text
    response = upload(client, make_wxr(make_item(1, "x", status=f"<![CDATA[{bad}]]>")))
    assert "&lt;script&gt;alert" in response.text
    assert not re.search(r"<script>alert", response.text)


def test_importing_takes_the_permission_to_publish_too(client, groups):
    user = make_user(groups=["Editors"])
    user.groups.get().permissions.remove(user.groups.get().permissions.get(codename="publish_blog"))
    client.force_login(user)
    assert client.get(URL).status_code == 403
    assert client.get("/admin/weblog/blog/import/").status_code == 200


@pytest.mark.parametrize("group", ["Authors", "Auditors"])
def test_page_is_closed_to_others(client, groups, group):
    client.force_login(make_user(groups=[group]))
    assert client.get(URL).status_code == 403
    assert upload(client).status_code == 403


@pytest.mark.thorough
def test_looking_changes_nothing(client, emma):
    make_blog()
    before = list(Blog.history.values_list())
    upload(client)
    for url in (URL, "/admin/weblog/blog/import/"):
        assert client.get(url).status_code == 200
    assert list(Blog.history.values_list()) == before


@pytest.mark.thorough
def test_post_with_a_problem_is_unticked_and_the_rest_comes_in(client, emma):
    data = make_wxr(make_item(1), make_item(2, status="odd"), make_item(3, body=""))
    response = upload(client, data)
    assert "2 posts have problems" in response.text
    assert "wp:status: “odd” is not known" in response.text
    assert "2 posts have problems" in confirm(client).text
    assert not Blog.objects.exists()
    assert "1 post has a problem" not in confirm(client, left_out=["2", "3"]).text
    assert Blog.objects.get().slug == "hello-1"


@pytest.mark.thorough
def test_every_post_with_a_problem_is_left_out_with_one_box(client, emma):
    upload(client, make_wxr(make_item(1), make_item(2, status="odd")))
    assert "left out as chosen: 1" in confirm(client, leaves_out_problems="1").text
    assert Blog.objects.get().slug == "hello-1"


@pytest.mark.thorough
def test_names_are_told_apart_and_spellings_joined_on_the_page(client, emma):
    names = ["Ann Other and Bo Second", "Smith and Sons", "ann other"]
    data = make_wxr(*(make_item(n, creator=name) for n, name in enumerate(names, start=1)))
    response = upload(client, data)
    assert "2 people: Ann Other; Bo Second" in response.text
    assert "write ann-other here as well" in response.text
    confirm(client, one_person="Smith and Sons", **{"author:ann other": "ann-other"})
    names = [blog.author.username for blog in Blog.objects.order_by("slug")]
    assert names == ["ann-other", "smith-and-sons", "ann-other"]


@pytest.mark.thorough
def test_pictures_are_fetched_where_the_box_is_ticked(client, emma, monkeypatch):
    asked = []

    def fetch_file(address):
        asked.append(address)
        raise PictureRefused("No.")

    monkeypatch.setattr(fetched_pictures, "fetch_file", fetch_file)
    data = make_wxr(make_item(body='<img src="https://x.example/a.png">'))
    assert "Fetch the 1 picture " in upload(client, data).text
    text = confirm(client, fetch_pictures="1").text
    assert "pictures that their site did not give, left as links: 1" in text
    assert asked == ["https://x.example/a.png"]


@pytest.mark.thorough
def test_address_of_the_old_site_is_asked_for(client, emma):
    data = make_ghost({"html": '<p>Hi <img src="__GHOST_URL__/a.png" alt="A"></p>'})
    fields = {"step": "preview", "site": "old.example", "file": SimpleUploadedFile("g.json", data)}
    assert "Fetch the 1 picture " in client.post(URL, fields).text
    confirm(client)
    assert 'href="https://old.example/a.png"' in Blog.objects.get().body


def test_file_of_very_many_faulty_posts_is_refused_with_the_first_of_them(
    client, emma, folder, monkeypatch
):
    monkeypatch.setattr(imports, "MOST_POSTS", 2)
    response = upload(client, make_wxr(*(make_item(n, status="odd") for n in range(1, 4))))
    assert "More than 2 posts of site.xml can&#x27;t come in as they are" in response.text
    assert "The first is item 1" in response.text
    assert list(folder.iterdir()) == []
