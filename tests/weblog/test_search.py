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


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("there", "words"),
    [
        ("Café crème", "cafe CREME"),
        ("Cafe\u0301", "café"),
        ("Żółć i łódź", "zolc lodz"),
        ("ÉCOLE", "école"),
        ("STRASSE", "straße"),
        ("Smørrebrød", "smorrebrod"),
        ("Ångström", "angstrom"),
        ("ПРИВЕТ", "привет"),
        ("ΔΙΆΣΤΗΜΑ", "διαστημα"),
        ("It’s here", "it's"),
        ("Œuvre", "oeuvre"),
        ("İstanbul", "istanbul"),
    ],
)
@pytest.mark.parametrize("field", ["title", "body"])
def test_accents_and_case_do_not_matter(find, there, words, field):
    blog = make_blog(title="Night train")
    setattr(blog, field, f"<p>{there}</p>" if field == "body" else there)
    blog.save()
    make_blog(title="Another")
    assert find(words) == [blog.title]


def test_author_is_found_without_accents(find):
    make_blog(title="Hers", author=make_user(first_name="Zoë", last_name="Núñez"))
    make_blog(title="Another")
    assert find("zoe nunez") == ["Hers"]


@pytest.mark.parametrize("words", ['"night train"', "“Night train”", "«night train» slow"])
def test_quoted_words_must_stand_side_by_side(find, words):
    make_blog(title="Side by side", body="<p>The slow <b>night</b>\n train.</p>")
    make_blog(title="Apart", body="<p>A slow train at night</p>")
    assert find(words) == ["Side by side"]


def test_quotation_mark_without_another_is_passed_over(find):
    make_blog(title="Apart", body="<p>A slow train at night</p>")
    assert find('"night train') == ["Apart"]


def test_phrase_does_not_run_from_one_field_or_paragraph_word_into_the_next(find):
    make_blog(title="Night", summary="train", body="<p>one</p><p>two</p>")
    assert find('"night train"') == []
    assert find("onetwo") == []
    assert find('"one two"') == ["Night"]


@pytest.mark.parametrize("words", ["strong", "href", "example.org", "nbsp", "amp", "<p>"])
def test_tags_and_what_readers_do_not_see_are_not_searched(find, words):
    make_blog(body='<p><strong>A</strong>&nbsp;<a href="https://example.org">b</a> &amp; c</p>')
    assert find(words) == []


def test_tag_within_a_word_does_not_part_it(find):
    make_blog(title="Whole", body="<p>in<b>ter</b>view</p>")
    assert find("interview") == ["Whole"]


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
