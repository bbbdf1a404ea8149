"""The small files in fixtures/samples, for people who try an import."""

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command

from tests.factories import make_category, make_user
from tests.weblog.uploads import bring_in, upload
from weblog.importing.formats import open_path
from weblog.importing.imports import import_posts
from weblog.models import Blog

pytestmark = pytest.mark.django_db

FOLDER = settings.BASE_DIR / "fixtures" / "samples"


@pytest.mark.parametrize(
    ("command", "name", "titles"),
    [
        (
            "import_wordpress",
            "wordpress.xml",
            ["A bridge that opens twice a day", "What the lamplighter kept"],
        ),
        ("import_markdown", "markdown", ["Shoes for a long queue", "The map in the kitchen"]),
        (
            "import_ghost",
            "ghost.json",
            ["Notes on a borrowed coat", "The choir that meets in a tram depot"],
        ),
    ],
)
def test_posts_come_in_once(command, name, titles):
    call_command(command, FOLDER / name, verbosity=0)
    blogs = Blog.objects.order_by("title")
    assert [blog.title for blog in blogs] == titles
    assert {blog.status for blog in blogs} == {"draft", "published"}
    assert set(User.objects.values_list("first_name", flat=True)) == {"Rosa", "Otto"}
    versions = Blog.history.count()
    with open_path(FOLDER / name) as source:
        plan = import_posts(source=source)
    assert (plan.new, plan.already_here, plan.notes, plan.skipped) == (0, 2, {}, {})
    assert (Blog.history.count(), User.objects.count()) == (versions, 2)


@pytest.mark.thorough
def test_table_comes_in_once(client, superuser, settings, tmp_path):
    settings.UPLOAD_DIR = tmp_path
    for slug in ("sports", "fashion"):
        make_category(slug)
    for username in ("demo.ada", "demo.bruno", "demo.chiara"):
        make_user(username)
    client.force_login(superuser)
    table = (FOLDER / "blogs.csv").read_bytes()
    assert "2 new, 0 changed, 0 as they were" in bring_in(client, table).text
    assert "there is nothing to change" in upload(client, table).text
