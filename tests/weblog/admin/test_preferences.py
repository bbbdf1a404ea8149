import pytest

from tests.factories import make_user
from weblog.models import MailPreference

pytestmark = pytest.mark.django_db

PAGE = "/admin/mails/"


def test_person_without_a_choice_gets_all_mails(client, editor):
    client.force_login(editor)
    form = client.get(PAGE).context["form"]
    assert {name: form[name].value() for name in form.fields} == {
        "on_submit": True,
        "on_return": True,
        "on_publish": True,
    }


def test_choice_is_kept_for_the_person_alone(client, editor):
    client.force_login(editor)
    assert client.post(PAGE, {"on_submit": "on"}).status_code == 302
    preference = MailPreference.objects.get()
    assert (preference.user, preference.on_submit) == (editor, True)
    assert (preference.on_return, preference.on_publish) == (False, False)
    client.post(PAGE, {"on_return": "on", "user": make_user().pk})
    preference = MailPreference.objects.get()
    assert (preference.user, preference.on_submit, preference.on_return) == (editor, False, True)


def test_author_is_not_asked_about_mails_to_editors(client, author):
    client.force_login(author)
    assert list(client.get(PAGE).context["form"].fields) == ["on_return", "on_publish"]
    client.post(PAGE, {})
    assert MailPreference.objects.get().on_submit is True


def test_who_gets_no_mails_is_told_so(client, auditor):
    client.force_login(auditor)
    assert "No mails come to you from here" in client.get(PAGE).content.decode()


def test_looking_stores_nothing(client, editor):
    client.force_login(editor)
    client.get(PAGE)
    assert not MailPreference.objects.exists()


def test_choice_needs_the_token(client, editor):
    client.handler.enforce_csrf_checks = True
    client.force_login(editor)
    assert client.post(PAGE, {}).status_code == 403


def test_page_stands_under_ones_own_name(client, author):
    client.force_login(author)
    page = client.get("/admin/").content.decode()
    assert f'href="{PAGE}"' in page
    assert 'href="/admin/password_change/"' in page


def test_person_without_an_address_is_told_so(client, author):
    client.force_login(author)
    assert "Your account has no mail address" in client.get(PAGE).content.decode()
