"""A landed migration is never edited: databases that ran it would miss the change."""

import hashlib
from pathlib import Path

import pytest
from django.conf import settings

pytestmark = pytest.mark.any_database

LANDED = Path(__file__).parent / "upgrades" / "landed_migrations.sha256"


def test_landed_migrations_are_as_they_were_and_each_is_listed():
    """The list has the form of sha256sum. A new migration adds a line; other lines never change."""
    listed = dict(line.split()[::-1] for line in LANDED.read_text().splitlines())
    found = {
        str(path.relative_to(settings.BASE_DIR)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in settings.BASE_DIR.glob("*/migrations/0*.py")
    }
    assert found == listed, (
        "Take back the change of a migration that has landed, and write a new one. For a new one: "
        f"sha256sum */migrations/0*.py > {LANDED.relative_to(settings.BASE_DIR)}"
    )
