"""Pictures in a bucket, for several web machines that share no disk."""

import os
import uuid

import boto3
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import default_storage
from django.test import Client
from moto.server import ThreadedMotoServer

from backoffice.env import read_picture_storage
from tests.factories import make_user
from tests.weblog.picture_files import make_file
from weblog.models import Picture
from weblog.pictures.takedowns import take_down_picture

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]


@pytest.fixture
def bucket(settings, monkeypatch):
    name = f"pictures-{uuid.uuid4()}"
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for variable, value in {
        "AWS_ENDPOINT": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_REGION": "eu-central-1",
        "PICTURES_URL": f"s3://{name}/house",
    }.items():
        monkeypatch.setenv(variable, value)
    client = boto3.client(
        "s3", endpoint_url=os.environ["AWS_ENDPOINT"], region_name=os.environ["AWS_REGION"]
    )
    client.create_bucket(
        Bucket=name,
        CreateBucketConfiguration={"LocationConstraint": "eu-central-1"},
    )
    settings.STORAGES = settings.STORAGES | {"default": read_picture_storage("PICTURES_URL")}
    yield lambda: list_keys(client, name)
    server.stop()


def list_keys(client, bucket):
    found = client.list_objects_v2(Bucket=bucket)
    return [row["Key"] for row in found.get("Contents", [])]


def test_picture_is_kept_served_and_taken_down(bucket, settings):
    picture = Picture(file=make_file("PNG"), alt_text="A flag", uploaded_by=make_user())
    picture.save()
    assert bucket() == [f"house/{picture.file.name}"]
    answer = Client().get(f"/media/{picture.file.name}")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "image/png"
    with default_storage.open(picture.file.name) as file:
        assert b"".join(answer.streaming_content) == file.read()
    take_down_picture(
        picture=picture, by=make_user(is_superuser=True), reason="It shows a stranger's child."
    )
    assert bucket() == []
    assert Client().get(f"/media/{picture.file.name}").status_code == 410


@pytest.mark.thorough
def test_picture_that_is_not_there_is_not_found(bucket):
    assert Client().get("/media/pictures/2026/11/0123456789abcdef.png").status_code == 404


@pytest.mark.parametrize(
    "url",
    [
        "bucket", "/a/folder", "https://bucket.example", "s3://", "s3://key:secret@bucket",
        "s3://bucket:9000/path", "s3://Bucket",
    ],
)  # fmt: skip
def test_other_addresses_are_refused_by_name(monkeypatch, url):
    monkeypatch.setenv("PICTURES_URL", url)
    with pytest.raises(ImproperlyConfigured, match="PICTURES_URL reads like s3://bucket"):
        read_picture_storage("PICTURES_URL")
