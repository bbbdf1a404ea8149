import pytest
from django.core import mail
from django.urls import reverse

from backoffice import mails
from backoffice.mailing.kinds import ACCOUNT, PASSWORD_LINK, MailKind
from backoffice.models import Mail, MailChoice
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

PAGE = "/admin/mails/"
NEWS = MailKind(key="weblog.review", label="blogs", permission="weblog.publish_blog")


@pytest.fixture
def edda(make_clerk):
    user = make_clerk("weblog.publish_blog", username="edda")
    user.email = "edda@example.org"
    user.save()
    return user


def send(kind, *, to="edda@example.org"):
    mails.send_mails(mails.write_mails("News", "Read on.", to=[to], kind=kind), about="news")
    return len(mail.outbox)


def test_address_of_the_page_stays():
    assert reverse("admin:backoffice_own_mails") == PAGE


def test_without_a_choice_mails_come_at_once(edda):
    assert send(NEWS) == 1


def test_mail_that_is_turned_off_is_neither_sent_nor_recorded(edda):
    MailChoice.objects.create(person=edda, kind=NEWS.key, how="off")
    assert send(NEWS) == 0
    assert not Mail.objects.exists()
    assert send(NEWS, to="other@example.org") == 1


def test_mail_for_once_a_day_is_kept_until_then(edda):
    MailChoice.objects.create(person=edda, kind=NEWS.key, how="daily")
    assert send(NEWS) == 0
    assert Mail.objects.get().state == "collected"


def test_security_has_no_choice(edda):
    for kind in (ACCOUNT, PASSWORD_LINK):
        MailChoice.objects.create(person=edda, kind=kind.key, how="off")
    assert (send(ACCOUNT), send(PASSWORD_LINK)) == (1, 2)


def test_page_offers_what_the_person_gets_and_keeps_the_choice(client, edda):
    client.force_login(edda)
    assert list(client.get(PAGE).context["form"].fields) == [NEWS.key]
    assert not MailChoice.objects.exists()
    client.post(PAGE, {NEWS.key: "daily", "account": "off", "person": make_user().pk})
    choice = MailChoice.objects.get()
    assert (choice.person, choice.kind, choice.how) == (edda, NEWS.key, "daily")
    assert client.get(PAGE).context["form"][NEWS.key].value() == "daily"


def test_page_refuses_a_choice_that_there_is_not(client, edda):
    client.force_login(edda)
    assert client.post(PAGE, {NEWS.key: "never"}).status_code == 200
    assert not MailChoice.objects.exists()


def test_choice_needs_the_token(client, edda):
    client.handler.enforce_csrf_checks = True
    client.force_login(edda)
    assert client.post(PAGE, {NEWS.key: "off"}).status_code == 403


def test_person_reads_own_mails_and_nobody_elses(client, edda):
    make_user("otto", email="otto@example.org")
    send(NEWS)
    mails.send_mails(mails.write_mails("For Otto", "x", to=["otto@example.org"]), about="news")
    client.force_login(edda)
    text = client.get(PAGE).text
    assert "Read on." in text
    assert "For Otto" not in text


def test_person_without_an_address_is_told_so(client, make_clerk):
    client.force_login(make_clerk("weblog.publish_blog", username="nora"))
    assert "Your account has no mail address" in client.get(PAGE).text


def test_page_stands_under_ones_own_name(client, edda):
    client.force_login(edda)
    assert f'href="{PAGE}"' in client.get("/admin/").text
