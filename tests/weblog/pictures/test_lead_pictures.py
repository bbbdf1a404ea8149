"""The picture that leads a blog in lists and where it is shared."""

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.factories import make_blog
from tests.weblog.admin.blog_forms import change_url, values_of
from tests.weblog.library import FLAG, MAP, make_picture
from weblog.admin.widgets import LeadPictureWidget
from weblog.models import Blog, Picture

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


@pytest.fixture
def led(author):
    body = f'<p>A</p><figure><img src="{MAP}" alt="A map"></figure>'
    return make_blog(author=author, body=body, lead_picture=make_picture(author))


def test_lists_and_other_sites_show_it(client, led):
    assert f'<img src="{FLAG}" alt="" width="60" height="40"' in client.get("/").content.decode()
    page = client.get(led.get_absolute_url()).content.decode()
    assert re.search(f'property="og:image" content="http[^"]*{FLAG}"', page)


def test_first_picture_of_the_text_is_shared_where_none_leads(client, led):
    Blog.objects.update(lead_picture=None)
    assert FLAG not in client.get("/").content.decode()
    page = client.get(led.get_absolute_url()).content.decode()
    assert re.search(f'property="og:image" content="http[^"]*{MAP}"', page)


def test_picture_that_was_taken_down_leads_no_more(client, led):
    Picture.objects.update(taken_down_at=timezone.now())
    assert FLAG not in client.get("/").content.decode()
    assert FLAG not in client.get(led.get_absolute_url()).content.decode()


def test_lists_ask_no_more_of_the_database_for_it(client, author, django_assert_max_num_queries):
    for number in range(8):
        make_blog(author=author, lead_picture=make_picture(author, url=f"/media/p/{number}.png"))
    with django_assert_max_num_queries(4):
        client.get("/")


def test_author_leads_with_an_own_picture_and_not_with_somebody_elses(client, author, editor):
    blog = make_blog(author=author, status=Blog.Status.DRAFT)
    own, other = make_picture(author), make_picture(editor, url=MAP)
    client.force_login(author)
    page = client.post(change_url(blog), values_of(blog, lead_picture=other.pk)).content.decode()
    assert "Select a valid choice" in page
    assert client.post(change_url(blog), values_of(blog, lead_picture=own.pk)).status_code == 302
    blog.refresh_from_db()
    assert blog.lead_picture == own
    assert blog.history.first().lead_picture_id == own.pk


def test_page_offers_the_newest_pictures_of_the_author_and_the_one_that_leads(
    client, author, editor, monkeypatch
):
    monkeypatch.setattr(LeadPictureWidget, "newest", 2)
    old, *new = (
        make_picture(author, url=f"/media/pictures/2026/11/{name}.png", alt_text=name)
        for name in ("old", "newer", "newest")
    )
    make_picture(editor, url=MAP, alt_text="of somebody else")
    make_picture(author, url=FLAG, alt_text="gone", taken_down_at=timezone.now())
    blog = make_blog(author=author, status=Blog.Status.DRAFT, lead_picture=old)
    client.force_login(author)
    page = client.get(change_url(blog)).content.decode()
    found = re.search(r'<select name="lead_picture".*?</select>', page, re.S)[0]
    options = re.findall(r'<option value="(\d*)"([^>]*)>([^<]+)<', found)
    assert [(number, name.strip(), "selected" in more) for number, more, name in options] == [
        ("", "No picture", False),
        (str(old.pk), "old", True),
        *((str(picture.pk), picture.alt_text, False) for picture in reversed(new)),
    ]
    assert f'data-url="{old.file.url}"' in found


@pytest.mark.parametrize("typed", ["x", "-1", "9" * 30, "²"])
def test_what_is_no_picture_is_refused_and_the_page_stays(client, author, typed):
    blog = make_blog(author=author, status=Blog.Status.DRAFT)
    client.force_login(author)
    page = client.post(change_url(blog), values_of(blog, lead_picture=typed)).content.decode()
    assert "Select a valid choice" in page


def test_library_says_which_blogs_it_leads(client, author, led):
    client.force_login(author)
    [picture] = client.get(reverse("admin:weblog_picture_library")).json()["pictures"]
    assert (picture["id"], picture["used"]) == (led.lead_picture_id, [led.title])
