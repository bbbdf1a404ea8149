"""Every naughty string in what people tell each other: new texts, comments, mails, imports.

On each page stand all strings in summaries, bodies, comments and reasons; of titles and names,
which are short, each page has others, until all had their turn.
"""

import csv
import datetime as dt
import io
import itertools

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from backoffice.import_pages import SHOWN
from tests.factories import make_blog, make_category, make_user
from tests.weblog.naughty import PLAIN, Danger, cut
from tests.weblog.posts import make_ghost
from weblog import mails
from weblog.models import Blog, Category, NewText
from weblog.publishing import workflow
from weblog.publishing.new_texts import start_new_text

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.any_database,
    pytest.mark.slow,
    pytest.mark.thorough,
]

Status = NewText.Status


@pytest.fixture
def author(groups):
    return make_user(groups=["Authors"], first_name=PLAIN)


@pytest.fixture
def co_author(groups):
    return make_user(groups=["Authors"], first_name=PLAIN)


@pytest.fixture
def blogs(author, co_author, editor):
    """A returned blog, one in review again, and live ones with a new text in each status."""
    category = make_category(PLAIN)
    values = {"author": author, "category": category, "title": PLAIN, "summary": PLAIN}
    statuses = [Blog.Status.IN_REVIEW] * 2 + [Blog.Status.PUBLISHED] * len(Status)
    blogs = [make_blog(status=status, body=f"<p>{PLAIN}</p>", **values) for status in statuses]
    for blog in blogs:
        blog.co_authors.add(co_author)
    for blog in blogs[:2]:
        workflow.return_to_author(blog=blog, by=editor, comment=PLAIN)
    workflow.submit_for_review(blog=blogs[1], by=author)
    for blog, status in zip(blogs[2:], Status, strict=True):
        text = start_new_text(blog=blog, by=author)
        text.status, text.review_comment = status, PLAIN
        text.approved_by, text.publish_at = editor, timezone.now() + dt.timedelta(days=1)
        text.save()
    for blog in blogs:  # the live text is another by now
        blog.refresh_from_db()
        blog.summary += "!"
        blog.save()
    return blogs


def fill(strings):
    """Put all strings into every long text, and into the latest version of each history."""
    text = "\n".join(strings)
    texts = {"summary": text, "body": "".join(f"<p>{string}</p>" for string in strings)}
    for model in (Blog, NewText):
        model.objects.update(**texts, review_comment=text)
        latest = list(model.history.latest_of_each().values_list("pk", flat=True))
        model.history.filter(pk__in=latest).update(**texts, history_change_reason=text)


def fill_short(text):
    """Put a few strings into the titles and names, which all pages show."""
    for rows in (Blog.objects, Blog.history, NewText.objects, NewText.history):
        rows.update(title=text)
    Category.objects.update(name=text[:100])
    User.objects.update(first_name=text[:150])


def list_pages(blogs):
    returned, again, *live = (blog.pk for blog in blogs)
    texts = {text.status: text.pk for text in NewText.objects.all()}
    pages = [
        ("index", []),
        ("backoffice_audittrail_changelist", []),
        ("weblog_review_changelist", []),
        ("weblog_blog_changelist", []),
        ("weblog_newtext_changelist", []),
        *(("weblog_blog_change", [pk]) for pk in (returned, again, *live[:3])),
        *(("weblog_newtext_change", [pk]) for pk in texts.values()),
        ("weblog_newtext_preview", [texts[Status.SCHEDULED]]),
        ("weblog_newtext_history", [texts[Status.SCHEDULED]]),
        # Dialogs: one tells what was changed in the live text meanwhile, one the earlier texts.
        ("weblog_newtext_publish", [texts[Status.IN_REVIEW]]),
        ("weblog_blog_restore", [returned]),
    ]
    return [reverse(f"admin:{name}", args=args) for name, args in pages]


def look(client, url):
    response = client.get(url)
    return response.status_code, Danger(response.text).found


@pytest.mark.parametrize("role", ["author", "co_author", "editor", "auditor"])
def test_nothing_runs_in_a_review(client, request, blogs, strings, role):
    client.force_login(request.getfixturevalue(role))
    plain = {url: look(client, url) for url in list_pages(blogs)}
    assert {200} <= {status for status, _ in plain.values()} <= {200, 403}
    fill(strings)
    titles = list(cut(strings, 95))
    # Each role begins with others.
    turns = itertools.cycle(titles[len(role) * 19 :] + titles)
    for url, expected in plain.items():
        fill_short(next(turns))
        assert (url, look(client, url)) == (url, expected)


def test_nothing_runs_in_the_question_before_a_bulk_action(client, editor, blogs, strings):
    client.force_login(editor)
    url = reverse("admin:weblog_blog_changelist")
    question = {"action": "archive_chosen", "_selected_action": [blog.pk for blog in blogs]}
    plain = Danger(client.post(url, question).text).found
    for title in list(cut(strings, 195))[::10]:
        fill_short(title)
        assert Danger(client.post(url, question).text).found == plain


def test_nothing_runs_in_what_two_people_changed(client, editor, blogs, strings):
    client.force_login(editor)
    blog = blogs[0]
    url = reverse("admin:weblog_blog_change", args=[blog.pk])

    def save_late(title, body):
        values = {"title": title, "slug": blog.slug, "category": blog.category_id}
        values |= {"author": blog.author_id, "body": body, "version": "2026-01-02T03:04:05Z"}
        response = client.post(url, values)
        assert "What you both changed" in response.text
        return Danger(response.text).found

    plain = save_late("Other words", "<p>Other words</p>")
    fill(strings[::-1])
    body = "".join(f"<p>{string}</p>" for string in strings)
    for title in list(cut(strings, 195))[::20]:
        assert save_late(title, body) == plain


def test_mails_hold_it_as_text(author, editor, blogs, strings, django_capture_on_commit_callbacks):
    User.objects.update(email="somebody@example.com")
    text = NewText.objects.select_related("blog").get(status=Status.SCHEDULED)
    pieces = list(cut(strings, 195))
    with django_capture_on_commit_callbacks(execute=True):
        for piece in pieces:
            text.title = text.blog.title = text.review_comment = piece
            mails.mail_returned(text, by=editor)
            mails.mail_stopped(text, approver=editor, moment="noon", obstacle=piece)
    assert len(mail.outbox) == 2 * len(pieces)
    for message in mail.outbox:
        assert len(message.subject.splitlines()) == 1
        assert [part.get_content_type() for part in message.message().walk()] == [
            "multipart/alternative", "text/plain", "text/html",
        ]  # fmt: skip


@pytest.fixture
def upload(client, editor, settings, tmp_path):
    """Return a function that looks at a file on an import page, and tells of the preview."""
    settings.UPLOAD_DIR = tmp_path / "uploads"
    client.force_login(editor)

    def upload(page, name, content):
        file = SimpleUploadedFile(name, content)
        return client.post(reverse(page), {"step": "preview", "file": file})

    return upload


def make_csv(*rows):
    file = io.StringIO()
    columns = ["slug", "author", "category", "title", "summary", "body"]
    csv.writer(file).writerows([columns, *rows])
    return file.getvalue().encode()


def test_nothing_runs_in_the_preview_of_a_table(upload, author, strings):
    category = make_category(PLAIN)
    texts = list(cut(strings, 190))
    rows = [
        (f"naughty-{number}", author.username, category.slug, text, text, text)
        for number, text in enumerate([PLAIN, *texts])
    ]
    url = "admin:weblog_blog_import"
    expected = Danger(upload(url, "blogs.csv", make_csv(rows[0])).text).found
    for shown in itertools.batched(rows[1:], SHOWN):
        response = upload(url, "blogs.csv", make_csv(*shown))
        assert len(response.context["rows"]) == len(shown)
        assert Danger(response.text).found == expected


def test_nothing_runs_in_what_is_wrong_with_a_table(upload, author, strings):
    """The message names a category that does not exist."""
    rows = [
        (f"naughty-{number}", author.username, text, PLAIN, "", "")
        for number, text in enumerate([PLAIN, *cut(strings, 420)])
    ]
    url = "admin:weblog_blog_import"
    expected = Danger(upload(url, "blogs.csv", make_csv(rows[0])).text).found
    response = upload(url, "blogs.csv", make_csv(*rows[1 : SHOWN + 1]))
    assert len(response.context["problems"]) == len(rows) - 1 <= SHOWN
    assert Danger(response.text).found == expected


def make_export(texts, **post):
    """A post of each text, by an author of that name, under a tag of that name."""
    tables = {"users": [], "tags": [], "posts_tags": []}
    posts = []
    for number, text in enumerate(texts, start=1):
        person = {"id": number, "slug": text, "name": text, "email": text}
        tables["users"].append(person)
        tables["tags"].append({"id": number, "name": text})
        tables["posts_tags"].append({"post_id": str(number), "tag_id": number})
        posts.append({"title": text, "html": text, "author_id": number} | post)
    return make_ghost(*posts, **tables)


@pytest.mark.parametrize("post", [{}, {"status": "odd"}], ids=["right", "wrong"])
def test_nothing_runs_in_the_preview_of_posts(upload, strings, post):
    url, texts = "admin:weblog_blog_import_posts", list(cut(strings, 140))
    expected = Danger(upload(url, "ghost.json", make_export([PLAIN], **post)).text).found
    response = upload(url, "ghost.json", make_export(texts, **post))
    assert response.context["may_import"] is not bool(post)
    assert Danger(response.text).found == expected
