"""Comments on a batch, with files that are told by their content and downloaded, never shown."""

import io
import zipfile
from collections import Counter

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from backoffice.models import SecurityEvent
from backoffice.trail.sources import list_sources
from billing.errors import FileRefused
from billing.models import BatchAttachment, BatchComment, Verification
from billing.payouts.attachments import look_at_file
from billing.payouts.comments import add_comment
from billing.verification.differences import Difference
from billing.verification.exports import check_exports
from tests.billing.batches import AT, make_batch
from tests.billing.pages import url_of
from tests.billing.tampering import change
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

PDF = b"%PDF-1.7\n1 0 obj\nendobj\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(20) + b"IEND\xaeB`\x82"
JPEG = b"\xff\xd8\xff\xe0" + bytes(20) + b"\xff\xd9"


def make_xlsx(*more):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("[Content_Types].xml", "xl/workbook.xml", *more):
            archive.writestr(name, "<x/>")
    return file.getvalue()


def send(client, batch, *files, text="The invoice is beside this", **data):
    uploads = [SimpleUploadedFile(name, content) for name, content in files]
    return client.post(url_of(batch, "comment"), {"text": text, "attachments": uploads} | data)


@pytest.mark.any_database
def test_comment_and_its_file_stand_on_the_page_and_are_downloaded(client, sign_in):
    batch = make_batch()
    finance = sign_in("Finance")
    response = send(client, batch, ("invoice.pdf", PDF))
    assert response.status_code == 302
    file = BatchAttachment.objects.get()
    assert (file.comment.by, file.size, bytes(file.content)) == (finance, len(PDF), PDF)
    sign_in("Auditors")
    page = client.get(url_of(batch)).text
    assert "The invoice is beside this" in page
    assert "invoice.pdf" in page
    url = reverse("admin:billing_payoutbatch_attachment", args=[file.pk])
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url)["Location"] == f"{url_of(batch)}#comments"
    assert not any('"content"' in query["sql"] for query in queries)
    assert not SecurityEvent.objects.filter(kind="file_taken").exists()
    answer = client.post(url)
    noted = SecurityEvent.objects.get(kind="file_taken")
    assert noted.detail == f"invoice.pdf, SHA-256 {file.sha256}"
    assert answer.content == PDF
    assert answer["Content-Disposition"] == 'attachment; filename="invoice.pdf"'
    assert answer["X-Content-Type-Options"] == "nosniff"


@pytest.mark.any_database
@pytest.mark.parametrize("role", ["Authors", "Editors"])
def test_who_does_not_see_the_batch_sees_no_file_of_it(client, sign_in, role):
    comment = add_comment(
        batch=make_batch(), text="See", by=make_user(), at=AT,
        files=[look_at_file(name="a.txt", content=b"a")],
    )  # fmt: skip
    sign_in(role)
    url = reverse("admin:billing_payoutbatch_attachment", args=[comment.attachments.get().pk])
    assert {client.get(url).status_code, client.post(url).status_code} <= {403, 404}


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("name", "content"),
    [("a.pdf", PDF), ("a.PNG", PNG), ("a.jpeg", JPEG), ("a.xlsx", make_xlsx()),
     ("a.csv", b"\xef\xbb\xbfa;b\r\n"), ("a.txt", "Grüße".encode())],
)  # fmt: skip
def test_kinds_that_are_taken(name, content):
    assert look_at_file(name=name, content=content).name == name


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.png", PDF, "is a PDF: name it with .pdf"),
        ("a.pdf", b"MZ\x90\0", "is no PDF"),
        ("a.exe", b"plain", "is a text or CSV file: name it with .csv or .txt"),
        ("a.txt", b"<!DOCTYPE html><script>", "is no PDF"),
        ("a.txt", b"<svg onload=alert(1)>", "is no PDF"),
        ("a.txt", b"a\0b", "is no PDF"),
        ("a.xlsx", make_xlsx("xl/vbaProject.bin"), "is no PDF"),
        ("a.xlsx", b"PK\x03\x04broken", "is no PDF"),
        ("a.pdf", b"%PDF-1.7 cut\0", "is no PDF"),
        ("a.txt", b"", "is empty"),
        ("a.txt", b"x" * 5_000_001, "is larger than 5 MB"),
    ],
)
def test_kinds_that_are_refused(name, content, why):
    with pytest.raises(FileRefused, match=why):
        look_at_file(name=name, content=content)


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("given", "kept"),
    [("../../etc/passwd.txt", "passwd.txt"), ("C:\\x\\a.txt", "a.txt"),
     ('a"\r\nb.txt', "a___b.txt"),
     ("x" * 300 + ".txt", "x" * 110 + ".txt")],
)  # fmt: skip
def test_name_of_a_file_is_made_harmless(given, kept):
    assert look_at_file(name=given, content=b"a").name == kept


@pytest.mark.any_database
def test_refused_file_keeps_what_was_typed_and_stores_nothing(client, sign_in):
    batch = make_batch()
    sign_in("Finance")
    response = send(client, batch, ("a.pdf", PDF), ("b.exe", b"MZ\0"), text="Typed at length")
    assert "is no PDF, PNG, JPEG" in response.text
    assert "Typed at length" in response.text
    assert not BatchComment.objects.exists()


@pytest.mark.any_database
def test_files_that_no_browser_sends_again_are_asked_for_once_more(client, sign_in):
    batch = make_batch()
    sign_in("Finance")
    page = send(client, batch, ("invoice.pdf", PDF), text=".")
    assert "Choose your files once more" in page.text
    assert "Choose your files once more" not in send(client, batch, text=".").text
    assert not BatchComment.objects.exists()


@pytest.mark.any_database
def test_double_click_keeps_one_comment(client, sign_in):
    batch = make_batch()
    sign_in("Finance")
    for _ in range(2):
        assert send(client, batch, ("invoice.pdf", PDF)).status_code == 302
    assert (BatchComment.objects.count(), BatchAttachment.objects.count()) == (1, 1)
    send(client, batch, ("invoice.pdf", PDF + b"%%EOF"))  # another file
    send(client, batch, text="Another word")
    sign_in("Finance")
    send(client, batch, ("invoice.pdf", PDF))  # another person
    assert BatchComment.objects.count() == 4


@pytest.mark.any_database
def test_comment_is_answered_on_its_own_batch_alone(client, sign_in):
    batch, by = make_batch(), make_user()
    comment = add_comment(batch=batch, text="Why so much?", by=by, at=AT)
    sign_in("Approvers")
    assert "Why so much?" in client.get(f"{url_of(batch, 'comment')}?answers={comment.pk}").text
    send(client, batch, text="A prize", answers=comment.pk)
    assert BatchComment.objects.get(text="A prize").answers == comment
    assert client.get(f"{url_of(batch, 'comment')}?answers=99").status_code == 404


def test_database_changes_no_comment_and_no_file():
    add_comment(
        batch=make_batch(), text="See", by=make_user(), at=AT,
        files=[look_at_file(name="a.txt", content=b"a")],
    )  # fmt: skip
    files, comments = BatchAttachment.objects.all(), BatchComment.objects.all()
    for write in (
        lambda: comments.update(text="Other"),
        lambda: files.update(content=b"b"),
        lambda: files._raw_delete(files.db),
        lambda: comments._raw_delete(comments.db),
    ):
        with pytest.raises(DatabaseError, match="never changed or deleted"), transaction.atomic():
            write()


@pytest.mark.thorough
def test_verification_names_a_file_whose_bytes_were_changed():
    add_comment(
        batch=make_batch("approved"), text="See", by=make_user(), at=AT,
        files=[look_at_file(name="a.txt", content=b"a")],
    )  # fmt: skip
    change(BatchAttachment.objects.all(), content=b"b")
    with pytest.raises(Difference, match="has the SHA-256"):
        check_exports(Verification(), str(BatchComment.objects.get().batch_id), "", Counter())


@pytest.mark.any_database
def test_comments_stand_in_the_audit_trail():
    comment = add_comment(batch=make_batch(), text="See", by=make_user(), at=AT)
    source = list_sources()["billing.batchcomment"]
    assert [row.pk for row in source.find_rows()] == [comment.pk]
    ((_, entry),) = source.load([comment.pk]).items()
    assert (entry.action, entry.reason) == ("Commented", "See")
