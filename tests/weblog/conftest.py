import json

import pytest

from tests.factories import make_groups, make_user


@pytest.fixture
def groups(db):
    make_groups("10_groups.json")


@pytest.fixture
def author(groups):
    return make_user(groups=["Authors"])


@pytest.fixture
def editor(groups):
    return make_user(groups=["Editors"])


@pytest.fixture
def auditor(groups):
    return make_user(groups=["Auditors"])


@pytest.fixture
def superuser(db):
    return make_user(is_superuser=True)


@pytest.fixture
def strings(shared_data):
    """Text that breaks other people's sites."""
    return json.loads((shared_data / "bad-input" / "blns.json").read_text())


@pytest.fixture
def edith(editor):
    editor.first_name, editor.last_name, editor.email = "Edith", "Hartmann", "edith@example.org"
    editor.save()
    return editor
