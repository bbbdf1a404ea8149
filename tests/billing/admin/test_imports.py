import bz2
import gzip
import os

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from billing.counting.access_logs import importing as access_log
from billing.counting.access_logs.patterns import OWN_PAGES
from billing.models import AccessLogImport, BlogView, DailyViewCount, ReaderSalt
from tests.factories import FIREFOX, make_blog, make_line
from tests.pages import shown

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

IMPORTS = "/admin/billing/accesslogimport/"
URL = IMPORTS + "import/"
KEY = f"upload:{URL}"


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.UPLOAD_DIR = tmp_path / "uploads"
    settings.UPLOAD_DIR.mkdir()
    return settings.UPLOAD_DIR


@pytest.fixture
def blog():
    return make_blog(slug="arp-security")


@pytest.fixture
def anna(sign_in):
    return sign_in("Finance", first_name="Anna", last_name="Colombo")


def upload(client, data=None, *, name="access.log", **values):
    data = make_line() + b"\nbad line\n" if data is None else data
    file = SimpleUploadedFile(name, data)
    fields = {"step": "preview", "path_pattern": OWN_PAGES, "trusted_proxies": "0"} | values
    return client.post(URL, fields | {"file": file})


def confirm(client, **values):
    name = client.session.get(KEY, {}).get("name", "")
    return client.post(URL, {"step": "confirm", "name": name} | values)


def nothing_is_counted():
    models = (AccessLogImport, BlogView, DailyViewCount, ReaderSalt)
    return not any(model.objects.exists() for model in models)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress])
def test_log_is_looked_at_and_then_counted(client, blog, anna, folder, pack):
    assert upload(client, pack(make_line() + b"\nbad line\n")).url == URL
    assert nothing_is_counted()
    text = client.get(URL).text
    assert "Count these views" in text
    assert "line 2" in text
    assert len(list(folder.iterdir())) == 1

    response = confirm(client)
    log_import = AccessLogImport.objects.get()
    assert response.url == f"{IMPORTS}{log_import.pk}/change/"
    assert shown(response) == [
        "access.log is imported. The table below shows what became of its lines."
    ]
    assert (log_import.by, log_import.outcomes) == (anna, {"counted": 1, "malformed": 1})
    assert DailyViewCount.objects.get().views == 1
    assert list(folder.iterdir()) == []


def test_log_that_adds_nothing_says_so_before_it_is_counted(client, blog, anna):
    upload(client, make_line("GET /other/ HTTP/1.1"))
    assert "This log would add no view" in client.get(URL).text


def test_second_confirmation_counts_nothing_twice(client, blog, anna):
    upload(client)
    name = client.session[KEY]["name"]
    confirm(client)
    response = confirm(client, name=name)
    assert shown(response)[-1].startswith("This file was imported or cancelled already")
    assert AccessLogImport.objects.count() == BlogView.objects.count() == 1


def test_confirmation_in_an_old_tab_does_not_count_the_newer_file(client, blog, anna, folder):
    upload(client)
    old = client.session[KEY]["name"]
    upload(client, make_line(host="192.0.2.2"))
    assert len(list(folder.iterdir())) == 1
    assert "or replaced" in shown(confirm(client, name=old))[0]
    assert nothing_is_counted()
    assert list(folder.iterdir()) == []


def test_cancelled_upload_is_removed(client, blog, anna, folder):
    upload(client)
    assert shown(client.post(URL, {"step": "cancel"})) == [
        "Nothing was counted. The uploaded file is removed."
    ]
    assert nothing_is_counted()
    assert list(folder.iterdir()) == []
    assert "Look at it first" in client.get(URL).text


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda path: path.unlink(), "no longer there"),
        (lambda path: path.write_bytes(make_line(host="192.0.2.9")), "has changed"),
        (lambda path: os.utime(path, (0, 0)), "no longer there"),
    ],
)
def test_file_that_is_missing_swapped_or_stale_is_not_counted(
    client, blog, anna, folder, harm, message
):
    upload(client)
    harm(next(folder.iterdir()))
    assert message in shown(confirm(client))[0]
    assert nothing_is_counted()
    assert list(folder.iterdir()) == []


def test_session_of_somebody_else_does_not_lead_to_the_file(client, blog, anna, sign_in, folder):
    upload(client)
    waiting = client.session[KEY]
    sign_in("Finance")
    session = client.session
    session[KEY] = waiting
    session.save()
    assert "no longer there" in shown(confirm(client))[0]
    assert nothing_is_counted()


@pytest.mark.parametrize(
    ("data", "name", "values", "message"),
    [
        (b"", "access.log", {}, "The file is empty."),
        (b"plain", "access.log.gz", {}, "it is no gzip file"),
        (gzip.compress(make_line())[:-5], "access.log.gz", {}, "breaks off or is damaged"),
        (b"PK\x03\x04", "access.zip", {}, "Unpack it first"),
        (b"x" * 1_000_001, "access.log", {}, "larger than 1 MB"),
        (gzip.compress(b"x" * 1_000_001), "access.log.gz", {}, "larger than 1 MB"),
        (None, "access.log", {"path_pattern": "blog"}, "no group named slug"),
        (None, "access.log", {"path_pattern": "(?P<slug>"}, "no regular expression"),
        (None, "access.log", {"path_pattern": "(?P<slug>" + "a" * 500 + ")"}, "at most 500"),
        (None, "access.log", {"trusted_proxies": "-1"}, "greater than or equal to 0"),
    ],
)
def test_refusal_stands_at_its_field_and_leaves_nothing(
    client, blog, anna, folder, settings, data, name, values, message
):
    settings.ACCESS_LOG_UPLOAD_MB = 1
    response = upload(client, data, name=name, **values)
    assert response.status_code == 200
    errors = response.context["form"].errors
    field = next(iter(values), "file")
    assert set(errors) == {field, "file"}
    assert message in errors[field][0]
    if field != "file":
        assert errors["file"] == ["Choose the file once more."]
    assert nothing_is_counted()
    assert list(folder.iterdir()) == []


def test_file_has_to_be_chosen(client, anna):
    text = client.post(URL, {"step": "preview", "path_pattern": OWN_PAGES}).text
    assert "Choose the file of the log." in text


@pytest.mark.parametrize("step", ["preview", "confirm"])
def test_failure_leaves_no_file_behind(client, blog, anna, folder, monkeypatch, step):
    if step == "confirm":
        upload(client)
    monkeypatch.setattr(access_log, "fold_views", lambda at: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        upload(client) if step == "preview" else confirm(client)
    assert list(folder.iterdir()) == []


def test_looking_changes_nothing(client, blog, anna, folder):
    upload(client)
    for step in ("confirm", "cancel"):
        name = client.session[KEY]["name"]
        assert client.get(URL, {"step": step, "name": name}).status_code == 200
    assert nothing_is_counted()
    assert len(list(folder.iterdir())) == 1
    assert client.put(URL).status_code == 405


def test_post_needs_the_token_of_the_form(anna, client):
    guarded = Client(enforce_csrf_checks=True)
    guarded.cookies = client.cookies
    assert upload(guarded).status_code == 403


@pytest.mark.parametrize("role", ["Auditors", "Approvers", "Editors"])
def test_only_finance_imports(client, sign_in, role):
    sign_in(role)
    assert client.get(URL).status_code == 403
    assert upload(client).status_code == confirm(client).status_code == 403


@pytest.mark.parametrize(("role", "is_there"), [("Finance", True), ("Auditors", False)])
def test_button_is_there_for_who_may_import(client, sign_in, role, is_there):
    sign_in(role)
    assert (f'href="{URL}"' in client.get(IMPORTS).text) == is_there


def test_no_address_and_no_user_agent_is_shown_or_stays_in_the_session(client, blog, anna):
    upload(client)
    pages = [client.get(URL).text, str(dict(client.session))]
    confirm(client)
    pages += [client.get(f"{IMPORTS}{AccessLogImport.objects.get().pk}/change/").text]
    pages += [client.get(IMPORTS).text]
    for text in pages:
        assert "192.0.2.1" not in text
        assert FIREFOX not in text


def test_record_shows_which_file_it_was_and_who_imported_it(client, blog, anna):
    upload(client)
    confirm(client)
    log_import = AccessLogImport.objects.get()
    text = client.get(f"{IMPORTS}{log_import.pk}/change/").text
    assert log_import.sha256 in text
    assert "Anna Colombo" in text
    AccessLogImport.objects.update(by=None, sha256="")
    text = client.get(f"{IMPORTS}{log_import.pk}/change/").text
    assert "Command line" in text
    assert "stopped before the end of the file" in text
