import io
import json
import zipfile

import openpyxl
import pytest

from backoffice import table_cells, tables
from backoffice.bounded_child import Refused
from backoffice.tables import TableRefused, read_table

pytestmark = [pytest.mark.any_database, pytest.mark.slow]


def read(data):
    return read_table(io.BytesIO(data if isinstance(data, bytes) else data.encode()))


def workbook(*rows):
    file = io.BytesIO()
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(file)
    return file.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        "slug,title\na,One\nb,Two\n",
        "\ufeffslug;title\r\na;One\r\nb;Two\r\n",
        json.dumps([{"slug": "a", "title": "One"}, {"slug": "b", "title": "Two"}]),
        workbook(["slug", "title"], ["a", "One"], ["b", "Two"]),
    ],
)
def test_table_is_told_by_its_first_bytes(data):
    table = read(data)
    assert table.dataset.dict == [{"slug": "a", "title": "One"}, {"slug": "b", "title": "Two"}]
    assert table.numbers == [2, 3]


@pytest.mark.thorough
def test_cells_are_text_and_blank_rows_are_passed_over():
    data = workbook(["slug", "title"], [1984, 2.5], [None, None], ["a", True])
    table = read(data)
    assert table.dataset.dict == [{"slug": "1984", "title": "2.5"}, {"slug": "a", "title": "true"}]
    assert table.numbers == [2, 4]
    assert read("slug,title\na,1\n\nb,2\n").numbers == [2, 4]


def test_texts_come_back_as_they_were_before_an_export_guarded_them():
    table = read("title\n'+1 For the Veil\n'Tis the season\n''quoted\n")
    assert table.dataset["title"] == ["+1 For the Veil", "'Tis the season", "'quoted"]


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("", "empty"),
        ("slug\n", "no rows"),
        ("slug,slug\na,b\n", "two columns"),
        ("slug,title\na,b\na\n", "Row 3 has 1 cells"),
        ('slug\n"a\n', "no CSV"),
        (b"slug\na\nb\xff\n", "Line 3 is not UTF-8"),
        ("[1, 2]", "list of objects"),
        ('{"a": 1}', "list of objects"),
        ("[{", "no JSON, line 1"),
        ("[" * 100_000, "no JSON"),
        (b"PK\x03\x04 nothing more", "damaged"),
    ],
)
def test_file_that_is_no_table_is_refused_with_its_place(data, message):
    with pytest.raises(TableRefused, match=message):
        read(data)


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("slug" + ",a" * 9_000_000, "100 columns|MB of memory"),
        ("slug,name\n" + "," * 19_000_000, "Row 2 has|MB of memory|no rows"),
        ('slug\n"' + "x" * 9_000_000, "field larger"),
        ("[" * 9_000_000, "no JSON"),
        ('[{"slug": ' + "9" * 5_000 + "}]", "no JSON"),
        ('[{"slug": [' + "[]," * 6_000_000 + "[]]}]", "MB of memory|seconds|characters"),
        (json.dumps([{str(number): 1 for number in range(101)}]), "100 columns"),
    ],
    ids=range(7),
)
def test_table_that_is_built_to_take_much_is_refused_soon(data, message):
    with pytest.raises(TableRefused, match=message):
        read(data)


def test_size_is_looked_at_before_anything_is_parsed(monkeypatch):
    monkeypatch.setattr(tables, "MOST_BYTES", 10)
    with pytest.raises(TableRefused, match="larger than"):
        read("slug\n" + "a" * 20)


def test_workbook_that_unpacks_to_a_hundredfold_is_refused_unparsed(monkeypatch):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 5_000_000)
    monkeypatch.setattr(openpyxl, "load_workbook", None)
    with pytest.raises(Refused, match="unpacks to 5 MB"):
        table_cells.read_cells(file.getvalue())


@pytest.mark.thorough
def test_rows_are_counted_while_they_are_read(monkeypatch):
    monkeypatch.setattr(table_cells, "MOST_ROWS", 2)
    _, rows = table_cells.read_cells(workbook(["slug"], ["a"], ["b"], ["c"]))
    with pytest.raises(Refused, match="more than 2 rows"):
        list(rows)
    assert read(workbook(["slug"], ["a"], ["b"])).numbers == [2, 3]


@pytest.mark.thorough
def test_cell_that_excel_may_have_cut_off_is_refused():
    with pytest.raises(TableRefused, match=r"Row 2: .*as long as a cell"):
        read(workbook(["body"], ["a" * 32_767]))
