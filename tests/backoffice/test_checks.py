import pytest
from django.contrib import admin
from unfold.admin import ModelAdmin
from unfold.decorators import action

from backoffice import checks
from backoffice.models import JobRun

pytestmark = pytest.mark.any_database


class Admin(ModelAdmin):
    @action(permissions=["change"], dialog={"title": "Sure?"})
    def guarded(self, request, form):
        pass

    @action(permissions=["change"])
    def on_get(self, request):
        pass

    @action(dialog={"title": "Sure?"})
    def for_anyone(self, request, form):
        pass

    def neither(self, request):
        pass


def run_check(**actions):
    model_admin = type("SomeAdmin", (Admin,), actions)(JobRun, admin.site)
    return [error.msg for error in checks._check_actions_of(model_admin)]


@pytest.mark.parametrize("place", ["actions_list", "actions_row", "actions_detail"])
def test_action_has_a_dialog_and_permissions(place):
    assert run_check(**{place: ["guarded", {"title": "More", "items": ["guarded"]}]}) == []
    assert run_check(**{place: ["on_get"]}) == [f"The action on_get in {place} has no dialog."]
    assert run_check(**{place: [{"title": "More", "items": ["for_anyone"]}]}) == [
        f"The action for_anyone in {place} has no permissions."
    ]
    assert run_check(**{place: ["neither"]}) == [
        f"The action neither in {place} has no permissions and no dialog."
    ]


def test_action_of_the_submit_line_needs_permissions_alone():
    assert run_check(actions_submit_line=["on_get"]) == []
    assert len(run_check(actions_submit_line=["neither"])) == 1


def test_actions_of_the_project_pass():
    assert checks.check_actions(None) == []


@pytest.mark.parametrize(
    ("header", "proxies", "ids"),
    [
        (None, 0, []),
        (("HTTP_X_FORWARDED_PROTO", "https"), 1, []),
        (("HTTP_X_FORWARDED_PROTO", "https"), 0, ["backoffice.W003"]),
    ],
)
def test_proxy_that_nobody_counts_is_a_warning(settings, header, proxies, ids):
    settings.SECURE_PROXY_SSL_HEADER, settings.TRUSTED_PROXIES = header, proxies
    assert [message.id for message in checks.check_proxies(None)] == ids


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("CRONJOBS", [("@daily", "backoffice.jobs.run_job", ["fold_views"])]),
        ("CRONJOBS", [("61 * * * *", "backoffice.jobs.run_job", ["fold_views"])]),
        ("CRON_TIME_ZONE", "Nowhere/Atall"),
        ("CRON_TIME_ZONE", "/etc/passwd"),
        ("JOB_MINUTES", 0),
        ("JOB_MINUTES_OF", {"publish_new_texts": -1}),
    ],
)
def test_job_that_can_not_be_watched_is_an_error(settings, setting, value):
    assert checks.check_jobs(None) == []
    setattr(settings, setting, value)
    assert [message.id for message in checks.check_jobs(None)] == ["backoffice.E040"]


def test_house_where_nobody_hears_of_failures_is_told_so(settings):
    settings.ADMINS = []
    assert [message.id for message in checks.check_admins(None)] == ["backoffice.I041"]
    settings.ADMINS = ["ines@example.org"]
    assert checks.check_admins(None) == []
