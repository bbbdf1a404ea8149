"""Tables: CSV, JSON and workbooks."""

import io
import json
import zipfile

from tests.hostile.kinds import MB, damage, kind, some


@kind("table", "a.csv")
def csv_of_very_many_columns(chance):
    return "slug" + ",a" * some(chance, 9 * MB) + "\n"


@kind("table", "a.csv")
def csv_row_of_very_many_cells(chance):
    return "slug,name\na,b\n" + "," * some(chance, 19 * MB)


@kind("table", "a.csv")
def csv_of_one_quoted_field(chance):
    return 'slug,name\na,"' + "x\n" * some(chance, 9 * MB)


@kind("table", "a.csv")
def csv_of_very_many_rows(chance):
    return "slug,name\n" + "a,b\n" * some(chance, 4 * MB)


@kind("table", "a.csv")
def csv_of_mixed_bytes(chance):
    start = chance.choice([b"\xef\xbb\xbf", b"\xff\xfe", b"\0", b"", b'"', b"slug,name\n"])
    return start + chance.randbytes(some(chance, 200_000))


@kind("table", "a.json")
def json_of_deep_lists(chance):
    return "[" * some(chance, 9 * MB) + chance.choice(["", "]" * 99])


@kind("table", "a.json")
def json_of_deep_objects(chance):
    return '[{"slug":' * some(chance, MB) + "1"


@kind("table", "a.json")
def json_of_small_lists(chance):
    return '[{"slug":[' + "[]," * some(chance, 6 * MB) + "[]]}]"


@kind("table", "a.json")
def json_of_a_long_number(chance):
    digits = chance.choice(["9", "1.", "-1", "1e"]) + "9" * some(chance, MB, 4_000)
    return f'[{{"slug": "a", "name": {digits}}}]'


@kind("table", "a.json")
def json_of_very_many_keys(chance):
    return json.dumps([{f"k{number}": 1 for number in range(some(chance, 300_000, 90))}])


@kind("table", "a.json")
def json_of_odd_values(chance):
    values = [
        None,
        True,
        1e308,
        -0.0,
        "\ud800",
        "\0",
        "=1+1",
        [],
        {},
        [[1]],
        float("nan"),
        "x" * 999,
    ]
    return json.dumps(
        [
            {"slug": chance.choice(values), "name": chance.choice(values)}
            for _ in range(some(chance, 400))
        ]
    )


def _workbook(chance, sheet, strings="", *, more=()):
    types = "application/vnd.openxmlformats-officedocument.spreadsheetml."
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/"
    files = {
        "[Content_Types].xml": f'<Types xmlns="{package}content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.'
        'relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{types}sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{types}worksheet+xml"/>'
        f'<Override PartName="/xl/sharedStrings.xml" ContentType="{types}sharedStrings+xml"/>'
        "</Types>",
        "_rels/.rels": f'<Relationships xmlns="{package}relationships"><Relationship Id="r1" '
        f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="A" '
        'sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}relationships">'
        f'<Relationship Id="r1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="r2" Type="{office}/sharedStrings" Target="sharedStrings.xml"/>'
        "</Relationships>",
        "xl/worksheets/sheet1.xml": sheet.replace("MAIN", main),
        "xl/sharedStrings.xml": strings.replace("MAIN", main) or f'<sst xmlns="{main}"/>',
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in [*files.items(), *more]:
            archive.writestr(name, text)
        # Else the bomb is told by how much it unpacks to, and nothing of it is tried.
        archive.writestr("padding.bin", chance.randbytes(900_000), zipfile.ZIP_STORED)
    return file.getvalue()


def _sheet(rows, dimension="A1:B2"):
    return (
        f'<worksheet xmlns="MAIN"><dimension ref="{dimension}"/><sheetData>{rows}</sheetData>'
        "</worksheet>"
    )


HEADINGS = "".join(f'<c t="inlineStr"><is><t>{name}</t></is></c>' for name in ("slug", "name"))
HEADINGS = f'<row r="1">{HEADINGS}</row>'


@kind("table", "a.xlsx")
def xlsx_that_lies_of_its_size(chance):
    row = chance.choice([3, 1_048_576, 10**9])
    cell = f'<row r="{row}"><c t="inlineStr"><is><t>a</t></is></c></row>'
    return _workbook(chance, _sheet(HEADINGS + cell, "A1:XFD1048576"))


@kind("table", "a.xlsx")
def xlsx_of_very_many_cells(chance):
    return _workbook(chance, _sheet(HEADINGS + "<row>" + "<c/>" * some(chance, 8 * MB) + "</row>"))


@kind("table", "a.xlsx")
def xlsx_of_very_many_rows(chance):
    return _workbook(chance, _sheet(HEADINGS + "<row><c><v>1</v></c></row>" * some(chance, 2 * MB)))


@kind("table", "a.xlsx")
def xlsx_of_shared_strings(chance):
    strings = '<sst xmlns="MAIN">' + "<si><t>a</t></si>" * some(chance, 4 * MB) + "</sst>"
    return _workbook(chance, _sheet(HEADINGS), strings)


@kind("table", "a.xlsx")
def xlsx_of_deep_xml(chance):
    return _workbook(chance, _sheet("<a>" * some(chance, 9 * MB)))


@kind("table", "a.xlsx")
def xlsx_of_entities(chance):
    entities = "".join(
        f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "x" * 99}">' for n in range(9)
    )
    return _workbook(chance, f"<!DOCTYPE a [{entities}]>" + _sheet("<row><c><v>&e8;</v></c></row>"))


@kind("table", "a.xlsx")
def xlsx_of_odd_cells(chance):
    odd = [
        '<c r="ZZZZZZ9"/>',
        '<c r="A0"/>',
        '<c t="s"><v>99999999</v></c>',
        '<c t="d"><v>x</v></c>',
        '<c t="e"><v>#REF!</v></c>',
        "<c><f>1/0</f></c>",
        '<c s="999999"><v>1e999</v></c>',
        '<c t="n"><v>' + "9" * 9_999 + "</v></c>",
        '<c t="b"><v>7</v></c>',
        "<c><v>-0</v></c>",
    ]
    rows = "".join(
        f"<row>{''.join(chance.choices(odd, k=5))}</row>" for _ in range(some(chance, 99))
    )
    return _workbook(chance, _sheet(HEADINGS + rows))


@kind("table", "a.xlsx")
def xlsx_that_is_damaged(chance):
    return damage(chance, _workbook(chance, _sheet(HEADINGS)))
