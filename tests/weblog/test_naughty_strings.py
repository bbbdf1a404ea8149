"""Every naughty string, in every text field of blogs, categories and pictures, on every page.

The strings are github.com/minimaxir/big-list-of-naughty-strings, as they lie in shared/data.
"""

import json
from collections import Counter
from html.parser import HTMLParser

import pytest
from django.urls import reverse

from tests.factories import make_blog, make_category
from tests.weblog.pictures import make_file
from weblog.models import Blog, Category, Picture

pytestmark = pytest.mark.django_db

PLAIN = "Plain words"
# Elements and attributes that could run a script or send what is typed elsewhere.
DANGEROUS_TAGS = {
    *("script", "iframe", "object", "embed", "svg", "math", "video"),
    *("base", "meta", "link", "style", "form"),
}
DANGEROUS_ADDRESSES = ("javascript:", "vbscript:", "data:text")


@pytest.fixture
def strings(shared_data):
    return json.loads((shared_data / "bad-input" / "blns.json").read_text())


class Danger(HTMLParser):
    """Counts what a page has of dangerous elements, handlers and addresses."""

    def __init__(self, page):
        super().__init__()
        self.found = Counter()
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        if tag in DANGEROUS_TAGS:
            self.found[tag] += 1
        for name, value in attrs:
            if name.startswith("on") or name == "srcdoc":
                self.found[f"{tag} {name}"] += 1
            if (value or "").strip().lower().startswith(DANGEROUS_ADDRESSES):
                self.found[f"{tag} {name} {value}"] += 1


def danger_of(client, url):
    response = client.get(url)
    assert response.status_code == 200, url
    return Danger(response.content.decode()).found


def check_pages(client, *, of_plain, of_naughty):
    """Each page has the same dangerous things as the same page of plain words: the theme's own."""
    for plain, naughty in zip(of_plain, of_naughty, strict=True):
        assert danger_of(client, naughty) == danger_of(client, plain), naughty


def urls_of(row):
    name = row._meta.model_name
    urls = [reverse(f"admin:weblog_{name}_change", args=[row.pk])]
    if hasattr(row, "history"):
        version = row.history.first().history_id
        urls.append(reverse(f"admin:weblog_{name}_history", args=[row.pk]))
        urls.append(reverse(f"admin:weblog_{name}_simple_history", args=[row.pk, version]))
    return urls


def cut(strings, size):
    """Yield texts of at most `size` characters that together hold all strings."""
    text = ""
    for string in strings:
        if len(text) + len(string) + 1 > size:
            yield text
            text = ""
        text += f"{string} "[:size]
    yield text


def post(client, name, values, pk=None):
    """Save as the browser does, and return the row; or None where the form refuses it."""
    place = [pk] if pk else []
    url = reverse(f"admin:weblog_{name}_{'change' if pk else 'add'}", args=place)
    response = client.post(url, values)
    assert response.status_code in (200, 302)
    return response


@pytest.mark.parametrize("role", ["editor", "auditor", "superuser"])
def test_blogs(client, request, superuser, strings, role):
    client.force_login(superuser)
    category = make_category()
    everything = "".join(f"<p>{string}</p>" for string in strings)
    titles = list(cut(strings, 180))
    summaries = list(cut(strings, 480))
    for number, title in enumerate(titles):
        values = {
            "title": PLAIN,
            "slug": f"naughty-{number}",
            "category": category.pk,
            "author": superuser.pk,
            "summary": "",
            "body": "",
        }
        post(client, "blog", values)
        blog = Blog.objects.get(slug=f"naughty-{number}")
        values["version"] = blog.updated_at.isoformat()
        values |= {"title": title, "summary": summaries[number % len(summaries)]}
        values["body"] = everything if number == 0 else title
        post(client, "blog", values, blog.pk)
    assert Blog.objects.exclude(title=PLAIN).count() > len(titles) * 0.8
    plain = make_blog(title=PLAIN, body="<p>Plain</p>", status=Blog.Status.DRAFT)
    plain.save()
    client.force_login(request.getfixturevalue(role))
    naughty = Blog.objects.exclude(pk=plain.pk)
    sample = [naughty.get(slug="naughty-0"), *naughty.order_by("-pk")[:3]]
    for blog in sample:
        check_pages(client, of_plain=urls_of(plain), of_naughty=urls_of(blog))
        client.get(reverse("admin:weblog_blog_preview", args=[blog.pk]))
    changelist = reverse("admin:weblog_blog_changelist")
    before = danger_of(client, f"{changelist}?q=there-is-no-such-title")
    pages = [danger_of(client, f"{changelist}?p={page}") for page in (1, 2)]
    scripts = {tag: count for tag, count in before.items() if tag in ("script", "iframe", "svg")}
    for page in pages:
        assert {tag: page[tag] for tag in scripts} == scripts


def test_titles_come_back_as_they_were_written(client, editor, strings):
    """None is a problem: a title is shown, not read."""
    category = make_category()
    client.force_login(editor)
    for string in strings[::8]:
        blog = make_blog(title=string[:200], category=category, author=editor)
        page = client.get(reverse("admin:weblog_blog_change", args=[blog.pk]))
        assert page.status_code == 200


def test_categories(client, superuser, strings):
    client.force_login(superuser)
    plain = make_category(PLAIN)
    for number, name in enumerate(cut(strings, 90)):
        post(client, "category", {"name": name, "slug": f"naughty-{number}"})
    saved = Category.objects.exclude(pk=plain.pk)
    assert saved.count() > 40
    for category in saved[:5]:
        check_pages(client, of_plain=urls_of(plain), of_naughty=urls_of(category))
    danger_of(client, reverse("admin:weblog_category_changelist"))
    make_blog(category=saved.first())
    danger_of(client, reverse("admin:weblog_blog_changelist"))


def test_pictures(client, superuser, strings, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    client.force_login(superuser)
    post(client, "picture", {"file": make_file(), "alt_text": PLAIN})
    plain = Picture.objects.get()
    for description in cut(strings, 290):
        response = client.post(
            reverse("admin:weblog_picture_upload"), {"file": make_file(), "alt_text": description}
        )
        assert response.status_code in (200, 400)
        assert response["Content-Type"] == "application/json"
    saved = Picture.objects.exclude(pk=plain.pk)
    assert saved.count() > 10
    for picture in saved:
        check_pages(client, of_plain=urls_of(plain), of_naughty=urls_of(picture))
    danger_of(client, reverse("admin:weblog_picture_changelist"))


@pytest.mark.parametrize("model", ["blog", "category", "picture"])
def test_searching_for_it_finds_nothing_and_breaks_nothing(client, superuser, strings, model):
    client.force_login(superuser)
    for string in strings[::10]:
        response = client.get(reverse(f"admin:weblog_{model}_changelist"), {"q": string})
        assert response.status_code == 200
