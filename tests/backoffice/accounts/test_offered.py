import pytest
from django.contrib.auth.models import Group, Permission

from backoffice.accounts.offered import find_offered_permissions
from tests.factories import make_groups, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]


def list_offered():
    return {
        f"{permission.content_type.app_label}.{permission.codename}"
        for permission in find_offered_permissions()
    }


def test_pages_are_offered_and_tables_without_one_are_not():
    offered = list_offered()
    assert {
        "weblog.add_blog", "backoffice.view_audittrail", "auth.change_group",
        "axes.delete_accessattempt", "billing.hold_payment", "billing.view_paymentline",
    } <= offered  # fmt: skip
    apps = {name.split(".")[0] for name in offered}
    assert apps.isdisjoint({"sessions", "contenttypes", "admin", "account"})
    assert not any("_historical" in name for name in offered)


def test_every_right_of_a_role_is_offered():
    make_groups("10_groups.json", "30_billing_groups.json")
    held = {*Permission.objects.filter(group__isnull=False)}
    assert held
    assert held <= {*find_offered_permissions()}


def test_what_somebody_holds_is_offered_or_their_form_would_take_it_away(client):
    held = Permission.objects.get(codename="view_session")
    role = Group.objects.create(name="Odd")
    assert "sessions.view_session" not in list_offered()
    role.permissions.add(held)
    assert "sessions.view_session" in list_offered()
    client.force_login(make_user(is_superuser=True))
    page = client.get(f"/admin/auth/group/{role.pk}/change/")
    assert held in page.context["adminform"].form.fields["permissions"].queryset
