"""Statements as PDF/A-2b, read back by another library than the one that wrote them."""

import datetime as dt
import io

import pytest
from pypdf import PdfReader

from billing.statements.pdf import print_sheet
from billing.statements.sheets import Row, Sheet, Table

pytestmark = [pytest.mark.any_database, pytest.mark.slow]

TITLES = [
    "#eval(1)",
    "=1+1",
    "$x$ and $y$",
    "+1 For the Veil of Ignorance",
    "@home",
    "*bold* _x_ `raw` <label> // no comment",
    '#import "/etc/passwd": *',
    "\\u{41} \\ [ ] { }",
    "許功蓋",
    "Ünïcødé ‘quotes’ €",
    "x" * 140,
]


def make_sheet(*titles, language="de"):
    rows = [Row((title, "1,00 €"), line=1) for title in titles]
    return Sheet(
        language=language,
        title="Abrechnung für Oktober 2026",
        day=dt.date(2026, 11, 5),
        facts=[("Autor", "Ada #panic() Example")],
        tables=[Table("Aufrufe", ("Beitrag", "Betrag"), rows)],
        warning="Vorläufig",
        foot="Exakt.",
    )


def read(content):
    return PdfReader(io.BytesIO(content))


def read_text(content):
    text = "\n".join(page.extract_text() for page in read(content).pages)
    return text.replace("\n", " ").replace("  ", " ")


@pytest.mark.parametrize("title", TITLES)
def test_titles_are_printed_as_they_are(title):
    text = read_text(print_sheet(make_sheet(title)))
    assert title.replace(" ", "") in text.replace(" ", "")
    assert "Ada #panic() Example" in text


def test_emoji_has_a_glyph():
    assert "\N{GRINNING FACE}" in read_text(print_sheet(make_sheet("\N{GRINNING FACE}")))


@pytest.mark.parametrize("sign", ["\0", "\x1b", "\u202e", "\U00013000", "\ue000", "\udce9"])
def test_what_no_font_can_show_is_a_mark(sign):
    text = read_text(print_sheet(make_sheet(f"a{sign}b")))
    assert "a\N{REPLACEMENT CHARACTER}b" in text


def test_file_says_that_it_is_pdf_a_2b_and_refers_to_nothing_outside():
    document = read(print_sheet(make_sheet("Kernel diary")))
    metadata = document.xmp_metadata.stream.get_data().decode()
    assert "<pdfaid:part>2</pdfaid:part>" in metadata
    assert "<pdfaid:conformance>B</pdfaid:conformance>" in metadata
    intent = document.trailer["/Root"]["/OutputIntents"][0].get_object()
    assert intent["/S"] == "/GTS_PDFA1"
    assert len(intent["/DestOutputProfile"].get_data()) > 100
    assert not document.is_encrypted
    fonts = [
        font.get_object()
        for page in document.pages
        for font in page["/Resources"]["/Font"].values()
    ]
    assert fonts
    for font in fonts:
        descriptor = font["/DescendantFonts"][0].get_object()["/FontDescriptor"]
        assert {"/FontFile2", "/FontFile3"} & set(descriptor)


def test_same_statement_gives_the_same_bytes():
    assert print_sheet(make_sheet(*TITLES)) == print_sheet(make_sheet(*TITLES))


def test_day_of_the_file_is_that_of_the_statement():
    document = read(print_sheet(make_sheet("Kernel diary")))
    assert document.metadata.title == "Abrechnung für Oktober 2026"
    assert document.metadata.creation_date.date() == dt.date(2026, 11, 5)


def test_long_statement_repeats_the_heads_of_its_columns():
    document = read(print_sheet(make_sheet(*["Kernel diary"] * 120)))
    assert len(document.pages) > 2
    assert all("Beitrag" in page.extract_text() for page in document.pages)
