"""The page that asks for the format of an export says what it does, and leads back."""

import pytest
from django.contrib import admin
from django.urls import reverse

from backoffice.base_admin import ExportAdmin
from tests.factories import make_blog, make_category, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

BLOGS = reverse("admin:weblog_blog_changelist")
EXPORT = reverse("admin:weblog_blog_export")


@pytest.fixture(autouse=True)
def superuser(client):
    client.force_login(make_user(is_superuser=True))


def list_exports():
    for model, model_admin in admin.site._registry.items():
        if isinstance(model_admin, ExportAdmin):
            yield model._meta, reverse(f"admin:{model._meta.label_lower.replace('.', '_')}_export")


def test_every_page_of_an_export_says_what_its_button_does(client):
    pages = {opts: client.get(url).text for opts, url in list_exports()}
    assert len(pages) >= 3
    for opts, page in pages.items():
        assert f"Export {opts.verbose_name_plural}" in page
        assert "Download" in page
        assert "CSV, for any program" in page
        assert [word for word in ("Submit", "Select format", "exporter") if word in page] == []


def test_csv_is_chosen_already(client):
    form = client.get(EXPORT).context["form"]
    assert form["format"].value() == "0"
    assert form.fields["format"].choices[0] == ("0", "CSV, for any program")


def test_page_says_which_rows_the_file_has(client):
    assert "The file has all rows of the list." in client.get(EXPORT, {"o": "1"}).text
    page = client.get(EXPORT, {"status__exact": "draft"}).text
    assert "The file has the rows that the list was narrowed down to." in page


def test_page_leads_back_to_the_list_as_it_was(client):
    assert f'href="{BLOGS}"' in client.get(EXPORT).text
    assert (
        f'href="{BLOGS}?status__exact=draft"' in client.get(EXPORT, {"status__exact": "draft"}).text
    )


def test_file_has_the_rows_that_the_page_told(client):
    category = make_category("Tech")
    make_blog(title="A draft", status="draft", category=category)
    make_blog(title="A live one", category=category)
    file = client.post(f"{EXPORT}?status__exact=draft", {"format": "0"})
    assert b"A draft" in file.content
    assert b"A live one" not in file.content


def test_format_that_is_none_is_refused_on_the_page(client):
    response = client.post(EXPORT, {"format": "9"})
    assert response.status_code == 200
    assert "format" in response.context["form"].errors
