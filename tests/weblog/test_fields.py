import json

import pytest
from django.core.management import call_command
from django.db.models import F

from tests.factories import make_blog
from weblog.models import Blog

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]

DIRTY = '<p onclick="x()">Read <b>on</b></p><script>alert(1)</script><a href="javascript:x()">a</a>'
CLEAN = '<p>Read <b>on</b></p><a rel="noopener noreferrer">a</a>'


def stored_body(blog):
    return Blog.objects.values_list("body", flat=True).get(pk=blog.pk)


def test_html_is_clean_when_saved():
    blog = make_blog(body=DIRTY)
    assert stored_body(blog) == CLEAN
    assert blog.history.get().body == CLEAN


def test_html_is_clean_when_created_in_bulk():
    blog = make_blog()
    blog.pk, blog.slug, blog.body = None, "in-bulk", DIRTY
    Blog.objects.bulk_create([blog])
    assert stored_body(blog) == CLEAN


@pytest.mark.parametrize("write", ["update", "bulk_update"])
def test_html_is_clean_when_updated(write):
    blog = make_blog()
    if write == "update":
        Blog.objects.filter(pk=blog.pk).update(body=DIRTY)
    else:
        blog.body = DIRTY
        Blog.objects.bulk_update([blog], ["body"])
    assert stored_body(blog) == CLEAN


def test_html_is_clean_when_loaded(tmp_path):
    blog = make_blog()
    fixture = tmp_path / "blogs.json"
    call_command("dumpdata", "weblog.blog", output=fixture)
    rows = json.loads(fixture.read_text())
    rows[0]["fields"]["body"] = DIRTY
    fixture.write_text(json.dumps(rows))
    call_command("loaddata", fixture, verbosity=0)
    assert stored_body(blog) == CLEAN


@pytest.mark.thorough
def test_plain_writing_is_left_alone():
    body = "<h2>What paper is good at</h2>\n<p>Paper is slow, &amp; that is the <em>point</em>.</p>"
    assert stored_body(make_blog(body=body)) == body


def test_expression_is_passed_on():
    blog = make_blog(summary="From the summary")
    Blog.objects.filter(pk=blog.pk).update(body=F("summary"))
    assert stored_body(blog) == "From the summary"
