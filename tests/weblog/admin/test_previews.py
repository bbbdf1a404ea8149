import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.factories import make_blog
from weblog.models import NewText

pytestmark = pytest.mark.django_db

NEXT_YEAR = timezone.localtime() + dt.timedelta(days=365)


def open_preview(client, row, user):
    client.force_login(user)
    return client.get(reverse(f"admin:weblog_{row._meta.model_name}_preview", args=[row.pk]))


def make_new_text(blog, **values):
    return NewText.objects.create(
        blog=blog, title="A new title", body="<p>New</p>", created_by=blog.author, **values
    )


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"status": "draft"}, "A draft. Readers don&#x27;t see it."),
        ({"status": "in_review"}, "In review."),
        ({"status": "archived"}, "In the archive."),
        ({"status": "published", "publish_at": NEXT_YEAR}, f"Readers see it from {NEXT_YEAR.day} "),
        ({"status": "published"}, "Readers see it here"),
    ],
)
def test_author_sees_the_own_blog_as_readers_will(client, author, values, says):
    blog = make_blog(author=author, title="Night train", body="<p>It waits.</p>", **values)
    page = open_preview(client, blog, author).content.decode()
    assert '<h1 dir="auto">Night train</h1>' in page
    assert "<p>It waits.</p>" in page
    assert says in page


def test_preview_is_strict_and_stays_out_of_caches_and_indexes(client, author):
    response = open_preview(client, make_blog(author=author, status="draft"), author)
    assert "script" not in response["Content-Security-Policy"]
    assert "default-src 'none'" in response["Content-Security-Policy"]
    assert "no-store" in response["Cache-Control"]
    assert response["X-Robots-Tag"] == "noindex"
    assert '<meta name="robots" content="noindex">' in response.content.decode()


def test_preview_is_never_a_view(client, author, views):
    open_preview(client, make_blog(author=author), author)
    assert views == []


def test_new_text_is_shown_in_place_of_the_old(client, author, editor):
    blog = make_blog(author=author, title="The old title", body="<p>Old</p>")
    new_text = make_new_text(blog, status="in_review")
    for user in (author, editor):
        page = open_preview(client, new_text, user).content.decode()
        assert "A new title" in page
        assert "<p>New</p>" in page
        assert "A new text, in review. Readers see the old one." in page
        assert "<p>Old</p>" not in page
    blog.refresh_from_db()
    assert blog.title == "The old title"


def test_preview_of_another_author_is_not_found(client, author):
    blog = make_blog(status="draft")
    assert open_preview(client, blog, author).status_code == 404
    assert open_preview(client, make_new_text(blog), author).status_code == 404


def test_stranger_is_asked_to_sign_in(client):
    url = reverse("admin:weblog_blog_preview", args=[make_blog(status="draft").pk])
    assert client.get(url).url.startswith(reverse("admin:login"))


def test_preview_leads_back_to_what_is_previewed(client, author):
    blog = make_blog(author=author)
    new_text = make_new_text(blog)
    for row, words in ((blog, "Back to the blog"), (new_text, "Back to the new text")):
        url = reverse(f"admin:weblog_{row._meta.model_name}_change", args=[row.pk])
        assert f'<a href="{url}">{words}</a>' in open_preview(client, row, author).text
