import io

import pytest

from tests.factories import make_user
from tests.weblog.picture_files import make_file
from weblog.errors import PictureRefused
from weblog.pictures import fetched as fetched_pictures
from weblog.pictures.fetched import fetch_file, fetch_picture

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


def test_fetched_picture_is_kept_like_an_upload(monkeypatch):
    content = make_file("PNG").read()
    monkeypatch.setattr(fetched_pictures, "run_bounded", lambda *a, **k: io.BytesIO(content))
    picture = fetch_picture(address="https://a.example/x.png", alt_text="A flag", by=make_user())
    assert (picture.width, picture.height, picture.alt_text) == (60, 40, "A flag")
    assert picture.file.name.endswith(".png")


def test_process_of_its_own_refuses_our_own_machine():
    with pytest.raises(PictureRefused, match="private network"):
        fetch_file("http://127.0.0.1/a.png")


def test_address_without_end_is_refused():
    with pytest.raises(PictureRefused, match="too long"):
        fetch_file("http://pictures.example/" + "a" * 2000)
