"""A small file of each hostile kind. benchmarks.hostile_uploads tries ten thousand, also large."""

import os

import pytest

from tests.hostile import KINDS, make_attack
from tests.hostile.doors import encode, find_doors

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

DOORS = find_doors(batch=1)
# 404: there is no batch here, so the page reads nothing.
ANSWERS = {200, 302, 400, 403, 404, 413, 415}


def seconds_used():
    """Return the processor time of this process and its children, not of other programs."""
    return sum(os.times()[:4])


@pytest.fixture
def folder(settings, tmp_path):
    settings.UPLOAD_DIR = settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "uploads"
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.UPLOAD_DIR


@pytest.mark.cases(15)
@pytest.mark.parametrize("kind", KINDS)
def test_hostile_file_is_answered_soon_and_leaves_nothing(folder, admin_client, kind):
    attack = make_attack(kind, seed=1, scale=0.02)
    body, content_type = encode(attack)
    started = seconds_used()
    for page in DOORS[attack.door][:1]:
        response = admin_client.generic("POST", page, body, content_type)
        assert response.status_code in ANSWERS
    assert seconds_used() - started < 5
    left = [path.name for path in folder.glob("*") if path.suffix != ".upload"]
    assert left == []  # what waits to be confirmed may stay: for an hour
