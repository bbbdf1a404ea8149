import pytest
from django.urls import reverse

from backoffice import mails
from backoffice.mailing.home import list_tasks
from backoffice.mailing.kinds import PASSWORD_LINK
from backoffice.models import Mail
from tests.factories import make_user

pytestmark = pytest.mark.django_db

LIST = reverse("admin:backoffice_mail_changelist")


@pytest.fixture
def otto(client, make_clerk):
    user = make_clerk("backoffice.view_mail", username="otto")
    client.force_login(user)
    return user


def send(subject="News", *, to="ada@example.org", **details):
    mails.send_mails(mails.write_mails(subject, "Read <on>.", to=[to], **details), about="news")
    return Mail.objects.latest("pk")


def fail(row):
    Mail.objects.filter(pk=row.pk).update(
        state="failed", sent_at=None, try_after=None, reason="550 No such mailbox"
    )


def page_of(row):
    return reverse("admin:backoffice_mail_change", args=[row.pk])


def test_auditor_finds_a_mail_by_person_kind_day_and_state(client, otto):
    make_user("ada", email="ada@example.org", first_name="Ada", last_name="Lovelace")
    row = send()
    send("Your password", to="bea@example.org", kind=PASSWORD_LINK)
    fail(row)
    day = row.made_at.date().isoformat()
    for query in (
        {"q": "ada"}, {"q": "Lovelace"}, {"kind": "other"}, {"state__exact": "failed"},
        {"made_at_from": day, "made_at_to": day, "q": "News"},
    ):  # fmt: skip
        text = client.get(LIST, query).text
        assert "News" in text, query
        assert "Your password" not in text, query
    assert "News" not in client.get(LIST, {"made_at_from": "2099-01-01"}).text


def test_page_of_a_mail_shows_its_text_and_why_it_failed(client, otto):
    row = send()
    fail(row)
    text = client.get(page_of(row)).text
    assert "Read &lt;on&gt;." in text
    assert "550 No such mailbox" in text


def test_page_of_a_mail_with_a_secret_says_so(client, otto):
    row = send(kind=PASSWORD_LINK, is_secret=True)
    text = client.get(page_of(row)).text
    assert "Not kept: it held a link to a password" in text
    assert "Read" not in text


def test_superuser_sends_a_failed_mail_again_and_nobody_else(client, otto):
    row = send()
    fail(row)
    url = reverse("admin:backoffice_mail_send_again", args=[row.pk])
    assert client.post(url, {}).status_code == 403
    client.force_login(make_user("root", is_superuser=True))
    client.get(url)
    row.refresh_from_db()
    assert row.state == "failed"
    client.post(url, {"_form_submitted": "True"})
    row.refresh_from_db()
    assert (row.state, row.tries) == ("waiting", 0)


def test_home_tells_of_mails_that_failed_and_of_a_server_that_takes_none(otto):
    fail(send())
    Mail.objects.filter(pk=send().pk).update(state="waiting", sent_at=None, tries=2)
    assert [task["text"] for task in list_tasks(otto)] == [
        "1 mail could not be sent: see why, and tell the people yourself",
        "1 mail wait, because the mail server did not take them",
    ]
    assert [*list_tasks(make_user())] == []


@pytest.mark.thorough
def test_list_takes_as_many_queries_for_twenty_mails(client, otto, django_assert_max_num_queries):
    for number in range(20):
        make_user(f"reader{number}", email=f"reader{number}@example.org")
        send(to=f"reader{number}@example.org")
    with django_assert_max_num_queries(12):
        client.get(LIST)
