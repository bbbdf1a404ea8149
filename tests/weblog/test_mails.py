import datetime as dt
import logging

import pytest
from django.core import mail

from backoffice.models import MailChoice
from tests.factories import make_blog, make_user
from weblog.models import NewText
from weblog.publishing.new_texts import publish_new_text, return_new_text, submit_new_text
from weblog.publishing.workflow import (
    publish_blog,
    return_to_author,
    submit_for_review,
    unpublish_blog,
)

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def ada(author):
    author.first_name, author.last_name, author.email = "Ada", "Lindqvist", "ada@example.org"
    author.save()
    return author


@pytest.fixture
def sent(django_capture_on_commit_callbacks):
    """Return a function that acts, and returns the mails that were sent after the commit."""

    def sent(act, **details):
        with django_capture_on_commit_callbacks(execute=True):
            act(**details)
        return mail.outbox

    return sent


def make_text(blog, status):
    return NewText.objects.create(
        blog=blog, title="New", body="<p>n</p>", created_by=blog.author, status=status
    )


def test_editors_are_asked_to_review(ada, edith, sent):
    blog = make_blog(author=ada, title="Paper", status="draft")
    (message,) = sent(submit_for_review, blog=blog, by=ada)
    assert (message.to, message.subject) == (["edith@example.org"], "Waits for review: Paper")
    assert message.body.startswith("Ada Lindqvist has submitted a blog for review.")
    assert f"http://testserver/admin/weblog/blog/{blog.pk}/change/" in message.body
    assert "http://testserver/admin/mails/" in message.body


def test_review_mail_repeats_what_was_asked(ada, edith, sent):
    blog = make_blog(author=ada, status="draft", review_comment="Name the source.")
    (message,) = sent(submit_for_review, blog=blog, by=ada)
    assert "It was returned before, with this comment:\n\nName the source." in message.body


def test_editors_are_asked_to_review_a_new_text(ada, edith, sent):
    text = make_text(make_blog(author=ada, title="Paper"), "draft")
    (message,) = sent(submit_new_text, new_text=text, by=ada)
    assert message.subject == "Waits for review: New text of Paper"
    assert "The old text stays live until the new one is published." in message.body
    assert f"/admin/weblog/newtext/{text.pk}/change/" in message.body


def test_author_hears_what_was_asked(ada, edith, sent):
    blog = make_blog(author=ada, title="Paper", status="in_review")
    (message,) = sent(return_to_author, blog=blog, by=edith, comment="Shorten <it> & go.")
    assert (message.to, message.subject) == (["ada@example.org"], "Came back to you: Paper")
    assert "What Edith Hartmann asks for:\n\nShorten <it> & go." in message.body


def test_author_hears_of_a_returned_text_and_of_an_unpublished_blog(ada, edith, sent):
    text = make_text(make_blog(author=ada), "in_review")
    (message,) = sent(return_new_text, new_text=text, by=edith, comment="No.")
    assert "The old text stays live." in message.body
    sent(unpublish_blog, blog=make_blog(author=ada), by=edith, reason="Wrong name.")
    assert "readers don’t find it. What Edith Hartmann asks for:" in mail.outbox[1].body


def test_author_hears_of_the_publication(ada, edith, sent):
    blog = make_blog(author=ada, title="Paper", status="in_review")
    (message,) = sent(publish_blog, blog=blog, by=edith)
    assert (message.to, message.subject) == (["ada@example.org"], "Published: Paper")
    assert "Readers find it now." in message.body


def test_author_hears_when_the_blog_goes_live(ada, edith, sent):
    blog = make_blog(author=ada, title="Paper", status="in_review")
    at = dt.datetime(2030, 3, 1, 8, 30, tzinfo=dt.UTC)
    (message,) = sent(publish_blog, blog=blog, by=edith, at=at)
    assert message.subject == "Will be published: Paper"
    assert "Readers find it from 1 Mar 2030, 09:30 on." in message.body


def test_author_hears_of_a_published_text(ada, edith, sent):
    text = make_text(make_blog(author=ada), "in_review")
    (message,) = sent(publish_new_text, new_text=text, by=edith)
    assert "It has taken the place of the old one." in message.body


def test_author_hears_when_a_new_text_goes_live(ada, edith, sent):
    text = make_text(make_blog(author=ada), "in_review")
    at = dt.datetime(2030, 3, 1, 8, 30, tzinfo=dt.UTC)
    (message,) = sent(publish_new_text, new_text=text, by=edith, at=at)
    assert message.subject.startswith("Will be published: New text of")
    assert "It takes the place of the old one on 1 Mar 2030, 09:30." in message.body


@pytest.mark.parametrize(
    ("kind", "act", "status", "details"),
    [
        ("weblog.review", submit_for_review, "draft", {}),
        ("weblog.returned", return_to_author, "in_review", {"comment": "No."}),
        ("weblog.published", publish_blog, "in_review", {}),
    ],
)
def test_each_person_can_switch_a_mail_off(ada, edith, sent, kind, act, status, details):
    for user in (ada, edith):
        MailChoice.objects.create(person=user, kind=kind, how="off")
    by = ada if act is submit_for_review else edith
    assert sent(act, blog=make_blog(author=ada, status=status), by=by, **details) == []


@pytest.mark.parametrize("values", [{"is_active": False}, {"email": ""}])
def test_nobody_is_written_to_who_left_or_has_no_address(ada, edith, sent, values):
    for name, value in values.items():
        setattr(edith, name, value)
    edith.save()
    assert sent(submit_for_review, blog=make_blog(author=ada, status="draft"), by=ada) == []


def test_author_who_is_an_editor_is_not_asked_to_review_their_own(edith, sent, settings):
    blog = make_blog(author=edith, status="draft")
    assert sent(submit_for_review, blog=blog, by=make_user()) == []
    settings.PUBLISH_OWN_BLOGS = True
    blog = make_blog(author=edith, status="draft")
    assert len(sent(submit_for_review, blog=blog, by=make_user())) == 1


def test_nothing_is_sent_before_the_step_is_committed(ada, edith):
    submit_for_review(blog=make_blog(author=ada, status="draft"), by=ada)
    assert mail.outbox == []


def test_line_break_in_a_title_stops_no_mail(ada, edith, sent):
    blog = make_blog(author=ada, title="Paper\nBcc: all@example.org", status="draft")
    (message,) = sent(submit_for_review, blog=blog, by=ada)
    assert message.subject == "Waits for review: Paper Bcc: all@example.org"
    assert message.recipients() == ["edith@example.org"]


def test_mail_server_that_fails_is_logged_and_stops_nothing(ada, edith, sent, monkeypatch, caplog):
    def fail(self, **kwargs):
        raise ConnectionRefusedError("no mail server")

    monkeypatch.setattr("django.core.mail.EmailMessage.send", fail)
    blog = make_blog(author=ada, status="draft")
    with caplog.at_level(logging.ERROR):
        sent(submit_for_review, blog=blog, by=ada)
    blog.refresh_from_db()
    assert blog.status == "in_review"
    assert "no mail server" in caplog.text
