"""docs/finance.md names each right over money, and the roles that have it."""

import json
import re

import pytest
from django.apps import apps
from django.conf import settings

pytestmark = pytest.mark.any_database

ROW = re.compile(r"^\| (Can [^|]+?) \| ([^|]+?) \|$", re.MULTILINE)


def read_roles():
    """Return {codename: roles} of the fixture."""
    text = (settings.BASE_DIR / "fixtures" / "30_billing_groups.json").read_text()
    roles = {}
    for group in json.loads(text):
        for codename, *_ in group["fields"]["permissions"]:
            roles.setdefault(codename, set()).add(group["fields"]["name"])
    return roles


def test_page_lists_each_right_with_its_roles():
    page = (settings.BASE_DIR / "docs" / "finance.md").read_text()
    told = {
        right: set() if roles == "no role" else set(re.findall(r"\b[A-Z]\w+", roles))
        for right, roles in ROW.findall(page)
    }
    roles = read_roles()
    rights = {
        str(name): roles.get(codename, set())
        for model in apps.get_app_config("billing").get_models()
        for codename, name in model._meta.permissions
    }
    assert told == rights
