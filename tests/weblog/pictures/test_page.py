import pytest

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

NAME = "pictures/2026/11/boat.jpg"


@pytest.fixture
def picture(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    file = tmp_path / NAME
    file.parent.mkdir(parents=True)
    file.write_bytes(b"a picture")
    (tmp_path / "secret.jpg").write_bytes(b"not one")
    return file


def test_picture_is_kept_for_a_day(client, picture):
    response = client.get(f"/media/{NAME}")
    assert b"".join(response.streaming_content) == b"a picture"
    assert response["Content-Type"] == "image/jpeg"
    assert response["Cache-Control"] == "public, max-age=86400"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in response["Content-Security-Policy"]
    again = client.get(f"/media/{NAME}", headers={"if-none-match": response["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    "name",
    [
        "pictures/2026/11/none.jpg",
        "pictures/2026/11/boat.svg",
        "pictures/2026/11/boat.html",
        "pictures/2026/11/",
        "pictures/2026/11/../../../secret.jpg",
        "pictures/2026/11/..%2f..%2f..%2fsecret.jpg",
        "secret.jpg",
    ],
)
def test_anything_else_is_not_found(client, picture, name):
    response = client.get(f"/media/{name}")
    assert response.status_code == 404
    assert "max-age" not in response["Cache-Control"]


def test_picture_is_for_reading(client, picture):
    assert client.post(f"/media/{NAME}").status_code == 405
