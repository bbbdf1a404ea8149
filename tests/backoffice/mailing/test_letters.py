import pytest

from backoffice.mailing.kinds import OTHER
from backoffice.mailing.letters import Letter, write_html

pytestmark = pytest.mark.any_database


def test_mail_is_text_and_html():
    letter = Letter(subject="News", text="Read on.", address="ada@example.org", kind=OTHER)
    parts = [part.get_content_type() for part in letter.message().walk()]
    assert parts == ["multipart/alternative", "text/plain", "text/html"]


def test_html_escapes_what_people_wrote():
    html = write_html("<b>Title</b>", "Ada's <views> & prices")
    assert "<h1>&lt;b&gt;Title&lt;/b&gt;</h1>" in html
    assert "<p>Ada&#x27;s &lt;views&gt; &amp; prices</p>" in html


def test_facts_stand_in_two_columns_and_addresses_are_links():
    html = write_html("News", "Total:     €1,234.50\nPayments:  2\n\nSee http://testserver/admin/")
    assert '<tr><th scope="row">Total</th><td>€1,234.50</td></tr>' in html
    assert '<tr><th scope="row">Payments</th><td>2</td></tr>' in html
    assert 'href="http://testserver/admin/"' in html


def test_single_line_with_a_colon_is_a_sentence():
    assert "<p>Please note: nothing</p>" in write_html("News", "Please note: nothing")


def test_each_mail_has_an_identity_of_its_own():
    first, second = (
        Letter(subject="News", text="x", address="ada@example.org", kind=OTHER) for _ in range(2)
    )
    assert first.message()["Message-ID"] == first.message_id != second.message_id
