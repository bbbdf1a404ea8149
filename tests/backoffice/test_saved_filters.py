import pytest

from backoffice.models import SavedFilter
from tests.factories import make_category, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

SAVE = "/admin/saved-filters/save/"
LIST = "/admin/weblog/category/"


def save(client, *, name="Tech ones", query="q=tech", list_name="weblog_category"):
    return client.post(SAVE, {"list": list_name, "name": name, "query": query}, follow=True)


@pytest.fixture
def clerk(client, make_clerk):
    clerk = make_clerk("weblog.view_category")
    client.force_login(clerk)
    return clerk


def test_saved_filter_stands_above_its_list_and_opens_it(clerk, client):
    make_category("Tech")
    make_category("Sports")
    page = save(client, query="q=tech&p=2&all=").text
    assert "The filter “Tech ones” is saved" in page
    assert f'href="{LIST}?q=tech" aria-current="true">Tech ones</a>' in page
    assert 'href="/admin/weblog/category/?q=tech"' in client.get(LIST).text
    rows = client.get(f"{LIST}?q=tech").context["cl"].result_list
    assert [row.name for row in rows] == ["Tech"]


def test_only_a_narrowed_list_offers_to_save(clerk, client):
    make_category("Tech")
    assert "Save filter" not in client.get(LIST).text
    assert "Save filter" in client.get(f"{LIST}?q=tech").text
    save(client)
    assert "Save filter" not in client.get(f"{LIST}?q=tech").text


def test_same_name_holds_the_later_filter(clerk, client):
    save(client, query="q=tech")
    save(client, query="q=sports")
    assert SavedFilter.objects.get().query == "q=sports"


@pytest.mark.cases(11)
@pytest.mark.parametrize(
    ("values", "refusal"),
    [
        ({"name": ""}, "Give the filter a name."),
        ({"name": "  "}, "Give the filter a name."),
        ({"name": "x" * 61}, "A name has at most 60 characters."),
        ({"query": ""}, "there is nothing to save yet"),
        ({"query": "p=3&o=1"}, "there is nothing to save yet"),
        ({"query": "body__regex=x"}, "there is nothing to save yet"),
        ({"query": "q=" + "x" * 201}, "there is nothing to save yet"),
        ({"query": "q=" + "😀" * 180}, "there is nothing to save yet"),
        ({"query": "q=%00"}, "there is nothing to save yet"),
        ({"query": "&".join(["q=x"] * 60)}, "there is nothing to save yet"),
    ],
)
def test_what_can_not_be_saved_is_said(clerk, client, values, refusal):
    assert refusal in save(client, **values).text
    assert SavedFilter.objects.count() == 0


def test_filter_of_a_list_that_is_closed_is_refused(clerk, client):
    for name in ("auth_user", "weblog_blog", "nothing", "", "weblog_category_changelist"):
        assert save(client, list_name=name).status_code == 404
    assert SavedFilter.objects.count() == 0


@pytest.mark.thorough
def test_no_more_than_twenty_of_a_list(clerk, client):
    for number in range(20):
        save(client, name=f"Filter {number}")
    assert "Remove one first" in save(client, name="One more").text
    assert "is saved" in save(client, name="Filter 3", query="q=other").text
    assert SavedFilter.objects.count() == 20


def test_own_filters_alone_are_shown_and_removed(clerk, client):
    save(client)
    saved = SavedFilter.objects.get()
    forget = f"/admin/saved-filters/{saved.pk}/forget/"
    other = make_user(is_superuser=True)
    client.force_login(other)
    assert "Tech ones" not in client.get(LIST).text
    assert client.post(forget).status_code == 404
    client.force_login(clerk)
    assert "is removed" in client.post(forget, follow=True).text
    assert SavedFilter.objects.count() == 0
    assert client.post(forget).status_code == 404


def test_get_saves_and_removes_nothing(clerk, client):
    save(client)
    saved = SavedFilter.objects.get()
    assert client.get(SAVE).status_code == 405
    assert client.get(f"/admin/saved-filters/{saved.pk}/forget/").status_code == 405
    assert SavedFilter.objects.count() == 1


def test_stranger_is_asked_to_sign_in(client):
    assert client.post(SAVE).status_code == 302
    assert client.post("/admin/saved-filters/1/forget/").status_code == 302


def test_filter_survives_the_end_of_the_sign_in(clerk, client):
    save(client)
    client.logout()
    client.force_login(clerk)
    assert "Tech ones" in client.get(LIST).text


def test_name_is_text_and_no_html(clerk, client):
    assert "<b>x</b>" not in save(client, name="<b>x</b>").text
