import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.factories import make_blog, make_user
from tests.weblog.picture_files import make_file
from weblog.models import Blog, Picture
from weblog.pictures.preparing import encode_picture

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

ADD = reverse("admin:weblog_picture_add")
CHANGELIST = reverse("admin:weblog_picture_changelist")
UPLOAD = reverse("admin:weblog_picture_upload")
LIBRARY = reverse("admin:weblog_picture_library")
FETCH = reverse("admin:weblog_picture_fetch")


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def upload(client, **values):
    return client.post(UPLOAD, {"file": make_file(), "alt_text": "A red flag"} | values)


def make_picture(client, user, **values):
    client.force_login(user)
    assert upload(client, **values).status_code == 200
    return Picture.objects.first()


@pytest.mark.parametrize("role", ["author", "editor"])
def test_editor_is_answered_with_what_it_has_to_insert(client, request, role):
    user = request.getfixturevalue(role)
    picture = make_picture(client, user)
    answer = upload(client).json()
    assert answer.pop("url") == Picture.objects.get(pk=answer.pop("id")).file.url
    assert answer == {"alt": "A red flag", "width": 60, "height": 40}
    assert (picture.alt_text, picture.uploaded_by) == ("A red flag", user)


def test_picture_goes_from_the_upload_into_the_text_and_to_readers(client, editor):
    client.force_login(editor)
    url = upload(client).json()["url"]
    blog = make_blog(body=f'<p>A</p><figure><img src="{url}" alt="A red flag"></figure>')
    page = client.get(blog.get_absolute_url()).content.decode()
    assert f'src="{url}"' in page
    served = client.get(url)
    assert (served.status_code, served["Content-Type"]) == (200, "image/png")
    served.close()


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"alt_text": ""}, "This field is required."),
        ({"alt_text": "   "}, "This field is required."),
        ({"alt_text": "x" * 301}, "at most 300 characters"),
        ({"file": ""}, "This field is required."),
        ({"file": make_file("GIF")}, "Save it as JPEG, PNG or WebP"),
    ],
)
def test_upload_is_refused_with_words(client, author, media, values, reason):
    client.force_login(author)
    response = upload(client, **values)
    assert response.status_code == 400
    assert reason in response.json()["error"]
    assert not Picture.objects.exists()
    assert not any(media.iterdir())


def test_picture_that_was_pasted_is_fetched_and_kept(client, author, monkeypatch):
    asked = []

    def fetch_file(address):
        asked.append(address)
        return encode_picture(make_file())

    monkeypatch.setattr("weblog.admin.forms.fetch_file", fetch_file)
    client.force_login(author)
    values = {"address": "https://pictures.example/a.png", "alt_text": "A flag"}
    answer = client.post(FETCH, values)
    stored = Picture.objects.get()
    facts = {"id": stored.pk, "url": stored.file.url, "alt": "A flag"}
    assert answer.json() == facts | {"width": 60, "height": 40}
    assert (stored.uploaded_by, stored.file.name[-4:]) == (author, ".png")
    assert client.post(FETCH, values | {"alt_text": ""}).status_code == 400
    assert client.post(FETCH, {"alt_text": "A flag"}).status_code == 400
    assert client.get(FETCH).status_code == 405
    assert asked == ["https://pictures.example/a.png"]


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("http://127.0.0.1/a.png", "private network"),
        ("http://[::1]/a.png", "private network"),
        ("http://169.254.169.254/latest/", "private network"),
        ("file:///etc/passwd", "none of a web page"),
        ("http://pictures.example:8080/a.png", "names a port"),
    ],
)
def test_pasted_picture_of_a_private_address_is_refused_aloud(client, author, address, reason):
    client.force_login(author)
    answer = client.post(FETCH, {"address": address, "alt_text": "A flag"})
    assert (answer.status_code, reason in answer.json()["error"]) == (400, True)
    assert not Picture.objects.exists()


def test_auditors_and_strangers_fetch_nothing(client, auditor, monkeypatch):
    monkeypatch.setattr("weblog.admin.forms.fetch_file", lambda address: 1 / 0)
    values = {"address": "https://pictures.example/a.png", "alt_text": "A flag"}
    assert client.post(FETCH, values).status_code == 302
    client.force_login(auditor)
    assert client.post(FETCH, values).status_code == 403


def test_upload_is_no_get(client, editor):
    client.force_login(editor)
    assert client.get(UPLOAD).status_code == 405


def test_upload_without_its_token_is_refused(editor):
    client = Client(enforce_csrf_checks=True)
    client.force_login(editor)
    assert upload(client).status_code == 403
    assert not Picture.objects.exists()


def test_upload_is_not_for_auditors_and_strangers(client, auditor):
    assert upload(client).status_code == 302
    client.force_login(auditor)
    assert upload(client).status_code == 403
    assert not Picture.objects.exists()


def test_picture_is_added_in_the_admin_and_its_description_changed(client, author):
    client.force_login(author)
    client.post(ADD, {"file": make_file("JPEG", name="a.jpg"), "alt_text": "A flag"})
    picture = Picture.objects.get()
    assert (picture.uploaded_by, picture.file.name[-4:]) == (author, ".jpg")
    url = reverse("admin:weblog_picture_change", args=[picture.pk])
    assert f'src="{picture.file.url}"' in client.get(url).content.decode()
    assert client.post(url, {"alt_text": "B", "file": make_file("PNG")}).status_code == 415
    client.post(url, {"alt_text": "A red flag"})
    changed = Picture.objects.get()
    assert (changed.alt_text, changed.file.name) == ("A red flag", picture.file.name)


@pytest.mark.thorough
def test_form_refuses_what_is_no_picture(client, author):
    client.force_login(author)
    page = client.post(ADD, {"file": make_file("GIF"), "alt_text": "A"}).content.decode()
    assert "Save it as JPEG, PNG or WebP" in page


@pytest.mark.thorough
def test_authors_see_their_own_pictures_and_editors_all(client, author, editor):
    foreign = make_picture(client, make_user(is_superuser=True), alt_text="Foreign one")
    own = make_picture(client, author, alt_text="Own one")
    url = reverse("admin:weblog_picture_change", args=[foreign.pk])
    page = client.get(CHANGELIST).content.decode()
    assert ("Own one" in page, "Foreign one" in page) == (True, False)
    assert client.get(url).status_code == 404
    assert client.post(url, {"alt_text": "Mine"}).status_code == 404
    client.force_login(editor)
    page = client.get(CHANGELIST).content.decode()
    assert ("Own one" in page, "Foreign one" in page) == (True, True)
    assert client.get(reverse("admin:weblog_picture_change", args=[own.pk])).status_code == 200


def test_empty_list_says_what_to_do(client, author):
    client.force_login(author)
    assert "There is no picture yet." in client.get(CHANGELIST).content.decode()


# The library


@pytest.mark.thorough
def test_library_has_ones_own_pictures_and_where_they_are_used(client, author, editor):
    flag = make_picture(client, author, alt_text="A red flag")
    make_picture(client, author, alt_text="A map of the coast")
    make_picture(client, editor, alt_text="Somebody else's flag")
    body = f'<p>A</p><figure><img src="{flag.file.url}" alt="x"></figure>'
    make_blog(title="On flags", author=author, body=body)
    make_blog(title="Of another author", body=body)
    client.force_login(author)
    found = client.get(LIBRARY, {"q": "RÉD “flag”"}).json()
    assert found == {
        "pictures": [
            {"id": flag.pk, "url": flag.file.url, "alt": "A red flag", "width": 60,
             "height": 40, "used": ["On flags"]}
        ],
        "more": False,
    }  # fmt: skip
    every = [picture["alt"] for picture in client.get(LIBRARY).json()["pictures"]]
    assert every == ["A map of the coast", "A red flag"]
    client.force_login(editor)
    assert len(client.get(LIBRARY).json()["pictures"]) == 3
    used = client.get(LIBRARY, {"q": "red"}).json()["pictures"][0]["used"]
    assert used == ["Of another author", "On flags"]
    page = client.get(reverse("admin:weblog_picture_change", args=[flag.pk])).content.decode()
    assert "On flags" in page


def test_library_goes_on_and_leaves_out_what_was_taken_down(
    client, author, django_assert_max_num_queries
):
    values = {"file": "pictures/2026/11/a.png", "width": 1, "height": 1, "uploaded_by": author}
    Picture.objects.bulk_create(
        Picture(alt_text=f"Number {number}", uploaded_at=timezone.now(), **values)
        for number in range(14)
    )
    Picture.objects.create(alt_text="Gone", taken_down_at=timezone.now(), **values)
    client.force_login(author)
    with django_assert_max_num_queries(9):
        first = client.get(LIBRARY).json()
    assert (len(first["pictures"]), first["more"]) == (12, True)
    last = client.get(LIBRARY, {"from": "12"}).json()
    assert (len(last["pictures"]), last["more"]) == (2, False)
    assert client.get(LIBRARY, {"from": "9" * 40}).json() == {"pictures": [], "more": False}
    assert client.get(LIBRARY, {"from": "²"}).json()["more"] is True


def test_library_is_not_for_auditors_and_is_no_post(client, auditor, author):
    client.force_login(auditor)
    assert client.get(LIBRARY).status_code == 403
    client.force_login(author)
    assert client.post(LIBRARY).status_code == 405


# The rich text editor


def test_form_has_the_editor_and_the_question_for_a_picture(client, author):
    client.force_login(author)
    page = client.get(reverse("admin:weblog_blog_add")).content.decode()
    assert "data-editor=" in page
    assert f'data-url="{UPLOAD}"' in page


def test_text_with_more_than_the_editor_knows_is_stored_as_it_came(client, editor):
    body = "<dl><dt>A</dt><dd>1</dd></dl><table><tbody><tr><td>1</td></tr></tbody></table>"
    blog = make_blog(status=Blog.Status.DRAFT, body=body)
    client.force_login(editor)
    url = reverse("admin:weblog_blog_change", args=[blog.pk])
    page = client.get(url).content.decode()
    assert "&lt;dl&gt;&lt;dt&gt;" in page
    values = {name: getattr(blog, name) for name in ("title", "slug", "summary", "body")} | {
        "category": blog.category_id,
        "author": blog.author_id,
        "version": blog.updated_at.isoformat(),
    }
    assert client.post(url, values).status_code == 302
    blog.refresh_from_db()
    assert blog.body == body


def test_scripts_and_styles_of_the_editor_come_from_here(client, editor):
    client.force_login(editor)
    response = client.get(reverse("admin:weblog_blog_add"))
    assert "script-src 'self';" in response["Content-Security-Policy"]
    assert "weblog/editor/start" in response.content.decode()
