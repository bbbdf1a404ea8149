import datetime as dt
import logging

import pytest
from django.conf import settings
from django.core import mail
from django.core.management import CommandError, call_command

from backoffice.jobs import run_job
from backoffice.models import MailChoice
from tests.factories import make_blog, make_user
from weblog.errors import TransitionNotAllowed
from weblog.models import Blog, NewText
from weblog.publishing import new_texts
from weblog.publishing.new_texts import go_live, publish_new_text
from weblog.publishing.schedule import publish_due_texts
from weblog.publishing.workflow import archive_blog

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
DUE = dt.datetime(2026, 11, 22, 8, 30, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(NOW, tick=False)
    return time_machine


@pytest.fixture
def schedule(clock, edith):
    """Return a function that has a new text approved, to go live when it is due."""

    def schedule(title="As it was", at=DUE, **values):
        blog = make_blog(title=title, body="<p>Old.</p>", **values)
        text = NewText.objects.create(
            blog=blog, title="As it is", body="<p>New.</p>", status="in_review",
            created_by=blog.author,
        )  # fmt: skip
        text = publish_new_text(new_text=text, by=edith, at=at)
        clock.shift(60)
        return text

    return schedule


def read(text):
    text.refresh_from_db()
    text.blog.refresh_from_db()
    return text.status, text.blog.title


def test_text_goes_live_in_the_name_of_whoever_approved_it(schedule, edith):
    text = schedule()
    assert publish_due_texts(at=DUE - dt.timedelta(microseconds=1)) == (0, 0, 0)
    assert read(text) == ("scheduled", "As it was")
    assert publish_due_texts(at=DUE) == (1, 0, 0)
    assert read(text) == ("published", "As it is")
    step, live = text.history.latest(), text.blog.history.latest()
    assert (step.history_user, live.history_user) == (edith, edith)
    assert step.history_change_reason == "Went live at the time that was set, 22 Nov 2026, 09:30"
    assert live.history_change_reason == (
        "New text went live at the time that was set, 22 Nov 2026, 09:30, by "
        f"{text.created_by_name}"
    )


def test_second_run_changes_nothing(schedule):
    text = schedule()
    publish_due_texts(at=DUE)
    versions = text.history.count(), text.blog.history.count()
    assert publish_due_texts(at=DUE) == (0, 0, 0)
    assert (text.history.count(), text.blog.history.count()) == versions


def test_run_that_is_slower_than_another_leaves_the_text_alone(schedule, monkeypatch):
    text = schedule()
    stale = NewText.objects.get(pk=text.pk)
    go_live(new_text=text, at=DUE)
    with pytest.raises(TransitionNotAllowed):
        go_live(new_text=stale, at=DUE)
    monkeypatch.setattr(NewText.objects, "due", lambda at: NewText.objects.all())
    assert publish_due_texts(at=DUE) == (0, 0, 0)


def test_text_that_got_a_later_time_meanwhile_waits_for_it(schedule):
    text = schedule(at=DUE + dt.timedelta(hours=1))
    with pytest.raises(TransitionNotAllowed):
        go_live(new_text=text, at=DUE)
    assert read(text) == ("scheduled", "As it was")


def change_live_text(text, edith):
    text.blog.title = "Put right live"
    text.blog.save()


def archive(text, edith):
    archive_blog(blog=text.blog, by=make_user())


def take_right(text, edith):
    edith.groups.clear()


def deactivate(text, edith):
    edith.is_active = False
    edith.save()


def give_to_approver(text, edith):
    text.blog.author = edith
    text.blog.save()


@pytest.mark.parametrize(
    ("happen", "why"),
    [
        (change_live_text, "the live text was changed after the approval"),
        (archive, "the blog is not published any more"),
        (take_right, "Edith Hartmann, who approved it, may not publish any more"),
        (deactivate, "Edith Hartmann, who approved it, may not publish any more"),
        (give_to_approver, "Edith Hartmann, who approved it, is now one of the blog’s authors"),
    ],
)
def test_what_no_longer_stands_goes_back_to_review_and_overwrites_nothing(
    schedule, edith, happen, why
):
    text = schedule()
    happen(text, edith)
    before = Blog.objects.values().get()
    assert publish_due_texts(at=DUE) == (0, 1, 0)
    assert Blog.objects.values().get() == before
    text.refresh_from_db()
    assert (text.status, text.publish_at, text.approved_by) == ("in_review", None, None)
    step = text.history.latest()
    assert step.history_user is None
    assert step.history_change_reason == (
        f"Back in review: it did not go live on 22 Nov 2026, 09:30, because {why}"
    )


def test_change_that_is_not_of_the_text_stops_nothing(schedule):
    text = schedule()
    text.blog.slug = "elsewhere"
    text.blog.save()
    assert publish_due_texts(at=DUE) == (1, 0, 0)


def test_live_text_that_was_changed_before_the_approval_stops_nothing(clock, edith):
    blog = make_blog(title="As it was")
    text = NewText.objects.create(
        blog=blog, title="As it is", body=blog.body, status="in_review", created_by=blog.author
    )
    clock.shift(60)
    blog.title = "Put right live"
    blog.save()
    clock.shift(60)
    publish_new_text(new_text=text, by=edith, at=DUE)
    assert publish_due_texts(at=DUE) == (1, 0, 0)


@pytest.mark.parametrize("wants_mail", [True, False])
def test_approver_gets_a_mail_of_what_went_back(
    schedule, edith, wants_mail, django_capture_on_commit_callbacks
):
    how = "at_once" if wants_mail else "off"
    MailChoice.objects.create(person=edith, kind="weblog.review", how=how)
    text = schedule(title="Paper")
    change_live_text(text, edith)
    with django_capture_on_commit_callbacks(execute=True):
        publish_due_texts(at=DUE)
    if not wants_mail:
        assert mail.outbox == []
        return
    (message,) = mail.outbox
    assert message.to == ["edith@example.org"]
    assert message.subject == "Did not go live: New text of Put right live"
    assert "22 Nov 2026, 09:30 did not: the live text was changed after" in message.body
    assert f"/admin/weblog/newtext/{text.pk}/change/" in message.body


def test_bad_text_stops_no_other_and_fails_the_command(schedule, clock, monkeypatch, caplog):
    bad, good = schedule(title="Bad"), schedule(title="Good", at=DUE + dt.timedelta(seconds=1))
    put_text = new_texts.set_text

    def fail(blog, text):
        put_text(blog, text)
        if blog.pk == bad.blog_id:
            blog.save()
            raise RuntimeError("a disk that is full")

    monkeypatch.setattr(new_texts, "set_text", fail)
    clock.move_to(DUE + dt.timedelta(minutes=4), tick=False)
    with caplog.at_level(logging.ERROR), pytest.raises(CommandError, match=r"1 failed\. The log"):
        call_command("publish_new_texts")
    assert "a disk that is full" in caplog.text
    assert (read(bad), read(good)) == (("scheduled", "Bad"), ("published", "As it is"))
    monkeypatch.undo()
    call_command("publish_new_texts", verbosity=0)
    assert read(bad) == ("published", "As it is")


def test_cron_runs_it_every_five_minutes(schedule, clock):
    assert settings.CRONJOBS[0] == (
        "*/5 * * * *",
        "backoffice.jobs.run_job",
        ["publish_new_texts"],
    )
    schedule()
    clock.move_to(DUE, tick=False)
    run = run_job("publish_new_texts")
    assert run.output == "New texts: 1 went live, 0 went back to review, 0 failed."
