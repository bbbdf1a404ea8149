import pytest
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.urls import reverse

from backoffice.changelists import could_be_pk, list_filter_parameters, shorten_search
from backoffice.models import JobRun
from billing.models import DailyViewCount
from tests.factories import make_blog, make_category, make_count, make_groups, make_user
from weblog.models import Blog, Category

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

BLOGS = reverse("admin:weblog_blog_changelist")
VIEWS = reverse("admin:billing_blogview_changelist")
REFUSED = "This list has no such filter or page. It shows everything."


@pytest.fixture
def superuser(client):
    user = make_user(is_superuser=True)
    client.force_login(user)
    return user


@pytest.fixture
def author(client):
    make_groups("10_groups.json")
    user = make_user(groups=["Authors"])
    client.force_login(user)
    return user


def changelist_url(model):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


# Only what the filters declare


@pytest.mark.parametrize(
    "query",
    [
        "body__regex=(a%2B)%2B%24", "body__iregex=x", "body__contains=x", "title=x",
        "author__password__startswith=md5", "co_authors__password__contains=a", "pk__in=1,2",
        "status__in=draft", "status=draft", "status__exact=%00", f"status__exact={'x' * 501}",
        "category__id__exact=x", f"category__id__exact={'9' * 4301}", "category=1",
        "publish_at__year=0", "publish_at__gte=x", "nothing=1", "=1",
    ],
)  # fmt: skip
def test_list_refuses_what_none_of_its_filters_makes(client, author, query):
    make_category("Another")  # with one alone there is nothing to filter by
    make_blog(author=author, title="Mine")
    response = client.get(f"{BLOGS}?{query}")
    assert (response.status_code, response.url) == (302, f"{BLOGS}?e=1")
    page = client.get(response.url).content.decode()
    assert REFUSED in page
    assert "Mine" in page


def test_pattern_of_an_author_never_reaches_the_database(
    client, author, django_assert_max_num_queries
):
    with django_assert_max_num_queries(10) as queries:
        client.get(BLOGS, {"body__regex": "(a+)+$"})
    assert not any("(a+)+$" in query["sql"] for query in queries)


@pytest.mark.parametrize("query", ["reader_key=x", "month__year=0", "day__year=0", "id=x"])
@pytest.mark.parametrize("name", ["blogview", "monthlyviewcount", "dailyviewcount"])
def test_list_of_very_many_rows_refuses_them_alike(client, superuser, name, query):
    url = reverse(f"admin:billing_{name}_changelist")
    assert client.get(f"{url}?{query}").url == f"{url}?e=1"


@pytest.mark.parametrize("model", admin.site._registry, ids=lambda model: model._meta.label_lower)
def test_every_filter_takes_what_it_offers(client, superuser, model, rf):
    make_count(make_blog(), 1)
    JobRun.objects.create(name="fold_views", started_at="2026-10-15T00:00Z")
    request = rf.get("/")
    request.user = superuser
    names = list_filter_parameters(admin.site.get_model_admin(model), request)
    for name in names:
        for value in ("1", "2026-10-15"):
            response = client.get(changelist_url(model), {name: value})
            is_number_wanted = name.endswith("__id__exact") or name.startswith("is_")
            if not is_number_wanted or value == "1":
                assert response.status_code == 200, name


def test_filter_that_is_offered_narrows_the_list(client, superuser):
    draft = make_blog(title="A draft", status="draft")
    make_blog(title="Published")
    page = client.get(BLOGS, {"status__exact": "draft", "category__id__exact": draft.category_id})
    content = page.content.decode()
    assert "A draft" in content
    assert "Published</a>" not in content


def test_row_that_a_link_names_narrows_the_list_and_says_so(client, superuser):
    wanted, other = make_blog(title="The wanted one"), make_blog(title="The other one")
    for blog in (wanted, other):
        make_count(blog, 7)
    url = changelist_url(DailyViewCount)
    assert "By blog" not in client.get(url).content.decode()
    page = client.get(url, {"blog__id__exact": wanted.pk}).content.decode()
    assert "By blog" in page
    assert "The other one" not in page


def test_export_refuses_them_as_the_list_does(client, superuser):
    url = reverse("admin:weblog_blog_export")
    assert client.get(url, {"body__regex": "("}).url == f"{BLOGS}?e=1"
    assert client.get(url, {"status__exact": "draft"}).status_code == 200


# Searching


def test_search_is_bounded_in_length_and_words(client, superuser):
    make_blog(title="one two three four five six seven eight nine")
    page = client.get(BLOGS, {"q": "x" * 100_000}).content.decode()
    assert "Search for fewer words: at most 200 characters." in page
    assert shorten_search("a \0 b " * 50_000) == "a b a b a b a b"
    nine = client.get(BLOGS, {"q": "one two three four five six seven eight absent"})
    assert "one two three" in nine.content.decode()


# Ids that none could have


@pytest.mark.parametrize("number", ["add/x", "x", "-1", "0", "9" * 40, "9" * 4301, "\U0001f600"])
@pytest.mark.parametrize("page", ["change", "history", "delete"])
def test_row_with_an_impossible_id_is_not_found(client, superuser, number, page):
    for url in (BLOGS, VIEWS, changelist_url(Category)):
        assert client.get(f"{url}{number}/{page}/").status_code in (404, 403)


@pytest.mark.parametrize("value", ["true", "-1", "9" * 40, "9" * 4301, "\0"])
def test_form_leaves_out_what_an_address_cannot_fill_in(client, superuser, value):
    response = client.get(reverse("admin:weblog_blog_add"), {"category": value, "title": "Kept"})
    assert response.context["adminform"].form.initial == {"title": "Kept"}


@pytest.mark.parametrize("number", ["9" * 19, "9" * 40, str(-(2**63) - 1)])
def test_row_that_cannot_be_is_ticked_in_vain(client, superuser, number):
    blog = make_blog()
    assert not Blog.objects.filter(pk__in=[int(number)]).exists()
    assert [*Blog.objects.filter(pk__in=[int(number), blog.pk])] == [blog]
    ticked = {"action": "archive_chosen", "_selected_action": [number], "answered": "yes"}
    assert client.post(BLOGS, ticked).status_code in (200, 302)
    sent = {"title": "T", "slug": "t", "category": number, "author": number, "co_authors": [number]}
    assert client.post(reverse("admin:weblog_blog_add"), sent).status_code == 200


@pytest.mark.parametrize("choice", ["x", "1.5", "\0", "9" * 40, "[" * 100])
def test_form_with_an_impossible_choice_is_shown_again(client, superuser, choice):
    response = client.post(reverse("admin:weblog_blog_add"), {"title": "T", "category": choice})
    assert response.status_code == 200
    assert "category" in response.context["adminform"].form.errors


# View on site


def on_site(row):
    content_type = ContentType.objects.get_for_model(row)
    return reverse("admin:view_on_site", args=[content_type.pk, row.pk])


@pytest.mark.any_database
def test_draft_of_another_has_no_address_to_tell(client, author):
    draft = make_blog(status="draft", slug="the-secret-deal")
    response = client.get(on_site(draft))
    assert response.status_code == 404
    assert "the-secret-deal" not in str(response.headers)


@pytest.mark.any_database
def test_row_leads_to_the_page_that_readers_see(client, author):
    blog = make_blog(author=author)
    assert client.get(on_site(blog)).url == blog.get_absolute_url()
    blog.status = Blog.Status.DRAFT
    blog.save()
    assert client.get(on_site(blog)).status_code == 404


def test_row_of_no_page_and_of_no_admin_is_not_found(client, superuser):
    assert client.get(on_site(superuser)).status_code == 404
    assert client.get(on_site(ContentType.objects.first())).status_code == 404


@pytest.mark.parametrize("content_type", ["0", "x", "-1", "9" * 40, "9" * 4301, "1/2"])
def test_row_of_an_impossible_kind_is_not_found(client, superuser, content_type):
    assert client.get(f"/admin/r/{content_type}/1/").status_code == 404


@pytest.mark.parametrize(
    "key", ["01", "+1", " 1", "1_0", "\N{FULLWIDTH DIGIT ONE}", "-1", str(2**63), "x"]
)
def test_row_has_one_key(key):
    assert could_be_pk(Category, "1")
    assert not could_be_pk(Category, key)
