import json

import pytest
from django.db import connection
from django.urls import reverse
from tablib import Dataset

from tests.factories import make_blog, make_category, make_user
from tests.weblog.uploads import URL, bring_in, confirm, upload
from weblog.errors import TextRefused
from weblog.html import bounded, cleaning
from weblog.models import Blog, Category, OldAddress
from weblog.resources import BlogResource, HTMLWidget

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

FORMULAS = ["+1 For the Veil of Ignorance", "@JustinWolfers on the data revisions", "'Tis", "=1+1"]


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.UPLOAD_DIR = tmp_path / "uploads"
    return settings.UPLOAD_DIR


@pytest.fixture
def emma(client, editor):
    client.force_login(editor)
    return editor


@pytest.fixture
def tech():
    return make_category("Tech")


@pytest.fixture
def anna():
    return make_user("anna")


def problems(client, data, **options):
    response = upload(client, data, **options)
    assert "upload:" not in "".join(client.session.keys())
    return [": ".join(problem) for problem in response.context["problems"]]


def export(client, model, format_number):
    url = reverse(f"admin:{model}_export")
    fields = {"format": str(format_number), "resource": ""}
    return client.post(url, fields).content


def test_blog_is_looked_at_and_then_comes_in_as_a_draft(client, emma, tech, anna):
    data = "slug,title,author,co_authors,category,body\na,Hi,anna,,tech,<p>x</p><script>1</script>"
    response = upload(client, data)
    assert "Import this file" in response.text
    assert not Blog.objects.exists()
    assert "1 new, 0 changed" in confirm(client).text
    blog = Blog.objects.get()
    assert (blog.title, blog.author, blog.category, blog.body, blog.status) == (
        "Hi", anna, tech, "<p>x</p>", "draft"
    )  # fmt: skip
    record = blog.history.get()
    assert (record.history_user, record.history_change_reason) == (emma, "Imported from blogs.csv")


@pytest.mark.thorough
def test_same_file_twice_changes_nothing(client, emma, tech, anna):
    bo = make_user("bo")
    data = "slug,title,author,co_authors,category,summary\na,Hi,anna,bo,tech,S\nb,Ho,anna,,tech,\n"
    bring_in(client, data)
    versions = Blog.history.count()
    blog = Blog.objects.get(slug="a")
    assert list(blog.co_authors.all()) == [bo]
    record = blog.history.get()  # with its co-authors, one version
    assert (record.history_type, record.history_user) == ("+", emma)
    assert [named.user for named in record.co_authors.all()] == [bo]
    response = upload(client, data)
    assert response.context["totals"] == {"new": 0, "update": 0, "skip": 2}
    assert "nothing to change" in response.text
    confirm(client)
    assert Blog.history.count() == versions


@pytest.mark.thorough
@pytest.mark.parametrize("format_number", [0, 1, 2], ids=["csv", "xlsx", "json"])
def test_export_comes_back_as_it_went(client, emma, tech, anna, format_number):
    for number, title in enumerate(FORMULAS):
        make_blog(slug=f"b{number}", title=title, author=anna, category=tech, summary="a\nb")
    data = export(client, "weblog_blog", format_number)
    totals = upload(client, data).context["totals"]
    assert totals == {"new": 0, "update": 0, "skip": len(FORMULAS)}
    Blog.objects.filter(slug="b0").delete()
    assert problems(client, data) == [
        "Row 5, id: Leave it empty for a new blog. The slug tells which blog a row is."
    ]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("a,Hi,nobody,tech", "Row 2, author: There is no “nobody”. Write the username"),
        ("a,Hi,anna,sports", "Row 2, category: There is no “sports”. Write the slug"),
        ("a,,anna,tech", "Row 2, title: This field cannot be blank"),
        (f"a,{'x' * 201},anna,tech", "Row 2, title: Ensure this value has at most 200"),
        ("a b,Hi,anna,tech", "Row 2, slug: Enter a valid"),
        ("a,H\0i,anna,tech", "Row 2, title: There is a NUL"),
        ("old,Hi,anna,tech", "Row 2, slug: It leads to another blog"),
    ],
)
def test_faulty_row_is_named_and_nothing_is_changed(client, emma, tech, anna, row, problem):
    OldAddress.objects.create(slug="old", blog=make_blog(author=anna, category=tech))
    good = "z,Good,anna,tech"
    found = problems(client, f"slug,title,author,category\n{row}\n{good}\n")
    assert len(found) == 1
    assert found[0].startswith(problem)
    assert not Blog.objects.filter(slug__in=["a", "z"]).exists()


@pytest.mark.parametrize("number", ["-1", "0", "7777", "x"])
def test_id_is_not_for_choosing(client, emma, tech, anna, number):
    data = f"id,slug,title,author,category\n{number},a,Hi,anna,tech\n"
    assert problems(client, data)[0].startswith("Row 2, id: Leave it empty")


@pytest.mark.thorough
def test_status_is_the_workflows(client, emma, tech, anna):
    data = "slug,title,author,category,status\na,Hi,anna,tech,{}\n"
    assert "It is draft here" in problems(client, data.format("published"))[0]
    bring_in(client, data.format("draft"))
    assert Blog.objects.get().status == "draft"


def test_column_that_is_not_known_is_refused(client, emma):
    assert "no column “titel”" in problems(client, "slug,titel\na,b\n")[0]
    assert "column slug is missing" in problems(client, "title\nb\n")[0]


@pytest.mark.thorough
def test_own_published_blog_waits_for_somebody_else(client, emma, tech):
    make_blog(slug="mine", title="Old", author=emma, category=tech)
    make_blog(slug="hers", title="Old", category=tech)
    assert "your own" in problems(client, "slug,title\nmine,New\n")[0]
    assert "your own" in problems(client, f"slug,author\nhers,{emma.username}\n")[0]
    co_written = make_blog(slug="ours", title="Old", category=tech)
    co_written.co_authors.add(emma)
    assert "your own" in problems(client, "slug,title\nours,New\n")[0]


def test_half_a_character_is_refused(client, emma, tech, anna):
    row = {"slug": "a", "title": "\ud800", "author": "anna", "category": "tech"}
    assert "half a character" in problems(client, json.dumps([row]))[0]


def test_confirming_takes_the_bytes_that_were_looked_at(client, emma, tech, anna, folder):
    upload(client, "slug,title,author,category\na,Hi,anna,tech\n")
    next(folder.iterdir()).write_text("slug,title,author,category\nb,Ho,anna,tech\n")
    assert "The uploaded file has changed" in confirm(client).text
    assert not Blog.objects.exists()
    assert list(folder.iterdir()) == []


def test_second_confirmation_and_another_person_import_nothing(client, emma, tech, anna, groups):
    upload(client, "slug,title,author,category\na,Hi,anna,tech\n")
    name = client.session[f"upload:{URL}"]["name"]
    client.force_login(make_user(groups=["Editors"]))
    fields = {"step": "confirm", "name": name}
    assert "imported or cancelled already" in client.post(URL, fields, follow=True).text
    assert not Blog.objects.exists()


def test_what_changed_since_the_preview_is_told_and_nothing_imported(client, emma, tech, anna):
    upload(client, "slug,title,author,category\na,Hi,anna,tech\n")
    Category.objects.all().delete()
    assert "Nothing was imported. Row 2" in confirm(client).text
    assert not Blog.objects.exists()


def test_cancelling_leaves_nothing(client, emma, tech, anna, folder):
    upload(client, "slug,title,author,category\na,Hi,anna,tech\n")
    response = client.post(URL, {"step": "cancel"}, follow=True)
    assert "Nothing was imported" in response.text
    assert list(folder.iterdir()) == []


def test_preview_escapes_what_it_shows(client, emma, tech, anna):
    response = upload(client, "slug,title,author,category\na,<script>x</script>,anna,tech\n")
    assert "<script>x" not in response.text
    assert "&lt;script&gt;x" in response.text


@pytest.mark.thorough
def test_categories_come_in_by_their_slug(client, emma):
    url = "/admin/weblog/category/import/"
    bring_in(client, "slug,name\ntech,Tech\nsports,Sports\n", url=url)
    bring_in(client, "slug,name\ntech,Technology\n", url=url)
    assert sorted(Category.objects.values_list("name", flat=True)) == ["Sports", "Technology"]
    assert Category.objects.get(slug="tech").history.count() == 2


@pytest.mark.parametrize("group", ["Authors", "Auditors"])
def test_only_those_with_the_permission_import(client, groups, group):
    client.force_login(make_user(groups=[group]))
    for url in (URL, "/admin/weblog/category/import/", "/admin/auth/user/import/"):
        assert client.get(url).status_code == 403
        assert upload(client, "slug\na\n", url=url).status_code == 403


def test_author_is_not_also_a_co_author(client, emma, tech, anna):
    data = "slug,title,author,co_authors,category\na,Hi,anna,anna,tech\n"
    assert "anna is its author" in problems(client, data)[0]
    blog = make_blog(slug="b", title="Old", status="draft", category=tech)
    blog.co_authors.add(anna)
    assert "anna is its author" in problems(client, "slug,title,author\nb,Old,anna\n")[0]


def ask(client, data, **answer):
    """Look at a file whose rows need a reason, and confirm it with `answer`."""
    response = upload(client, data)
    waiting = client.session[f"upload:{URL}"]
    fields = {"step": "confirm", "name": waiting["name"], "seen": response.context["seen"]}
    return client.post(URL, fields | answer, follow=True)


@pytest.mark.thorough
def test_move_of_a_live_blog_is_told_and_waits_for_a_reason(client, emma, tech, anna):
    bo = make_user("bo", first_name="Bo", last_name="Sample")
    travel = make_category("Travel")
    blog = make_blog(slug="live", title="Live", author=anna, category=tech)
    make_blog(slug="draft", title="Draft", author=anna, category=tech, status="draft")
    data = "slug,title,author,category\nlive,New,bo,travel\ndraft,Other,bo,travel\n"
    response = upload(client, data)
    ((number, row),) = response.context["asking"]
    assert number == 2
    assert row.effects[0] == "Views so far stay with anna. Views from now on go to Bo Sample."
    assert "Views so far stay with Tech. Views from now on go to Travel." in response.text
    assert "1 row needs a reason" in response.text

    for answer in ({}, {"answer": "."}, {"answer": "x" * 501}):
        response = ask(client, data, **answer)
        assert response.context["answer_form"].errors
        assert answer.get("answer", "") in response.text  # what was typed stays
        blog.refresh_from_db()
        assert (blog.title, blog.author, Blog.objects.get(slug="draft").title) == (
            "Live", anna, "Draft"
        )  # fmt: skip

    assert "0 new, 2 changed" in ask(client, data, answer="Bo wrote both.").text
    blog.refresh_from_db()
    assert (blog.title, blog.author, blog.category) == ("New", bo, travel)
    said = blog.history.first()
    assert said.history_change_reason == "Imported from blogs.csv: Bo wrote both."
    draft = Blog.objects.get(slug="draft").history.first()
    assert draft.history_change_reason == "Imported from blogs.csv"


@pytest.mark.thorough
def test_confirming_without_the_question_moves_nothing_and_keeps_the_file(client, emma, tech, anna):
    make_user("bo")
    make_blog(slug="live", title="Live", author=anna, category=tech)
    make_blog(slug="other", title="Other", author=anna, category=tech)
    data = "slug,title,author\nother,Changed,anna\nlive,Live,bo\n"
    upload(client, data)
    response = confirm(client)  # as a script would that leaves `seen` out
    assert "Nothing was imported" in response.text
    assert Blog.objects.get(slug="live").author == anna
    assert Blog.objects.get(slug="other").title == "Other"
    fields = {"step": "confirm", "answer": "Bo wrote it.", "seen": response.context["seen"]}
    name = client.session[f"upload:{URL}"]["name"]
    assert "2 changed" in client.post(URL, fields | {"name": name}, follow=True).text
    assert Blog.objects.get(slug="live").author.username == "bo"


@pytest.mark.thorough
def test_blog_that_went_live_after_the_look_is_asked_about_first(client, emma, tech, anna):
    make_user("bo")
    blog = make_blog(slug="a", title="A", author=anna, category=tech, status="draft")
    upload(client, "slug,author\na,bo\n")
    Blog.objects.filter(pk=blog.pk).update(status="published")
    response = confirm(client)
    assert "come to mean something else" in response.text
    assert len(response.context["asking"]) == 1
    blog.refresh_from_db()
    assert blog.author == anna


@pytest.mark.thorough
def test_move_that_somebody_else_changed_after_the_look_is_asked_again(client, emma, tech, anna):
    make_user("bo")
    carl = make_user("carl", first_name="Carl", last_name="Example")
    blog = make_blog(slug="a", title="A", author=anna, category=tech)
    seen = upload(client, "slug,author\na,bo\n").context["seen"]
    Blog.objects.filter(pk=blog.pk).update(author=carl)
    name = client.session[f"upload:{URL}"]["name"]
    fields = {"step": "confirm", "name": name, "seen": seen, "answer": "Bo wrote it."}
    response = client.post(URL, fields, follow=True)
    assert "Views so far stay with Carl Example." in response.text
    assert "Bo wrote it." in response.text
    blog.refresh_from_db()
    assert blog.author == carl


def test_more_moves_than_a_person_reads_are_refused(client, emma, tech, anna, monkeypatch):
    monkeypatch.setattr("backoffice.table_imports.MOST_EFFECTS", 1)
    make_user("bo")
    for slug in "ab":
        make_blog(slug=slug, author=anna, category=tech)
    (problem,) = problems(client, "slug,author\na,bo\nb,bo\n")
    assert problem.startswith("Row 3: More than 1 rows need a reason")


@pytest.mark.thorough
@pytest.mark.django_db(transaction=True)
def test_no_transaction_waits_while_texts_are_cleaned(client, emma, tech, anna, monkeypatch):
    cleaned = []

    def note(clean):
        def noted(*args, **options):
            cleaned.append(connection.in_atomic_block)
            return clean(*args, **options)

        return noted

    bounded._clean_apart.cache_clear()
    monkeypatch.setattr(cleaning, "clean", note(cleaning.clean))
    monkeypatch.setattr(bounded, "run_bounded", note(bounded.run_bounded))
    slow = "<p>" + "<br>x<hr>" * bounded.FEW_TAGS  # for the process that can be ended
    data = f"slug,title,author,category,body\na,Hi,anna,tech,<p>x\nb,Ho,anna,tech,{slow}\n"
    bring_in(client, data)
    assert Blog.objects.count() == 2
    assert len(cleaned) == 3  # one for the look and for the import, the slow one once for both
    assert not any(cleaned)


def test_text_that_takes_too_long_is_named_and_the_others_wait(
    client, emma, tech, anna, monkeypatch
):
    monkeypatch.setattr(HTMLWidget, "most_seconds", -1)
    data = "slug,title,author,category,body\na,Hi,anna,tech,<p>x</p>\n"
    assert problems(client, data) == [
        "Row 2, body: The texts before it took too long to clean. Split the file."
    ]


def test_text_that_no_database_stores_is_a_problem_of_its_row(client, emma, tech, anna):
    data = "slug,title,author,category,body\na,Hi,anna,tech,x\0y\nb,Hi,anna,tech,<p>z</p>\n"
    assert problems(client, data)[0].startswith("Row 2, body: There is a NUL character in it.")


@pytest.mark.parametrize("text", ["x\0y", "x\ud800y"])
def test_widget_alone_refuses_what_no_database_stores(text):
    with pytest.raises(TextRefused, match="Remove it"):
        HTMLWidget().clean(text)


def test_text_is_cleaned_whoever_imports_the_table(editor, tech, anna):
    rows = Dataset(["a", "Hi", "anna", "tech", "<p onclick='x()'>x</p>"])
    rows.headers = ["slug", "title", "author", "category", "body"]
    BlogResource(user=editor).import_data(rows, raise_errors=True)
    assert Blog.objects.get().body == "<p>x</p>"
