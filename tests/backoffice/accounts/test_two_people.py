import datetime as dt

import pytest
import time_machine
from django.contrib.auth.models import Group, Permission, User
from django.core import mail
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from tablib import Dataset

from backoffice.accounts.pauses import explain_pauses, find_given_outside
from backoffice.accounts.two_people import (
    AccessRefused,
    confirm_access,
    propose_access,
    refuse_access,
)
from backoffice.models import AccessRequest, SecurityEvent
from backoffice.resources import UserResource
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
any_database = pytest.mark.any_database

Kind = AccessRequest.Kind


@pytest.fixture
def keepers():
    """A role over accounts, which needs two people in weblog without billing too."""
    group = Group.objects.create(name="Keepers")
    group.permissions.add(Permission.objects.get(codename="change_user"))
    return group


@pytest.fixture
def edda():
    return make_user("edda", first_name="Edda", last_name="Editor", email="edda@example.org")


@pytest.fixture
def ines():
    return make_user("ines", is_superuser=True, email="ines@example.org")


@pytest.fixture
def otto():
    return make_user("otto", is_superuser=True, email="otto@example.org")


@pytest.fixture
def form(client, ines):
    """Posts the page of a user, as Ines, with other values than it shows."""
    client.force_login(ines)

    def post(user, **values):
        user.refresh_from_db()
        shown = {"username": user.username, "first_name": user.first_name, "email": user.email}
        shown |= {"last_name": user.last_name, "groups": [g.pk for g in user.groups.all()]}
        shown |= {
            name: "on" for name in ("is_active", "is_staff", "is_superuser") if getattr(user, name)
        }
        shown |= {"access_reason": "She joins us."}
        values = {name: value for name, value in (shown | values).items() if value is not None}
        return client.post(reverse("admin:auth_user_change", args=[user.pk]), values)

    return post


def dialog(client, name, access, **values):
    url = reverse(f"admin:backoffice_accessrequest_{name}", args=[access.pk])
    return client.post(url, {"_form_submitted": "True"} | values)


def propose(by, about, group, **values):
    values = {"kind": Kind.GROUP, "reason": "She joins us."} | values
    return propose_access(by=by, about=about, group=group, **values)


# From the page of a user to the right


def test_role_that_needs_two_people_takes_effect_when_another_confirms(
    client, form, keepers, ines, otto, edda
):
    editors = Group.objects.create(name="Editors")
    response = form(edda, groups=[editors.pk, keepers.pk], first_name="Edith")
    assert response.status_code == 302
    edda.refresh_from_db()
    assert (edda.first_name, [*edda.groups.all()]) == ("Edith", [editors])
    access = AccessRequest.objects.get()
    assert (access.asked_by, access.about, access.group) == (ines, edda, keepers)
    client.force_login(otto)
    page = client.get(reverse("admin:backoffice_accessrequest_change", args=[access.pk])).text
    assert "The role Keepers" in page
    assert "She joins us." in page
    assert dialog(client, "confirm", access).status_code == 200
    assert {*edda.groups.all()} == {editors, keepers}
    access.refresh_from_db()
    assert (access.outcome, access.decided_by) == ("confirmed", otto)
    event = SecurityEvent.objects.get(kind="group_given", detail="Keepers")
    assert (event.by, event.is_outside) == (otto, False)
    assert edda.history.first().history_change_reason == "Proposed by ines: She joins us."


@pytest.mark.any_database
def test_page_says_what_waits(client, form, keepers, edda):
    response = form(edda, groups=[keepers.pk])
    page = client.get(response.url).text
    assert "Not given yet" in page
    assert "waits for another administrator" in page


@any_database
@pytest.mark.parametrize("what", ["is_superuser", "user_permissions", "groups"])
def test_every_such_right_is_kept_back(form, keepers, edda, what):
    permission = Permission.objects.get(codename="delete_user")
    value = {"is_superuser": "on", "user_permissions": [permission.pk], "groups": [keepers.pk]}
    form(edda, **{what: value[what]})
    edda.refresh_from_db()
    assert not edda.is_superuser
    assert not edda.user_permissions.exists()
    assert not edda.groups.exists()
    assert AccessRequest.objects.get().about == edda


@any_database
def test_account_with_such_rights_is_activated_by_two(form, keepers, otto, edda):
    edda.groups.through.objects.create(user=edda, group=keepers)
    User.objects.filter(pk=edda.pk).update(is_active=False)
    form(edda, is_active="on")
    edda.refresh_from_db()
    assert not edda.is_active
    confirm_access(request=AccessRequest.objects.get(kind="activation"), by=otto)
    edda.refresh_from_db()
    assert edda.is_active


@any_database
def test_address_of_an_account_with_such_rights_is_changed_by_two(form, keepers, otto, edda):
    edda.groups.through.objects.create(user=edda, group=keepers)
    form(edda, email="else@example.org")
    edda.refresh_from_db()
    assert edda.email == "edda@example.org"
    confirm_access(request=AccessRequest.objects.get(kind="email"), by=otto)
    edda.refresh_from_db()
    assert edda.email == "else@example.org"


@any_database
def test_what_needs_no_second_person_is_saved_without_a_reason(form, edda):
    editors = Group.objects.create(name="Editors")
    form(edda, groups=[editors.pk], email="else@example.org", access_reason="")
    edda.refresh_from_db()
    assert (edda.email, [*edda.groups.all()]) == ("else@example.org", [editors])
    User.objects.filter(pk=edda.pk).update(is_active=False)
    form(edda, is_active="on", access_reason="")
    edda.refresh_from_db()
    assert edda.is_active
    assert not AccessRequest.objects.exists()


@any_database
@pytest.mark.parametrize("reason", ["", "  "])
def test_proposal_needs_a_reason(form, keepers, edda, reason):
    response = form(edda, groups=[keepers.pk], access_reason=reason)
    assert "Say why" in response.text
    assert not AccessRequest.objects.exists()


@any_database
def test_taking_a_right_away_takes_one_person(form, keepers, edda):
    edda.groups.through.objects.create(user=edda, group=keepers)
    form(edda, groups=[], access_reason="")
    assert not edda.groups.exists()
    User.objects.filter(pk=edda.pk).update(is_superuser=True)
    form(edda, is_superuser=None, access_reason="")
    edda.refresh_from_db()
    assert not edda.is_superuser


@any_database
def test_clerk_of_accounts_changes_no_address_that_opens_such_an_account(
    client, make_clerk, keepers, edda
):
    edda.groups.through.objects.create(user=edda, group=keepers)
    client.force_login(make_clerk("auth.view_user", "auth.change_user"))
    url = reverse("admin:auth_user_change", args=[edda.pk])
    client.post(url, {"username": "else", "first_name": "Edith", "email": "else@example.org"})
    edda.refresh_from_db()
    assert (edda.username, edda.first_name) == ("edda", "Edith")
    assert edda.email == "edda@example.org"
    assert "access_reason" not in client.get(url).text


@pytest.fixture
def clerk(keepers):
    """A clerk whose role over accounts is old, so the security log has nothing about it."""
    keepers.permissions.add(Permission.objects.get(codename="view_user"))
    return make_user("carl", groups=["Keepers"])


def change_address(client, clerk, person, **values):
    client.force_login(clerk)
    url = reverse("admin:auth_user_change", args=[person.pk])
    shown = {
        "username": person.username,
        "email": "else@example.org",
        "access_reason": "She moved.",
    }
    return client.post(url, shown | values)


@any_database
def test_address_that_a_clerk_changes_counts_once_an_administrator_confirms(
    client, clerk, otto, edda
):
    page = client.get(change_address(client, clerk, edda, first_name="Edith").url).text
    assert "waits for another administrator" in page
    edda.refresh_from_db()
    assert (edda.first_name, edda.email) == ("Edith", "edda@example.org")
    access = AccessRequest.objects.get()
    assert (access.kind, access.asked_by, access.email) == ("email", clerk, "else@example.org")
    confirm_access(request=access, by=otto)
    edda.refresh_from_db()
    assert edda.email == "else@example.org"


@any_database
def test_clerk_says_why_an_address_is_changed(client, clerk, edda):
    assert "Say why" in change_address(client, clerk, edda, access_reason="").text
    assert not AccessRequest.objects.exists()


@any_database
def test_clerk_changes_their_own_address_alone(client, clerk):
    change_address(client, clerk, clerk, access_reason="")
    clerk.refresh_from_db()
    assert clerk.email == "else@example.org"


@any_database
def test_clerk_confirms_no_address_and_proposes_nothing_else(clerk, otto, edda, keepers):
    values = {"about": edda, "email": "else@example.org", "reason": "She moved."}
    access = propose_access(kind=Kind.EMAIL, by=otto, **values)
    with pytest.raises(AccessRefused, match="Only superusers confirm"):
        confirm_access(request=access, by=clerk)
    with pytest.raises(AccessRefused, match="Only superusers give rights"):
        propose(clerk, edda, keepers)


@any_database
def test_single_administrator_still_confirms_what_a_clerk_proposed(settings, clerk, otto, edda):
    settings.SINGLE_ADMINISTRATOR = True
    values = {"about": edda, "email": "else@example.org", "reason": "She moved."}
    access = propose_access(kind=Kind.EMAIL, by=clerk, **values)
    assert access.outcome == "waiting"
    confirm_access(request=access, by=otto)
    edda.refresh_from_db()
    assert edda.email == "else@example.org"


@any_database
def test_clerk_who_is_one_no_more_has_proposed_nothing(clerk, otto, edda):
    values = {"about": edda, "email": "else@example.org", "reason": "She moved."}
    access = propose_access(kind=Kind.EMAIL, by=clerk, **values)
    clerk.groups.clear()
    with pytest.raises(AccessRefused, match="no administrator any more"):
        confirm_access(request=access, by=otto)


@any_database
@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_sets_the_password_of_such_an_account_for_them(client, ines, keepers, edda, method):
    edda.groups.through.objects.create(user=edda, group=keepers)
    client.force_login(ines)
    values = {"usable_password": "true", "set-password": "1"}
    values |= dict.fromkeys(["password1", "password2"], "quite another 42")
    url = reverse("admin:auth_user_password_change", args=[edda.pk])
    response = getattr(client, method)(url, values, follow=True)
    assert "nobody else sets their password" in response.text
    edda.refresh_from_db()
    assert edda.check_password("secret")


# Roles


@any_database
def test_permission_of_a_role_with_members_is_given_by_two(client, ines, otto, edda):
    editors = Group.objects.create(name="Editors")
    edda.groups.through.objects.create(user=edda, group=editors)
    plain, guarded = (
        Permission.objects.get(codename=name) for name in ("view_blog", "delete_group")
    )
    client.force_login(ines)
    url = reverse("admin:auth_group_change", args=[editors.pk])
    values = {"name": "Desk", "permissions": [plain.pk, guarded.pk], "access_reason": "Help"}
    assert client.post(url, values).status_code == 302
    editors.refresh_from_db()
    assert (editors.name, [*editors.permissions.all()]) == ("Desk", [plain])
    confirm_access(request=AccessRequest.objects.get(), by=otto)
    assert {*editors.permissions.all()} == {plain, guarded}
    event = SecurityEvent.objects.get(kind="permission_given", detail__contains="delete")
    assert (event.by, event.is_outside) == (otto, False)


@any_database
def test_role_without_members_gives_nobody_anything(client, ines):
    empty, guarded = Group.objects.create(name="Empty"), Permission.objects.get(codename="add_user")
    client.force_login(ines)
    url = reverse("admin:auth_group_change", args=[empty.pk])
    client.post(url, {"name": "Empty", "permissions": [guarded.pk]})
    assert [*empty.permissions.all()] == [guarded]


# Who may


@any_database
@pytest.mark.parametrize("who", ["asker", "gainer", "clerk", "inactive", "lately changed"])
def test_confirmation_takes_another_administrator(keepers, ines, otto, edda, make_clerk, who):
    if who == "gainer":
        User.objects.filter(pk=edda.pk).update(is_superuser=True)
    access = propose(ines, edda, keepers)
    by = {"asker": ines, "gainer": edda, "clerk": make_clerk("auth.change_user")}.get(who, otto)
    by = User.objects.get(pk=by.pk)
    by.is_active = who != "inactive"
    if who == "lately changed":
        now = timezone.now()
        SecurityEvent.objects.create(
            kind="password_changed", at=now, about=otto, by=ines, pauses_until=now + dt.timedelta(1)
        )
    with pytest.raises(AccessRefused):
        confirm_access(request=access, by=by)
    assert not edda.groups.exists()


@any_database
def test_nobody_proposes_for_themselves(keepers, ines):
    with pytest.raises(AccessRefused, match="for themselves"):
        propose(ines, ines, keepers)


@any_database
def test_only_superusers_propose(keepers, edda, make_clerk):
    with pytest.raises(AccessRefused):
        propose(make_clerk("auth.change_user", "auth.change_group"), edda, keepers)


@any_database
def test_member_confirms_no_permission_of_their_role(ines, otto):
    group = Group.objects.create(name="Desk")
    otto.groups.through.objects.create(user=otto, group=group)
    permission = Permission.objects.get(codename="add_user")
    access = propose_access(
        kind=Kind.GROUP_PERMISSION, group=group, permission=permission, by=ines, reason="Help"
    )
    with pytest.raises(AccessRefused, match="for you"):
        confirm_access(request=access, by=otto)


@any_database
def test_nobody_joins_a_role_that_they_proposed_a_permission_for(ines, otto):
    group = Group.objects.create(name="Desk")
    permission = Permission.objects.get(codename="add_user")
    access = propose_access(
        kind=Kind.GROUP_PERMISSION, group=group, permission=permission, by=ines, reason="Help"
    )
    ines.groups.add(group)
    with pytest.raises(AccessRefused, match="the proposer themselves"):
        confirm_access(request=access, by=otto)


@any_database
@pytest.mark.parametrize("what", ["permissions", "name"])
def test_what_is_confirmed_is_the_role_that_was_proposed(client, keepers, ines, otto, edda, what):
    access = propose(ines, edda, keepers)
    client.force_login(ines)
    held = [*keepers.permissions.values_list("pk", flat=True)]
    values = {"name": keepers.name, "permissions": held}
    if what == "name":
        values["name"] = "Helpers"
    else:
        values["permissions"] = [*held, Permission.objects.get(codename="delete_group").pk]
    client.post(reverse("admin:auth_group_change", args=[keepers.pk]), values)
    with pytest.raises(AccessRefused, match="was changed after"):
        confirm_access(request=access, by=otto)
    assert not edda.groups.exists()


@any_database
def test_change_of_a_role_voids_no_proposal_of_another(client, keepers, ines, otto, edda):
    desk = Group.objects.create(name="Desk")
    access = propose(ines, edda, keepers)
    desk.permissions.add(Permission.objects.get(codename="view_user"))
    desk.name = "Front desk"
    desk.save()
    confirm_access(request=access, by=otto)
    assert [*edda.groups.all()] == [keepers]


@any_database
def test_role_that_is_saved_as_it_was_voids_nothing(client, keepers, ines, otto, edda):
    access = propose(ines, edda, keepers)
    client.force_login(ines)
    held = [*keepers.permissions.values_list("pk", flat=True)]
    url = reverse("admin:auth_group_change", args=[keepers.pk])
    client.post(url, {"name": keepers.name, "permissions": held})
    keepers.save()  # as loaddata does, at an upgrade
    permission = Permission.objects.get(codename="view_user")
    keepers.permissions.add(permission)
    keepers.permissions.remove(permission)
    confirm_access(request=access, by=otto)
    assert [*edda.groups.all()] == [keepers]


@any_database
@pytest.mark.parametrize("who", ["asker", "confirmer"])
def test_administrator_made_on_the_machine_is_no_second_person(keepers, ines, otto, edda, who):
    puppet = User.objects.create_superuser("puppet", "puppet@example.org", "secret")
    asker, confirmer = (puppet, otto) if who == "asker" else (ines, puppet)
    with pytest.raises(AccessRefused, match="without a second administrator"):
        confirm_access(request=propose(asker, edda, keepers), by=confirmer)
    assert not edda.groups.exists()


@any_database
def test_account_that_is_let_into_the_back_office_again_pauses(settings, form, keepers, edda):
    settings.SIGNING_PAUSE_HOURS = 72
    edda.groups.through.objects.create(user=edda, group=keepers)
    User.objects.filter(pk=edda.pk).update(is_staff=False)
    form(edda, is_staff="on", access_reason="")
    assert "Staff status given" in explain_pauses(edda, at=timezone.now())[0]


@any_database
def test_proposal_of_somebody_who_is_no_administrator_any_more_is_void(keepers, ines, otto, edda):
    access = propose(ines, edda, keepers)
    User.objects.filter(pk=ines.pk).update(is_superuser=False)
    with pytest.raises(AccessRefused, match="no administrator any more"):
        confirm_access(request=access, by=otto)


@any_database
def test_proposal_is_confirmed_within_seven_days(keepers, ines, otto, edda):
    access = propose(ines, edda, keepers)
    later = timezone.now() + dt.timedelta(days=7, seconds=1)
    with pytest.raises(AccessRefused, match="7 days"):
        confirm_access(request=access, by=otto, at=later)
    assert propose(ines, edda, keepers, at=later) != access


def test_decision_is_made_once(keepers, ines, otto, edda):
    access = propose(ines, edda, keepers)
    assert propose(ines, edda, keepers) == access
    refuse_access(request=access, by=ines, note="A mistake")
    for decide in (confirm_access, lambda **v: refuse_access(note="No", **v)):
        with pytest.raises(AccessRefused, match="decided already"):
            decide(request=access, by=otto)
    assert not edda.groups.exists()


def test_refusal_is_recorded(client, keepers, ines, otto, edda):
    access = propose(ines, edda, keepers)
    client.force_login(otto)
    assert dialog(client, "refuse", access, note="").status_code == 200
    access.refresh_from_db()
    assert access.outcome == "waiting"
    dialog(client, "refuse", access, note="Who is she?")
    access.refresh_from_db()
    assert (access.outcome, access.decision_note) == ("refused", "Who is she?")
    assert SecurityEvent.objects.get(kind="access_refused").by == otto


@pytest.mark.any_database
def test_page_offers_no_confirmation_to_who_asked(client, keepers, ines, otto, edda):
    access = propose(ines, edda, keepers)
    url = reverse("admin:backoffice_accessrequest_change", args=[access.pk])
    client.force_login(ines)
    page = client.get(url).text
    assert "another administrator has to confirm" in page
    assert reverse("admin:backoffice_accessrequest_confirm", args=[access.pk]) not in page
    dialog(client, "confirm", access)
    assert not edda.groups.exists()
    client.force_login(otto)
    assert (
        reverse("admin:backoffice_accessrequest_confirm", args=[access.pk]) in client.get(url).text
    )


@any_database
@pytest.mark.parametrize("name", ["confirm", "refuse"])
def test_looking_at_a_dialog_decides_nothing(client, keepers, ines, otto, edda, name):
    access = propose(ines, edda, keepers)
    client.force_login(otto)
    url = reverse(f"admin:backoffice_accessrequest_{name}", args=[access.pk])
    assert client.get(url).status_code == 200
    access.refresh_from_db()
    assert access.outcome == "waiting"


@any_database
def test_confirmation_is_asked_again_who_it_is(client, settings, keepers, ines, otto, edda):
    settings.REAUTHENTICATE_MINUTES = 15
    access = propose(ines, edda, keepers)
    start = timezone.now()
    with time_machine.travel(start, tick=False) as clock:
        values = {"username": "otto", "password": "secret"}
        client.post(reverse("admin:login"), values)
        clock.shift(16 * 60)
        page = dialog(client, "confirm", access).text
        assert "Enter your password" in page
        dialog(client, "confirm", access, confirm_password="wrong")
        assert not edda.groups.exists()
        dialog(client, "confirm", access, confirm_password="secret")
    assert [*edda.groups.all()] == [keepers]


# A house with one administrator


@any_database
def test_single_administrator_says_so_and_it_is_kept(settings, form, keepers, ines, edda):
    settings.SINGLE_ADMINISTRATOR = True
    form(edda, groups=[keepers.pk])
    assert [*edda.groups.all()] == [keepers]
    access = AccessRequest.objects.get()
    assert (access.outcome, access.is_alone, access.decided_by) == ("confirmed", True, ines)
    assert not find_given_outside(edda)


# Who has lost every factor


def test_factors_are_taken_off_by_two(client, ines, otto, edda):
    client.force_login(ines)
    url = reverse("admin:auth_user_let_in", args=[edda.pk])
    client.post(url, {"_form_submitted": "True", "reason": "Her telephone is broken."})
    access = AccessRequest.objects.get(kind="factors")
    assert not SecurityEvent.objects.filter(kind="factor_removed").exists()
    confirm_access(request=access, by=otto)
    event = SecurityEvent.objects.get(kind="factor_removed")
    assert (event.about, event.by) == (edda, otto)
    assert event.pauses_until > timezone.now()


@any_database
def test_nobody_lets_themselves_in(client, ines):
    client.force_login(ines)
    url = reverse("admin:auth_user_let_in", args=[ines.pk])
    assert client.post(url, {"reason": "Mine is broken."}).status_code == 403


# Other doors


@any_database
def test_import_activates_no_such_account_and_changes_no_address_of_it(ines, keepers, edda):
    edda.groups.through.objects.create(user=edda, group=keepers)
    User.objects.filter(pk=edda.pk).update(is_active=False)
    for row in (["edda", "1", "edda@example.org"], ["edda", "0", "else@example.org"]):
        table = Dataset(row, headers=["username", "active", "email"])
        result = UserResource(user=ines).import_data(table, dry_run=True)
        assert "another administrator confirms it" in str(result.invalid_rows[0].error_dict)


def give_by_the_shell(user, group):
    user.groups.add(group)


def give_from_the_group(user, group):
    group.user_set.add(user)


def give_permission(user, group):
    user.user_permissions.add(group.permissions.get())


def make_superuser(user, group):
    user.is_superuser = True
    user.save()


@any_database
@pytest.mark.parametrize(
    "give", [give_by_the_shell, give_from_the_group, give_permission, make_superuser]
)
def test_right_given_past_the_two_is_noticed_told_and_signs_nothing(
    keepers, ines, otto, edda, give, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        give(edda, keepers)
    event = SecurityEvent.objects.get(is_outside=True)
    assert event.about == edda
    assert find_given_outside(edda) == [event]
    told = {address for message in mail.outbox for address in message.to}
    assert {"ines@example.org", "edda@example.org"} <= told
    later = timezone.now() + dt.timedelta(days=400)
    assert "without a second administrator" in explain_pauses(edda, at=later)[0]


@any_database
def test_superuser_made_on_the_machine_is_noticed_from_the_third_on():
    for name, is_noticed in [("first", False), ("second", False), ("third", True)]:
        call_command("createsuperuser", "--noinput", username=name, email="", verbosity=0)
        assert bool(find_given_outside(User.objects.get(username=name))) == is_noticed


@any_database
def test_right_that_is_taken_away_and_given_by_two_is_as_good_as_any(keepers, ines, otto, edda):
    edda.groups.add(keepers)
    edda.groups.remove(keepers)
    assert find_given_outside(edda) == []
    confirm_access(request=propose(ines, edda, keepers), by=otto)
    assert find_given_outside(edda) == []


# What the database holds


@pytest.mark.parametrize(
    "values",
    [
        {"outcome": "confirmed", "decided_by": "asked_by"},
        {"outcome": "confirmed", "decided_by": "about"},
        {"outcome": "confirmed", "decided_by": None},
        {"reason": "Another"},
        {"asked_by": "otto"},
    ],
)
def test_database_refuses_a_decision_by_one(keepers, ines, otto, edda, values):
    access = propose(ines, edda, keepers)
    people = {"asked_by": ines, "about": edda, "otto": otto}
    values = {name: people.get(value, value) for name, value in values.items()}
    with pytest.raises(IntegrityError), transaction.atomic():
        AccessRequest.objects.filter(pk=access.pk).update(decided_at=timezone.now(), **values)


def test_database_keeps_what_was_decided(keepers, ines, otto, edda):
    access = propose(ines, edda, keepers)
    confirm_access(request=access, by=otto)
    rows = AccessRequest.objects.filter(pk=access.pk)
    for act in (rows.delete, lambda: rows.update(outcome="refused", decision_note="Wrong")):
        with pytest.raises(IntegrityError, match="backoffice: "), transaction.atomic():
            act()


# What the page of a proposal says


@any_database
def test_state_is_a_word_on_the_page_of_a_proposal(client, ines, otto, edda, keepers):
    access = propose(ines, edda, keepers)
    client.force_login(otto)
    page = client.get(reverse("admin:backoffice_accessrequest_change", args=[access.pk])).text
    assert "Waiting" in page
    assert "&#x27;waiting&#x27;" not in page


@any_database
def test_only_administrator_is_told_where_a_second_comes_from(client, ines, edda, keepers):
    access = propose(ines, edda, keepers)
    client.force_login(ines)
    url = reverse("admin:backoffice_accessrequest_change", args=[access.pk])
    assert "createsuperuser" in client.get(url).text
    make_user("otto", is_superuser=True)
    assert "createsuperuser" not in client.get(url).text
