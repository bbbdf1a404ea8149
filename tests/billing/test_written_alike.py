"""Days and amounts are written alike everywhere: 1 Jan 2026, and an amount with its currency."""

import re

import pytest
from django.apps import apps
from django.contrib import admin
from django.urls import reverse

from tests.doors import make_rows
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

ISO = re.compile(r"(?<![\w/.-])\d{4}-\d{2}-\d{2}(?![\w-])")
BARE = re.compile(r"(?<![\w.,:/$€£¥-])\d+\.(?:\d{2}|\d{6})(?![\w.%])")
HIDDEN = re.compile(r"(?s)<(script|style|option|textarea|svg|pre|code)\b.*?</\1>|<!--.*?-->")
TAGS = re.compile(r"<[^>]*>")
# What stands there is signed or named byte for byte: seals, the versions of lists of robots.
TECHNICAL = {"billing_seal", "billing_robotexception"}
TECHNICAL |= {"axes_accessattempt"}  # the library names its rows
TECHNICAL |= {"billing_payoutbatch"}


def test_rows_are_named_with_the_days_of_the_house():
    """No ISO date stands in a title, a breadcrumb or a message: 1 Jan 2026."""
    make_rows()
    models = apps.get_app_config("billing").get_models()
    for model in (one for one in models if not hasattr(one, "instance_type")):  # no histories
        for row in model._base_manager.all()[:3]:
            assert not ISO.search(str(row)), (model, str(row))


@pytest.mark.thorough
def test_every_page_of_a_row_writes_days_and_amounts_alike(client):
    make_rows()
    client.force_login(make_user(is_superuser=True))
    wrong = []
    for name, url in list_pages():
        words = TAGS.sub("\n", HIDDEN.sub("", client.get(url).text))
        wrong += [(name, found[0]) for found in (*ISO.finditer(words), *BARE.finditer(words))]
    assert wrong == []


def list_pages():
    for model in admin.site._registry:
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        if name not in TECHNICAL:
            yield name, reverse(f"admin:{name}_changelist")
            if row := model._base_manager.order_by("pk").last():
                yield name, reverse(f"admin:{name}_change", args=[row.pk])
