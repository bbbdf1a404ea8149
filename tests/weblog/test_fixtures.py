import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.core.management import call_command

from tests.factories import make_user
from weblog.models import Blog, Category

pytestmark = pytest.mark.django_db


def load(*names):
    for name in names:
        call_command("loaddata", settings.BASE_DIR / "fixtures" / f"{name}.json", verbosity=0)


def test_groups_hold_what_their_work_needs():
    load("10_groups")
    permissions = {
        group.name: {permission.codename for permission in group.permissions.all()}
        for group in Group.objects.all()
    }
    assert permissions == {
        "Authors": {
            "add_blog",
            "change_blog",
            "view_blog",
            "view_category",
            "add_picture",
            "change_picture",
            "view_picture",
            "add_newtext",
            "change_newtext",
            "view_newtext",
        },
        "Editors": {
            "add_blog",
            "change_blog",
            "view_blog",
            "view_all_blogs",
            "publish_blog",
            "export_blog",
            "add_category",
            "change_category",
            "view_category",
            "add_picture",
            "change_picture",
            "take_down_picture",
            "view_importedauthor",
            "confirm_importedauthor",
            "view_picture",
            "add_newtext",
            "change_newtext",
            "view_newtext",
            "restore_blog",
            "import_blog",
            "import_category",
            "export_category",
        },
        "Auditors": {
            "view_blog",
            "view_all_blogs",
            "view_category",
            "view_picture",
            "view_newtext",
            "view_importedauthor",
            "view_accessrequest",
            "view_audittrail",
            "view_jobrun",
            "view_mail",
        },
    }


def test_fixtures_can_be_loaded_again():
    for username in ("demo.ada", "demo.bruno", "demo.chiara"):
        make_user(username)
    for _ in range(2):
        load("10_groups", "20_categories", "40_demo_blogs")
    assert list(Category.objects.values_list("slug", flat=True)) == ["fashion", "sports", "tech"]
    assert (Group.objects.count(), Blog.objects.count(), Blog.objects.live().count()) == (3, 12, 10)


def test_demo_blogs_are_clean_as_written():
    for username in ("demo.ada", "demo.bruno", "demo.chiara"):
        make_user(username)
    load("20_categories", "40_demo_blogs")
    for blog in Blog.objects.all():
        before = blog.body
        blog.full_clean()
        blog.save()
        blog.refresh_from_db()
        assert blog.body == before
