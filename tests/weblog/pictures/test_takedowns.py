import pytest
from django.core.files.storage import default_storage
from django.urls import reverse

from tests.factories import make_user
from tests.weblog.picture_files import make_file
from weblog.admin.forms import PictureForm
from weblog.errors import PictureGone
from weblog.models import Picture
from weblog.pictures.takedowns import take_down_picture

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

REASON = "The photographer asked for it"


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def picture(author):
    form = PictureForm({"alt_text": "A red flag"}, {"file": make_file()})
    form.instance.uploaded_by = author
    return form.save()


def action_url(picture):
    return reverse("admin:weblog_picture_take_down", args=[picture.pk])


def open_picture(client, picture, **options):
    response = client.get(picture.file.url, **options)
    if response.streaming:
        b"".join(response)  # reads the file to its end, which closes it
    return response


def take_down(client, picture):
    return client.post(action_url(picture), {"_form_submitted": "True", "reason": REASON})


def test_picture_is_gone_and_who_and_why_stays(client, editor, picture):
    assert open_picture(client, picture).status_code == 200
    client.force_login(editor)
    assert take_down(client, picture).status_code == 200
    assert not default_storage.exists(picture.file.name)
    assert open_picture(client, picture).status_code == 410
    picture = Picture.objects.get()
    assert (picture.taken_down_by, picture.takedown_reason) == (editor, REASON)
    page = client.get(reverse("admin:weblog_picture_change", args=[picture.pk])).text
    assert REASON in page
    assert "Taken down" in client.get(reverse("admin:weblog_picture_changelist")).text


def test_browser_that_has_it_is_told_as_well(client, picture):
    known = open_picture(client, picture)["ETag"]
    take_down_picture(picture=picture, by=make_user(), reason=REASON)
    again = open_picture(client, picture, headers={"if-none-match": known})
    assert again.status_code == 410


def test_file_that_outlived_a_killed_run_is_not_served(client, picture):
    Picture.objects.filter(pk=picture.pk).update(taken_down_at=picture.uploaded_at)
    assert default_storage.exists(picture.file.name)
    assert open_picture(client, picture).status_code == 410
    with pytest.raises(PictureGone, match="taken down already"):
        take_down_picture(picture=picture, by=make_user(), reason=REASON)
    assert not default_storage.exists(picture.file.name)


def test_a_reason_is_asked_for_and_opening_the_dialog_changes_nothing(client, editor, picture):
    client.force_login(editor)
    client.get(action_url(picture))
    response = client.post(action_url(picture), {"_form_submitted": "True", "reason": ""})
    assert "Say why" in response.text
    assert default_storage.exists(picture.file.name)


def test_authors_do_not_take_down(client, author, picture):
    client.force_login(author)
    assert take_down(client, picture).status_code == 403
    assert default_storage.exists(picture.file.name)
