import pytest
from django.urls import reverse

from billing import receivers
from billing.models import BlogView
from tests.factories import FIREFOX, make_blog, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]


@pytest.fixture
def blog():
    return make_blog(slug="paper-notebook")


@pytest.fixture
def visit(client, blog):
    def visit(**headers):
        return client.get(
            reverse("weblog:blog_detail", args=[blog.slug]),
            headers={"user-agent": FIREFOX} | headers,
        )

    return visit


def test_page_shown_to_a_reader_leaves_a_view(visit, blog):
    assert visit().status_code == 200
    view = BlogView.objects.get()
    assert (view.blog, view.author, view.category) == (blog, blog.author, blog.category)
    assert view.outcome == "pending"
    assert view.log_import is None


@pytest.mark.any_database
def test_robot_is_told_by_what_it_sends(visit):
    visit(**{"user-agent": "Googlebot/2.1"})
    assert BlogView.objects.get().outcome == "robot"


def test_author_who_is_signed_in_leaves_an_own_view(visit, client, blog):
    client.force_login(blog.author)
    visit()
    assert BlogView.objects.get().outcome == "own_view"


def test_staff_who_are_signed_in_leave_a_staff_view(visit, client):
    client.force_login(make_user())
    visit()
    assert BlogView.objects.get().outcome == "staff_view"


@pytest.mark.any_database
@pytest.mark.parametrize("status", ["draft", "in_review", "archived"])
def test_page_that_is_not_live_leaves_no_view(visit, blog, status):
    blog.status = status
    blog.save()
    assert visit().status_code == 404
    assert not BlogView.objects.exists()


@pytest.mark.any_database
def test_page_that_is_fetched_ahead_leaves_no_view(visit):
    visit(**{"sec-purpose": "prefetch"})
    assert not BlogView.objects.exists()


def test_reader_gets_the_page_even_if_the_view_can_not_be_recorded(visit, monkeypatch, caplog):
    def fail(**facts):
        raise OSError("disk full")

    monkeypatch.setattr(receivers, "record_view", fail)
    assert visit().status_code == 200
    assert "disk full" in caplog.text
