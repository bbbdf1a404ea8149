import pytest
from django.urls import reverse

from tests.factories import make_blog, make_user
from weblog.publishing.new_texts import start_new_text

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql, pytest.mark.slow]


@pytest.fixture
def find(client, editor):
    """Return a function that searches a list of the admin, and gives the titles found."""
    client.force_login(editor)

    def find(words, model="blog"):
        response = client.get(reverse(f"admin:weblog_{model}_changelist"), {"q": words})
        assert response.status_code == 200
        return [row.title for row in response.context["cl"].result_list]

    return find


@pytest.mark.parametrize(
    "words",
    ["creme", '"la crème"', "ZOE", "noel", "“de la creme”", "zoe creme", "nunez.zoe"],
)
def test_blog_is_found_by_its_text_and_author_without_accents(find, words):
    author = make_user("nunez.zoe", first_name="Zoë")
    make_blog(title="Noël", body="<p>Crème de <b>la</b> crème</p>", author=author)
    make_blog(title="Another", body="<p>La tarte</p>")
    assert find(words) == ["Noël"]


@pytest.mark.parametrize("words", ['"creme la"', "noel tarte", "strong", "%", "_", "\\", "'"])
def test_blog_without_all_of_it_is_not_found(find, words):
    make_blog(title="Noël", body="<p><strong>Crème de la crème</strong></p>")
    assert find(words) == []


def test_new_text_is_found_by_its_body(find, editor):
    new_text = start_new_text(blog=make_blog(title="Noël"), by=editor)
    new_text.body = "<p>Crème brûlée</p>"
    new_text.save()
    assert find('"creme brulee"', "newtext") == ["Noël"]
    assert find("tarte", "newtext") == []
