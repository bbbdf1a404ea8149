import pytest
from django.contrib import messages
from django.contrib.admin import site
from django.contrib.messages import get_messages
from django.contrib.messages.storage.fallback import FallbackStorage
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils import timezone

from backoffice.base_admin import ReadOnlyAdmin
from backoffice.dialogs import (
    DialogActions,
    DialogForm,
    Done,
    ReasonField,
    dialog_action,
    page_of,
    with_status,
)
from backoffice.errors import Refusal
from backoffice.models import JobRun
from backoffice.tables import TableRefused
from backoffice.uploads import UploadGone

pytestmark = pytest.mark.any_database
RUNNING, FAILED = JobRun.Status.RUNNING, JobRun.Status.FAILED


class StopForm(DialogForm):
    reason = ReasonField(missing="Say why.")
    note = ReasonField()

    def find_objections(self):
        return ["Nobody stops a backup."] if self.obj.name == "backup" else []


STOP = {"title": "Stop this job?", "form_class": StopForm, "form_submit_text": "Stop"}
BEGIN = {"title": "Begin?", "form_submit_text": "Begin"}


class Jobs(DialogActions, ReadOnlyAdmin):
    actions_detail = ["stop", "forget"]
    actions_list = ["begin"]

    def has_stop_permission(self, request, object_id=None):
        return request.user.has_perm("backoffice.delete_jobrun")

    @dialog_action(
        description="Stop",
        permissions=["stop"],
        dialog=STOP,
        fits=with_status(RUNNING),
    )
    def stop(self, request, form):
        run, reason = form.obj, form.cleaned_data["reason"]
        run.status, run.output = FAILED, reason
        run.save()
        if reason == "Too slow":
            raise Refusal("It is the <slowest> there is.")
        return f"{run.name} is stopped."

    @dialog_action(description="Forget", dialog=BEGIN, fits=lambda run, user: run.name == str(user))
    def forget(self, request, form):
        return Done("Forgotten.", url="/elsewhere/", level=messages.WARNING)

    @dialog_action(description="Begin", dialog=BEGIN, in_transaction=False)
    def begin(self, request, form):
        JobRun.objects.create(name="begun", started_at=timezone.now())
        raise Refusal("Only that one could be begun.")


@pytest.fixture
def jobs():
    return Jobs(JobRun, site)


@pytest.fixture
def run(db):
    return JobRun.objects.create(name="fold", status=RUNNING, started_at=timezone.now())


@pytest.fixture
def ask(rf, jobs, make_clerk):
    """Open a dialog, or post `data` to it, as somebody with the permission."""

    def ask(button, obj=None, *, by=None, **data):
        data = {"_form_submitted": "True", **data} if data else {}
        request = rf.post("/", data) if data else rf.get("/")
        request.user = by or make_clerk("backoffice.delete_jobrun", "backoffice.view_jobrun")
        request.session = {}
        request._messages = FallbackStorage(request)
        response = getattr(jobs, button)(request, **({"object_id": str(obj)} if obj else {}))
        response.told = [(message.level, str(message)) for message in get_messages(request)]
        return response

    return ask


def test_get_asks_and_changes_nothing(ask, run):
    response = ask("stop", run.pk)
    assert "Stop this job?" in response.text
    assert 'role="alert"' not in response.text
    assert JobRun.objects.get() == run
    assert JobRun.objects.get().status == RUNNING


def test_post_acts_tells_and_opens_the_page_of_the_object(ask, run):
    response = ask("stop", run.pk, reason="Enough")
    assert response.headers["HX-Redirect"] == page_of(run)
    assert response.told == [(messages.SUCCESS, "fold is stopped.")]
    assert JobRun.objects.get().output == "Enough"


def test_action_may_lead_elsewhere_and_tell_otherwise(ask, run):
    response = ask("forget", run.pk, any="thing")
    assert response.headers["HX-Redirect"] == "/elsewhere/"
    assert response.told == [(messages.WARNING, "Forgotten.")]


def test_what_is_missing_is_asked_for_in_the_dialog(ask, run):
    response = ask("stop", run.pk, reason="", note="Kept")
    assert "Say why." in response.text
    assert "Kept" in response.text
    assert "HX-Redirect" not in response.headers
    assert JobRun.objects.get().status == RUNNING


def test_refusal_stands_on_the_dialog_with_what_was_typed_and_the_way_on(ask, run):
    response = ask("stop", run.pk, reason="Too slow", note="Since Monday")
    assert response.status_code == 200
    assert "It is the &lt;slowest&gt; there is." in response.text
    assert "Too slow" in response.text
    assert "Since Monday" in response.text
    assert f'href="{page_of(run)}"' in response.text
    assert response.told == []


def test_refusal_takes_back_what_was_changed(ask, run):
    ask("stop", run.pk, reason="Too slow")
    assert (JobRun.objects.get().status, JobRun.objects.get().output) == (RUNNING, "")


def test_action_with_transactions_of_its_own_keeps_what_it_did(ask, db):
    response = ask("begin", any="thing")
    assert "Only that one could be begun." in response.text
    assert "Open the page" not in response.text
    assert JobRun.objects.get().name == "begun"


def test_objection_is_shown_at_once_and_stops_the_post(ask, run):
    run.name = "backup"
    run.save()
    shown = "<p>Nobody stops a backup.</p>"
    assert ask("stop", run.pk).text.count(shown) == 1
    response = ask("stop", run.pk, reason="Enough")
    assert response.text.count(shown) == 1
    assert JobRun.objects.get().status == RUNNING


@pytest.mark.parametrize("key", ["999999", "x", "-1", "9" * 30, "1\0"])
def test_dialog_about_nothing_is_not_found(ask, run, key):
    with pytest.raises(Http404):
        ask("stop", key, reason="Enough")


def test_dialog_about_what_the_admin_hides_from_the_user_is_not_found(ask, run, jobs, monkeypatch):
    monkeypatch.setattr(jobs, "get_queryset", lambda request: JobRun.objects.none())
    with pytest.raises(Http404):
        ask("stop", run.pk, reason="Enough")
    assert JobRun.objects.get().status == RUNNING


def test_dialog_needs_the_permission_before_it_looks(ask, run, make_clerk):
    for key in (run.pk, "999999"):
        with pytest.raises(PermissionDenied):
            ask("stop", key, by=make_clerk("backoffice.view_jobrun"), reason="Enough")
    assert JobRun.objects.get().status == RUNNING


def test_buttons_stand_where_they_fit_the_object_and_the_user(rf, jobs, run, make_clerk):
    request = rf.get("/")

    def names(user, key=run.pk):
        request.user = user
        return [button.path for button in jobs.get_actions_detail(request, str(key))]

    keeper = make_clerk("backoffice.delete_jobrun")
    namesake = make_clerk("backoffice.delete_jobrun", username="fold")
    assert names(keeper) == ["stop"]
    assert names(namesake) == ["stop", "forget"]
    assert names(make_clerk()) == []
    assert names(keeper, key=999999) == []
    run.status = FAILED
    run.save()
    assert names(keeper) == []


@pytest.mark.parametrize("error", [TableRefused, UploadGone])
def test_whatever_a_person_can_act_on_is_a_refusal(error):
    assert issubclass(error, Refusal)
