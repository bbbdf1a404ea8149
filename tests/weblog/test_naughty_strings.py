"""Every naughty string, in every text field of blogs, categories and pictures, on every page."""

import pytest
from django.urls import reverse

from tests.factories import make_blog, make_category
from tests.weblog.naughty import PLAIN, cut, danger_of
from tests.weblog.picture_files import make_file
from weblog.models import Blog, Category, Picture

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.any_database,
    pytest.mark.slow,
    pytest.mark.thorough,
]


def check_pages(client, *, of_plain, of_naughty):
    """Each page has the same dangerous things as the same page of plain words: the theme's own."""
    dangers = [danger_of(client, url) for url in of_plain]
    for row in of_naughty:
        for danger, url in zip(dangers, urls_of(row), strict=True):
            assert danger_of(client, url) == danger, url


def urls_of(row):
    name = row._meta.model_name
    urls = [reverse(f"admin:weblog_{name}_change", args=[row.pk])]
    if hasattr(row, "history"):
        version = row.history.first().history_id
        urls.append(reverse(f"admin:weblog_{name}_history", args=[row.pk]))
        urls.append(reverse(f"admin:weblog_{name}_simple_history", args=[row.pk, version]))
    return urls


def post(client, name, values, pk=None):
    """Save as the browser does, and return the row; or None where the form refuses it."""
    place = [pk] if pk else []
    url = reverse(f"admin:weblog_{name}_{'change' if pk else 'add'}", args=place)
    response = client.post(url, values)
    assert response.status_code in (200, 302)
    return response


def test_blogs(client, request, superuser, strings, some_of):
    client.force_login(superuser)
    category = make_category()
    everything = "".join(f"<p>{string}</p>" for string in strings)
    titles = some_of(cut(strings, 180), 25)
    summaries = list(cut(strings, 480))
    for number, title in enumerate(titles):
        blog = make_blog(title=PLAIN, author=superuser, category=category, status=Blog.Status.DRAFT)
        values = {
            "title": title,
            "slug": blog.slug,
            "category": category.pk,
            "author": superuser.pk,
            "summary": summaries[number % len(summaries)],
            "body": everything if number == 0 else title,
            "version": blog.updated_at.isoformat(),
        }
        post(client, "blog", values, blog.pk)
    naughty = Blog.objects.exclude(title=PLAIN)
    assert naughty.count() > len(titles) * 0.8
    plain = make_blog(title=PLAIN, body="<p>Plain</p>", status=Blog.Status.DRAFT)
    plain.save()
    sample = [naughty.earliest("pk"), *naughty.order_by("-pk")[:3]]
    changelist = reverse("admin:weblog_blog_changelist")
    for role in ("editor", "auditor", "superuser"):
        client.force_login(request.getfixturevalue(role))
        check_pages(client, of_plain=urls_of(plain), of_naughty=sample)
        for blog in sample:
            client.get(reverse("admin:weblog_blog_preview", args=[blog.pk]))
        before = danger_of(client, f"{changelist}?q=there-is-no-such-title")
        pages = [danger_of(client, f"{changelist}?p={page}") for page in (1, 2)]
        scripts = {
            tag: count for tag, count in before.items() if tag in ("script", "iframe", "svg")
        }
        for page in pages:
            assert {tag: page[tag] for tag in scripts} == scripts


def test_categories(client, superuser, strings, some_of):
    client.force_login(superuser)
    plain = make_category(PLAIN)
    for number, name in enumerate(some_of(cut(strings, 90), 60)):
        post(client, "category", {"name": name, "slug": f"naughty-{number}"})
    saved = Category.objects.exclude(pk=plain.pk)
    assert saved.count() > 40
    check_pages(client, of_plain=urls_of(plain), of_naughty=saved[:5])
    danger_of(client, reverse("admin:weblog_category_changelist"))
    make_blog(category=saved.first())
    danger_of(client, reverse("admin:weblog_blog_changelist"))


def test_pictures(client, superuser, strings, settings, tmp_path, some_of):
    settings.MEDIA_ROOT = tmp_path
    client.force_login(superuser)
    post(client, "picture", {"file": make_file(), "alt_text": PLAIN})
    plain = Picture.objects.get()
    for description in some_of(cut(strings, 290), 30):
        response = client.post(
            reverse("admin:weblog_picture_upload"), {"file": make_file(), "alt_text": description}
        )
        assert response.status_code in (200, 400)
        assert response["Content-Type"] == "application/json"
    saved = Picture.objects.exclude(pk=plain.pk)
    assert saved.count() > 10
    check_pages(client, of_plain=urls_of(plain), of_naughty=saved)
    danger_of(client, reverse("admin:weblog_picture_changelist"))


@pytest.mark.parametrize("model", ["blog", "category", "picture"])
def test_searching_for_it_finds_nothing_and_breaks_nothing(
    client, superuser, strings, model, some_of
):
    client.force_login(superuser)
    for string in some_of(strings, 20):
        response = client.get(reverse(f"admin:weblog_{model}_changelist"), {"q": string})
        assert response.status_code == 200
