"""Messages of the broker: only this house makes them, and each house's machine reads its own."""

import json

import pytest
from django.utils import timezone

from billing.counting.spool import _digest, write_line
from billing.counting.stream.intake import Message, take_in
from billing.counting.stream.messages import (
    NotReadableHere,
    NotSigned,
    _sign,
    read_message,
    write_message,
)
from billing.counting.stream.numbers import Numbered
from billing.models import BlogView, LostViewTotal, StreamPosition
from tests.billing.counting.spooled import DAY, make_view
from tests.factories import make_blog

NUMBERED = Numbered("web", 1)


def write(number=1, **values):
    return write_message(make_view(number, **values), "abcd1234", Numbered("web", number))


@pytest.mark.any_database
def test_message_gives_back_the_view():
    assert read_message(write()) == (make_view(), "abcd1234", NUMBERED)


@pytest.mark.any_database
def test_message_of_before_a_rotation_and_after_it_is_read(settings):
    old, before = settings.SECRET_KEY, write()
    settings.SECRET_KEY = "another-key"
    after = write()
    with pytest.raises(NotReadableHere, match="another SECRET_KEY"):
        read_message(before)
    settings.SECRET_KEY_FALLBACKS = [old]
    assert read_message(before) == read_message(after)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = old, []
    with pytest.raises(NotReadableHere, match="Restart"):  # a consumer that was not restarted yet
        read_message(after)


@pytest.mark.any_database
def test_message_that_somebody_else_made_or_changed_is_refused():
    message = write()
    name, mark, _ = message.split(b" ", 2)
    forged = write_line(make_view(blog_id=2), "abcd1234", NUMBERED)
    for text in [forged, b"nonsense", b"", b" ".join([name, mark, forged]), message[:-9]]:
        with pytest.raises(NotSigned):
            read_message(text)
    for at in range(17, len(message), 7):
        with pytest.raises(NotSigned):
            read_message(message[:at] + bytes([message[at] ^ 1]) + message[at + 1 :])


@pytest.mark.any_database
def test_signed_line_without_a_number_is_refused(settings):
    line = write_line(make_view(), "abcd1234")
    name = write().split(b" ")[0]
    with pytest.raises(NotSigned):
        read_message(b" ".join([name, _sign(line, settings.SECRET_KEY), line]))


def write_newer(settings):
    facts = json.loads(write().split(b" ", 3)[3]) | {"page_id": 1}
    text = json.dumps(facts).encode()
    line = _digest(text) + b" " + text + b"\n"
    return b" ".join([write().split(b" ")[0], _sign(line, settings.SECRET_KEY), line])


@pytest.mark.django_db
def test_message_of_another_version_keeps_no_other_out(settings):
    blog = make_blog()
    facts = {"blog_id": blog.pk, "author_id": blog.author_id, "category_id": blog.category_id}
    messages = [
        Message(1, write(1, **facts), DAY),
        Message(2, write_newer(settings), DAY),
        Message(3, write(3, **facts), DAY),
    ]
    taken = take_in(messages, stream="VIEWS", at=timezone.now())
    assert taken.new == BlogView.objects.count() == 2
    assert list(taken.unread) == [2]
    assert "another version" in taken.unread[2]
    assert taken.unread[2].endswith("Update this machine")
    assert StreamPosition.objects.get().taken_in == [[1, 1], [3, 3]]
    assert not LostViewTotal.objects.exists()


@pytest.mark.django_db
def test_message_that_comes_twice_at_once_is_one_loss_and_told_once(
    django_capture_on_commit_callbacks, mailoutbox, settings
):
    settings.ADMINS = ["admin@example.com"]
    for sequence in (7, 7, 8):
        messages = [Message(sequence, b"nonsense", DAY)] * 2
        with django_capture_on_commit_callbacks(execute=True):
            take_in(messages, stream="VIEWS", at=timezone.now())
    row = LostViewTotal.objects.get()
    assert (row.reason, row.views) == ("not_signed", 2)
    [mail] = mailoutbox
    assert "Views were lost" in mail.subject
    assert "no machine of this house signed" in mail.body
