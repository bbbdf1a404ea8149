"""Whatever way somebody else changes an account, for 72 hours it signs nothing. See pauses."""

import datetime as dt
import json

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.urls import reverse

from backoffice.accounts.inviting import invite
from backoffice.accounts.security_log import events_of
from backoffice.accounts.two_people import confirm_access, propose_access
from backoffice.models import AccessRequest
from billing.errors import FourEyesViolation
from billing.models import PayoutBatch
from tests.billing.batches import AT, Status, make_batch
from tests.factories import approve, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

Kind = AccessRequest.Kind
NOW = AT - dt.timedelta(hours=1)
LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
WHY = "She asked for it by telephone."
NEW_PASSWORD = "four unrelated words here"


class House:
    """April, who approves; Ines and Otto, who administer."""

    def __init__(self, client, tmp_path):
        self.client, self.folder = client, tmp_path
        self.desk = Group.objects.create(name="Desk")
        self.archive = Group.objects.create(name="Archive")
        self.signing = Permission.objects.get(codename="approve_payoutbatch")
        self.reading = Permission.objects.get(codename="view_payoutbatch")
        with events_of(LONG_AGO):
            self.desk.permissions.add(self.signing)
            self.ines = make_user("ines", first_name="Ines", is_superuser=True)
            self.otto = make_user("otto", first_name="Otto", is_superuser=True)
            self.april = make_user("april", email="april@example.org")
            self.april.groups.add(self.desk)
            self.factor = Authenticator.objects.create(
                user=self.april, type="totp", data={"secret": "x"}
            )
        self.april = User.objects.get(pk=self.april.pk)

    def post(self, page, **values):
        self.client.force_login(self.ines)
        url = reverse(f"admin:auth_{page}", args=[self.april.pk])
        response = self.client.post(url, values)
        assert response.status_code == 302, response.text

    def change(self, **values):
        """Save the page of April's account with other values than it shows."""
        shown = {"username": "april", "email": self.april.email, "access_reason": WHY}
        shown |= {"groups": [group.pk for group in self.april.groups.all()]}
        shown |= {"is_active": "on", "is_staff": "on"}
        values = {name: value for name, value in (shown | values).items() if value is not None}
        self.post("user_change", **values)

    def agree(self, kind, **what):
        """Let Ines propose, and Otto confirm."""
        request = propose_access(kind=kind, by=self.ines, reason=WHY, **what)
        confirm_access(request=request, by=self.otto)

    def load(self, model, pk, **fields):
        file = self.folder / "rows.json"
        file.write_text(json.dumps([{"model": model, "pk": pk, "fields": fields}]))
        call_command("loaddata", file, verbosity=0)

    def fields_of_april(self, **fields):
        kept = {"username": "april", "is_staff": True, "groups": [self.desk.pk]}
        return kept | {"password": self.april.password, "email": self.april.email} | fields


@pytest.fixture
def house(client, tmp_path):
    return House(client, tmp_path)


def change_password_at_the_machine(house):
    user = User.objects.get(pk=house.april.pk)
    user.set_password(NEW_PASSWORD)  # as manage.py changepassword does
    user.save()


def invite_april(house):
    User.objects.filter(pk=house.april.pk).update(password="!")
    invite(user=User.objects.get(pk=house.april.pk), by=house.ines)


WAYS = {
    "page: role taken away": (lambda h: h.change(groups=[]), "Role taken away (Desk)", "Ines"),
    "page: role given": (
        lambda h: h.change(groups=[h.desk.pk, h.archive.pk]), "Role given (Archive)", "Ines",
    ),
    "page: staff taken and given": (
        lambda h: (h.change(is_staff=None), h.change()), "Staff status given", "Ines",
    ),
    "page: off and on by two": (
        lambda h: (h.change(is_active=None), h.agree(Kind.ACTIVATION, about=h.april)),
        "Account activated", "Otto",
    ),
    "page: username": (lambda h: h.change(username="apryl"), "Username changed", "Ines"),
    "two: address": (
        lambda h: h.agree(Kind.EMAIL, about=h.april, email="otto@example.org"),
        "E-mail address changed", "Otto",
    ),
    "two: permission": (
        lambda h: h.agree(Kind.PERMISSION, about=h.april, permission=h.reading),
        "Permission given (Can view", "Otto",
    ),
    "two: superuser": (
        lambda h: h.agree(Kind.SUPERUSER, about=h.april), "Superuser status given", "Otto",
    ),
    "two: role widened": (
        lambda h: h.agree(Kind.GROUP_PERMISSION, group=h.desk, permission=h.reading),
        "(through Desk)", "Otto",
    ),
    "two: factors reset": (
        lambda h: h.agree(Kind.FACTORS, about=h.april), "Second factor removed", "Otto",
    ),
    "invitation": (invite_april, "asked for by mail (Invitation)", "Ines"),
    "changepassword": (
        change_password_at_the_machine, "Password changed", "somebody at the machine",
    ),
    "loaddata: account": (
        lambda h: h.load("auth.user", h.april.pk, **h.fields_of_april(email="x@example.org")),
        "E-mail address changed", "somebody at the machine",
    ),
    "loaddata: role": (
        lambda h: h.load(
            "auth.group", h.desk.pk, name="Desk", permissions=[h.signing.pk, h.reading.pk]
        ),
        "(through Desk)", "somebody at the machine",
    ),
    "loaddata: factor": (
        lambda h: h.load(
            "mfa.authenticator", 99, user=h.april.pk, type="recovery_codes", data={},
            created_at="2026-11-01T00:00Z",
        ),
        "Second factor added (Recovery codes)", "somebody at the machine",
    ),
    "shell: factor deleted": (
        lambda h: Authenticator.objects.all().delete(),
        "Second factor removed (An app)", "somebody at the machine",
    ),
    "shell: role deleted": (
        lambda h: h.desk.delete(), "Role taken away (Desk)", "somebody at the machine",
    ),
}  # fmt: skip


@pytest.mark.cases(2)
@pytest.mark.parametrize("way", WAYS)
def test_account_that_somebody_else_changed_does_not_approve_for_72_hours(house, way):
    batch = make_batch(Status.SUBMITTED)
    act, what, who = WAYS[way]
    with time_machine.travel(NOW, tick=False):
        act(house)
    april = User.objects.get(pk=house.april.pk)
    with pytest.raises(FourEyesViolation) as refused:
        approve(batch, by=april, at=AT)
    assert what in str(refused.value)
    assert f"on 22 Nov 2026 by {who}: until 25 Nov 2026, 12:00" in str(refused.value)
    with pytest.raises(IntegrityError, match="nobody signs"), transaction.atomic():
        PayoutBatch.objects.filter(pk=batch.pk).update(
            status="approved", approved_by=april, approved_at=AT
        )
