import datetime as dt

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from tests.factories import make_user
from tests.weblog.posts import make_item, make_wxr
from weblog.errors import AuthorConfirmed, OwnName, ReasonMissing
from weblog.importing.authors import confirm_author, is_unconfirmed
from weblog.importing.formats import open_source
from weblog.importing.imports import import_posts
from weblog.models import ImportedAuthor

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

AT = dt.datetime(2026, 11, 3, tzinfo=dt.UTC)


@pytest.fixture
def author(tmp_path):
    path = tmp_path / "site.xml"
    path.write_bytes(make_wxr(make_item()))
    with path.open("rb") as file:
        import_posts(source=open_source(file, "site.xml"))
    return ImportedAuthor.objects.get()


def test_new_account_of_an_import_is_nobody_yet(author):
    assert (author.name, author.file_name, author.account.username) == ("rosa", "site.xml", "rosa")
    assert is_unconfirmed(author.account)
    assert not is_unconfirmed(make_user())


def test_confirmation_is_kept_with_who_and_when_and_why(author):
    by = make_user()
    confirm_author(author=author, by=by, confirmation=" She wrote to me. ", at=AT)
    author.refresh_from_db()
    assert (author.confirmed_by, author.confirmed_at) == (by, AT)
    assert author.confirmation == "She wrote to me."
    assert not is_unconfirmed(author.account)
    record = author.history.first()
    assert (record.history_user, record.history_change_reason) == (
        by,
        "Confirmed: She wrote to me.",
    )


def test_confirmation_needs_another_person_and_a_sentence_and_comes_once(author):
    with pytest.raises(OwnName):
        confirm_author(author=author, by=author.account, confirmation="It is me")
    with pytest.raises(ReasonMissing):
        confirm_author(author=author, by=make_user(), confirmation=".")
    confirm_author(author=author, by=make_user(), confirmation="She wrote to me.")
    with pytest.raises(AuthorConfirmed):
        confirm_author(author=author, by=make_user(), confirmation="She wrote to me.")


def test_database_refuses_half_a_confirmation_and_ones_own(author):
    for values in (
        {"confirmed_by": make_user()},
        {"confirmed_by": author.account, "confirmed_at": AT, "confirmation": "Me"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            ImportedAuthor.objects.update(**values)


def test_editor_confirms_an_author_on_the_page(client, editor, author):
    client.force_login(editor)
    page = reverse("admin:weblog_importedauthor_change", args=[author.pk])
    assert "To confirm" in client.get("/admin/weblog/importedauthor/").text
    assert "Confirm who this is" in client.get(page).text
    url = reverse("admin:weblog_importedauthor_confirm", args=[author.pk])
    fields = {"_form_submitted": "True", "confirmation": "She wrote to me."}
    assert client.post(url, fields).status_code == 200
    author.refresh_from_db()
    assert author.confirmed_by == editor
