import pytest
from django.urls import reverse

from tests.factories import make_blog, make_category, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]


@pytest.fixture
def find(client):
    """Return a function that searches, as a reader does, and gives the titles found."""

    def find(words, **parameters):
        response = client.get(reverse("weblog:search"), {"q": words} | parameters)
        assert response.status_code == 200
        return [blog.title for blog in response.context["page_obj"]]

    return find


@pytest.mark.parametrize(
    "words",
    [
        "night",
        "NIGHT",
        "slowly",
        "lindqvist",
        "tech",
        "moves on",
        "AT&T",
        "ada train   tech",
        "100%",
    ],
)
def test_blog_is_found_by_its_words(find, words):
    make_blog(
        title="Night train",
        summary="It moves slowly, 100% on time",
        body="<p>And on it goes, says AT&T.</p>",
        author=make_user(first_name="Ada", last_name="Lindqvist"),
        category=make_category("Tech"),
    )
    make_blog(title="Another")
    assert find(words) == ["Night train"]


def test_every_word_must_be_there(find):
    make_blog(title="Night train")
    assert find("night boat") == []


@pytest.mark.parametrize("status", ["draft", "in_review", "archived"])
def test_only_live_blogs_are_found(find, status):
    make_blog(title="Night train", status=status)
    assert find("night") == []


@pytest.mark.parametrize("words", ["", "   ", "%", "_", "\\", "'", '"', "<script>", "x" * 100])
def test_any_words_are_answered(find, words):
    make_blog(title="Night train")
    assert find(words) == []


@pytest.mark.parametrize(("words", "says"), [("x" * 101, "Look for fewer words"), ("\0", "Null")])
def test_what_cannot_be_searched_is_told(client, words, says):
    page = client.get(reverse("weblog:search"), {"q": words}).content.decode()
    assert says in page


def test_pages_keep_the_words(client):
    author, category = make_user(), make_category()
    for number in range(11):
        make_blog(title=f"Train {number}", author=author, category=category)
    page = client.get(reverse("weblog:search"), {"q": "train"}).content.decode()
    assert 'href="?q=train&amp;page=2"' in page


def test_search_says_what_to_do(client):
    url = reverse("weblog:search")
    assert "Type one or more words" in client.get(url).content.decode()
    page = client.get(url, {"q": "<b>zebra"}).content.decode()
    assert "No blog has all of these words: <bdi>&lt;b&gt;zebra</bdi>" in page
    assert '<meta name="robots" content="noindex">' in page
