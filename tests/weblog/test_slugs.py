import pytest

from weblog.slugs import fold_slug, list_spellings

pytestmark = pytest.mark.any_database


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("caf%C3%A9", "cafe"),
        ("cafe%CC%81", "cafe"),
        ("CAFÉ", "cafe"),
        ("p%61ge1", "page1"),
        ("Hello-World", "hello-world"),
        ("%E0%B9%80%E0%B8%A3", ""),
        ("a%", "a"),
        ("%ff", ""),
        ("", ""),
    ],
)
def test_each_spelling_of_an_address_is_folded_to_one_slug(text, slug):
    assert fold_slug(text) == slug


def test_slug_as_it_stands_comes_before_its_folded_form():
    assert list_spellings("My--Post") == ["My--Post", "my--post", "my-post"]
    assert list_spellings("plain") == ["plain"]
