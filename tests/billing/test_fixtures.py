import datetime as dt

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.core.management import CommandError, call_command

from backoffice.accounts.models import SecurityEvent
from billing.models import CategoryPrice, LogLineKey, ReaderSalt
from tests.factories import make_user

pytestmark = pytest.mark.django_db

FIXTURES = settings.BASE_DIR / "fixtures"


def load(*names, by=None):
    call_command("loaddata", *(FIXTURES / name for name in names), by=by, verbosity=0)


def permissions_of(name):
    permissions = Group.objects.get(name=name).permissions.select_related("content_type")
    return {f"{p.content_type.app_label}.{p.codename}" for p in permissions}


@pytest.mark.any_database
def test_auditors_keep_what_they_had_without_billing():
    load("10_groups.json")
    before = permissions_of("Auditors")
    load("30_billing_groups.json")
    assert before < permissions_of("Auditors")


@pytest.mark.thorough
@pytest.mark.parametrize(
    "order",
    [("10_groups.json", "30_billing_groups.json"), ("30_billing_groups.json", "10_groups.json")],
)
def test_file_of_roles_takes_nothing_that_the_other_gave(order):
    load(*order)
    whole = {group.name: permissions_of(group.name) for group in Group.objects.all()}
    apps_of_auditors = {name.split(".")[0] for name in whole["Auditors"]}
    assert apps_of_auditors == {"backoffice", "billing", "weblog"}
    logged = SecurityEvent.objects.count()
    for name in order:
        load(name)
        assert {group.name: permissions_of(group.name) for group in Group.objects.all()} == whole
    assert SecurityEvent.objects.count() == logged


@pytest.mark.thorough
def test_file_of_roles_takes_what_it_gives_no_more():
    load("10_groups.json", "30_billing_groups.json")
    before = permissions_of("Auditors")
    extra = Permission.objects.filter(codename__in=["publish_blog", "approve_payoutbatch"])
    Group.objects.get(name="Auditors").permissions.add(*extra)
    load("10_groups.json")
    assert permissions_of("Auditors") == before | {"billing.approve_payoutbatch"}
    load("30_billing_groups.json")
    assert permissions_of("Auditors") == before


@pytest.mark.any_database
def test_auditors_see_all_of_billing_and_change_nothing(groups):
    models = set(apps.get_app_config("billing").get_models())
    tracked = {model for model in models if not hasattr(model, "instance_type")}
    secrets = {ReaderSalt, LogLineKey}
    on_pages = {model for model in tracked - secrets if model._meta.default_permissions}
    views = {f"billing.view_{model._meta.model_name}" for model in on_pages}
    permissions = permissions_of("Auditors")
    assert views <= permissions
    assert {name.split(".")[1].split("_")[0] for name in permissions} == {"view", "verify"}


@pytest.mark.any_database
def test_nobody_but_a_superuser_both_submits_and_approves(groups):
    both = {"billing.submit_payoutbatch", "billing.approve_payoutbatch"}
    for group in Group.objects.all():
        assert not both <= permissions_of(group.name)


@pytest.mark.any_database
def test_editors_have_nothing_of_billing_and_authors_their_own_payment_details(groups):
    found = {
        name: {p for p in permissions_of(name) if p.startswith("billing.")}
        for name in ("Authors", "Editors")
    }
    assert found == {
        "Authors": {"billing.enter_own_payee", "billing.view_own_statement"},
        "Editors": set(),
    }


@pytest.mark.any_database
def test_only_prices_adjustments_and_logs_are_entered_by_hand(groups):
    for group in Group.objects.all():
        for permission in permissions_of(group.name):
            app, codename = permission.split(".")
            if app == "billing" and codename.split("_")[0] in {"add", "change", "delete"}:
                assert group.name == "Finance"
                assert codename in {
                    "add_categoryprice",
                    "change_categoryprice",
                    "add_adjustment",
                    "change_adjustment",
                    "add_accesslogimport",
                }


def test_prices_of_the_story_load_twice_with_one_record_of_who_loaded_them():
    finn = make_user("finn")
    for _ in range(2):
        load("20_categories.json", "35_prices.json", by="finn")
    prices = CategoryPrice.objects.in_force_on(dt.date(2015, 1, 1))
    assert dict(prices.values_list("category__name", "price_per_1000")) == {
        "Tech": 15,
        "Sports": 10,
        "Fashion": 5,
    }
    names = ("history_type", "history_user", "history_change_reason")
    reason = "Read from the file 20_categories.json, 35_prices.json"
    assert list(CategoryPrice.history.values_list(*names)) == [("+", finn.pk, reason)] * 3


def test_price_that_a_file_changes_says_who_loaded_the_file(tmp_path):
    make_user("finn")
    load("20_categories.json", "35_prices.json", by="finn")
    fay = make_user("fay")
    changed = tmp_path / "prices.json"
    text = (FIXTURES / "35_prices.json").read_text()
    changed.write_text(text.replace("15.000", "16.000"))
    call_command("loaddata", changed, by="fay", verbosity=0)
    record = CategoryPrice.history.get(history_type="~")
    assert (record.history_user, record.price_per_1000) == (fay, 16)
    assert record.history_change_reason == "Read from the file prices.json"


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("by", "says"), [(None, "A price tells who made it"), ("nobody", "There is no user nobody")]
)
def test_prices_that_nobody_signs_for_are_not_loaded(by, says):
    with pytest.raises(CommandError, match=says):
        load("20_categories.json", "35_prices.json", by=by)
    assert not CategoryPrice.objects.exists()
