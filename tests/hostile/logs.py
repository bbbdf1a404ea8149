"""Access logs, the patterns for them, and a bank's results."""

import bz2
import gzip

from tests.hostile.kinds import MB, kind, some

LINE = '1.2.3.4 - - [17/Nov/2026:10:05:03 +0000] "GET /blogs/{}/ HTTP/1.1" 200 1 "-" "{}"\n'


@kind("log", "a.log.gz")
def gzip_bomb(chance):
    return gzip.compress(
        chance.choice([b"\n", b"x", b"\0", b"x\n"]) * some(chance, 200 * MB, 1_000), 9
    )


@kind("log", "a.log.gz")
def gzip_of_very_many_members(chance):
    return gzip.compress(b"") * some(chance, 900_000)


@kind("log", "a.log.bz2")
def bzip2_bomb(chance):
    return bz2.compress(b"x" * some(chance, 100 * MB)) * some(chance, 400)


@kind("log", "a.log.bz2")
def bzip2_of_very_many_streams(chance):
    return bz2.compress(b"") * some(chance, MB)


@kind("log", "a.log")
def log_of_blank_lines(chance):
    return b"\n" * some(chance, 19 * MB)


@kind("log", "a.log")
def log_of_one_line(chance):
    return (LINE.format("a", chance.choice(["x", '\\"', "\\", "é"]) * some(chance, 9 * MB)))[
        : 19 * MB
    ]


@kind("log", "a.log")
def log_of_half_lines(chance):
    piece = chance.choice(
        [
            "1.2.3.4, ",
            '"',
            "\\",
            "a ",
            "[17/Nov/2026:10:05:03 +0000] ",
            '{"host": ',
            "- ",
            "a:1 - ",
            "::",
        ]
    )
    return (piece * (some(chance, 65_000) // len(piece) + 1) + "\n") * some(chance, 200)


@kind("log", "a.log")
def log_of_json_lines(chance):
    piece = chance.choice(["[", '{"a":', "9", "\\u0000", "\\x22"])
    return ('{"remote_addr": ' + piece * (some(chance, 60_000) // len(piece)) + "\n") * some(
        chance, 200
    )


@kind("log", "a.log")
def log_that_is_damaged(chance):
    return gzip.compress(LINE.format("a", "b").encode() * 999)[
        : some(chance, 999)
    ] + chance.randbytes(9)


@kind("pattern", "a.log")
def pattern_that_backtracks(chance):
    pattern = chance.choice(
        [
            r"^/(?P<slug>(a+)+)$",
            r"(?P<slug>(a|a)*)b",
            r"(?P<slug>(.*a){20})b",
            r"(?P<slug>(a?){99})!",
            r"(?P<slug>(x?){90}(x?){90}(x{90}){9})!",
            r"(?P<slug>.*.*.*.*.*.*=.*)",
            r"(?P<slug>(?:(?:a*)*)*)b",
        ]
    )
    path = chance.choice(["a", "x", "ax"])
    lines = (LINE.format(path * (some(chance, 1_500) + number), "b") for number in range(2_000))
    return "".join(lines)[: 9 * MB], {"path_pattern": pattern}


@kind("pattern", "a.log")
def pattern_that_is_none(chance):
    pieces = [
        "(",
        ")",
        "?P<slug>",
        "a{9999}",
        "[",
        "\\1",
        "(?=",
        "(?<!",
        "*",
        "+",
        "|",
        "\\",
        "\ud7ff",
        "{",
        "^$",
    ]
    return LINE.format("a", "b"), {
        "path_pattern": "".join(chance.choices(pieces, k=some(chance, 200)))
    }


@kind("results", "a.csv")
def results_of_very_many_rows(chance):
    return "a\n" * some(chance, 9 * MB)


@kind("results", "a.csv")
def results_of_one_row(chance):
    return chance.choice([",", ";", "a,", '"', "x"]) * some(chance, 19 * MB)


@kind("results", "a.csv")
def results_of_long_lines(chance):
    return ("x" * 9_999 + "\n") * some(chance, 2_000)


@kind("results", "a.csv")
def results_of_very_many_cells(chance):
    return ("ab," * 99 + "ab\n") * some(chance, 60_000)


@kind("results", "a.csv")
def results_of_mixed_bytes(chance):
    return chance.randbytes(some(chance, 200_000))


XML = '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10">'


@kind("results", "a.xml")
def results_of_deep_xml(chance):
    return XML + "<a>" * some(chance, 5 * MB)


@kind("results", "a.xml")
def results_of_very_many_elements(chance):
    return XML + "<a/>" * some(chance, 4 * MB)


@kind("results", "a.xml")
def results_of_very_many_payments(chance):
    payment = "<TxInfAndSts><TxSts>RJCT</TxSts></TxInfAndSts>"
    start = XML + "<CstmrPmtStsRpt><OrgnlPmtInfAndSts>"
    end = "</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"
    return start + payment * some(chance, 19 * MB // len(payment)) + end


@kind("results", "a.xml")
def results_with_entities(chance):
    names = [f"e{number}" for number in range(some(chance, 40, 3))]
    declared = "".join(
        f'<!ENTITY {name} "{f"&{before};" * 10}">'
        for before, name in zip(["lt", *names], names, strict=False)
    )
    outside = chance.choice(["", ' SYSTEM "file:///etc/passwd"', ' SYSTEM "http://127.0.0.1/"'])
    return f"<!DOCTYPE d{outside} [{declared}]>{XML}&{names[-1]};</Document>"


@kind("results", "a.xml")
def results_of_very_many_attributes(chance):
    attributes = " ".join(f'a{number}=""' for number in range(some(chance, 500_000)))
    return f"{XML}<a {attributes}/></Document>"


@kind("results", "a.xml")
def results_of_one_text(chance):
    start = XML + "<CstmrPmtStsRpt><OrgnlPmtInfAndSts><OrgnlPmtInfId>"
    return start + chance.choice(["x", "&amp;", "\n", "é"]) * some(chance, 9 * MB)


@kind("results", "a.xml")
def results_of_xml_and_mixed_bytes(chance):
    return XML.encode() + chance.randbytes(some(chance, 200_000))
