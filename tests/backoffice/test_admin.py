import datetime as dt

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.urls import reverse
from django.utils import timezone

from backoffice.models import AccessRequest, JobRun
from tests.factories import make_user

pytestmark = [pytest.mark.any_database, pytest.mark.slow]

ACCOUNT_CLERK = ["auth.view_user", "auth.change_user", "auth.add_user", "auth.delete_user"]
ACCOUNT_CLERK += ["auth.view_group", "auth.change_group", "auth.add_group", "auth.delete_group"]


@pytest.fixture
def superuser(client, make_clerk):
    user = make_clerk(is_superuser=True, username="ines")
    client.force_login(user)
    return user


@pytest.fixture
def clerk(client, make_clerk):
    user = make_clerk(*ACCOUNT_CLERK, username="carl")
    client.force_login(user)
    return user


def url(name, *args):
    return reverse(f"admin:{name}", args=args)


def post_user(client, user, **values):
    values = {"username": user.username, "is_active": "on", "is_staff": "on"} | values
    return client.post(url("auth_user_change", user.pk), values)


# What superusers do


def test_roles_are_given_and_recorded(client, superuser):
    user = make_user("edda")
    editors, authors = (Group.objects.create(name=name) for name in ("Editors", "Authors"))
    user.groups.add(authors)
    response = post_user(client, user, email="edda@example.org", groups=[editors.pk])
    assert response.status_code == 302
    assert [*user.groups.all()] == [editors]
    assert user.history.first().history_user == superuser
    page = client.get(url("auth_user_history", user.pk)).content.decode()
    assert '<del class="bo-diff-old">Authors</del>' in page
    assert '<ins class="bo-diff-new">Editors</ins>' in page
    assert "edda@example.org" in page


def test_user_is_added_and_recorded(client, superuser):
    values = {"username": "edda", "usable_password": "true"}
    values |= {"password1": "long enough 42", "password2": "long enough 42"}
    assert client.post(url("auth_user_add"), values).status_code == 302
    assert User.objects.get(username="edda").history.get().history_user == superuser


def test_password_is_changed_and_recorded(client, superuser):
    user = make_user("edda")
    values = {"usable_password": "true", "set-password": "1"}
    values |= {"password1": "long enough 42", "password2": "long enough 42"}
    assert client.post(url("auth_user_password_change", user.pk), values).status_code == 302
    user.refresh_from_db()
    assert user.check_password("long enough 42")
    assert user.history.first().history_change_reason == "Password changed"


def test_group_is_changed_and_recorded(client, superuser):
    group = Group.objects.create(name="Editors")
    permission = Permission.objects.get(codename="view_user")
    values = {"name": "Desk", "permissions": [permission.pk]}
    assert client.post(url("auth_group_change", group.pk), values).status_code == 302
    page = client.get(url("auth_group_history", group.pk)).content.decode()
    assert '<del class="bo-diff-old">Editors</del>' in page
    assert "Can view user" in page


@pytest.mark.parametrize("name", ["auth_user_delete", "auth_group_delete"])
def test_no_account_and_no_role_is_deleted(client, superuser, name):
    group = Group.objects.create(name="Editors")
    pk = superuser.pk if "user" in name else group.pk
    assert client.post(url(name, pk), {"post": "yes"}).status_code == 403


# What those who may change users do not


def test_clerk_changes_names_and_proposes_addresses(client, clerk):
    user = make_user("edda")
    values = {"first_name": "Edda", "email": "edda@example.org", "access_reason": "She rang."}
    assert post_user(client, user, **values).status_code == 302
    user.refresh_from_db()
    assert (user.first_name, user.email) == ("Edda", "")
    assert AccessRequest.objects.get().email == "edda@example.org"


@pytest.mark.parametrize("whose", ["own", "another's"])
def test_clerk_gives_no_rights(client, clerk, whose):
    user = clerk if whose == "own" else make_user("edda")
    before = {*user.user_permissions.all()}
    group = Group.objects.create(name="Approvers")
    permission = Permission.objects.get(codename="view_audittrail")
    post_user(client, user, is_superuser="on", groups=[group.pk], user_permissions=[permission.pk])
    user.refresh_from_db()
    assert not user.is_superuser
    assert not user.groups.exists()
    assert {*user.user_permissions.all()} == before


def test_clerk_deactivates_nobody(client, clerk):
    user = make_user("edda")
    client.post(url("auth_user_change", user.pk), {"username": "edda"})
    user.refresh_from_db()
    assert user.is_active
    assert user.is_staff


def test_clerk_does_not_touch_a_superuser(client, clerk):
    boss = make_user("ines", is_superuser=True)
    assert post_user(client, boss, email="carl@example.org").status_code == 403


def test_clerk_sets_and_sees_no_password(client, clerk):
    user = make_user("edda")
    assert client.get(url("auth_user_password_change", user.pk)).status_code == 403
    assert client.post(url("auth_user_password_change", user.pk), {}).status_code == 403
    assert b"Sign-in" not in client.get(url("auth_user_change", user.pk)).content


@pytest.mark.parametrize("name", ["auth_user_add", "auth_group_add"])
def test_clerk_adds_no_account_and_no_role(client, clerk, name):
    assert client.get(url(name)).status_code == 403


def test_clerk_changes_no_role(client, clerk):
    group = Group.objects.create(name="Editors")
    response = client.post(url("auth_group_change", group.pk), {"name": "Mine"})
    assert response.status_code == 403


# Lists


@pytest.mark.thorough
def test_users_show_their_roles_in_a_constant_number_of_queries(
    client, superuser, django_assert_max_num_queries, django_assert_num_queries
):
    group = Group.objects.create(name="Editors")
    make_user("edda", first_name="Edda", last_name="Lang").groups.add(group)
    with django_assert_max_num_queries(20) as few:
        page = client.get(url("auth_user_changelist")).content.decode()
    assert "Edda Lang" in page
    assert "Superuser" in page
    for _ in range(18):
        make_user().groups.add(group)
    with django_assert_num_queries(len(few)):
        client.get(url("auth_user_changelist"))


def make_run(**values):
    values = {"name": "fold_views", "started_at": timezone.now()} | values
    return JobRun.objects.create(**values)


def test_job_runs_are_read_and_no_more(client, make_clerk):
    run = make_run()
    client.force_login(make_clerk("backoffice.view_jobrun", "backoffice.change_jobrun"))
    assert client.get(url("backoffice_jobrun_change", run.pk)).status_code == 200
    assert client.post(url("backoffice_jobrun_change", run.pk), {}).status_code == 403
    assert client.get(url("backoffice_jobrun_add")).status_code == 403
    client.force_login(make_clerk())
    assert client.get(url("backoffice_jobrun_changelist")).status_code == 403


@pytest.mark.parametrize(
    ("took", "shown"),
    [(dt.timedelta(seconds=2.34), "2.3 s"), (dt.timedelta(minutes=3), "3\xa0minutes")],
)
def test_job_run_tells_how_long_it_took(client, superuser, took, shown):
    start = timezone.now()
    make_run(started_at=start, finished_at=start + took, output="One.\n3 views folded.")
    page = client.get(url("backoffice_jobrun_changelist")).content.decode()
    assert shown in page
    assert "3 views folded." in page
    assert "One." not in page


def test_unfinished_job_run_took_nothing_yet(client, superuser):
    run = make_run()
    assert "Running" in client.get(url("backoffice_jobrun_changelist")).content.decode()
    page = client.get(url("backoffice_jobrun_change", run.pk)).content.decode()
    assert ">Running<" in page.replace("\n", "").replace(" ", "")


def test_button_of_a_list_says_what_it_adds(client, superuser):
    add = f'href="{url("auth_group_add")}"'
    page = " ".join(client.get(url("auth_group_changelist")).text.split())
    assert "Add group </a>" in page
    assert add in page
    group = Group.objects.create(name="Readers")
    assert add not in client.get(url("auth_group_change", group.pk)).text
