"""Exports of posts: WordPress, Ghost, Markdown in a zip."""

import io
import json
import warnings
import zipfile

from tests.hostile.kinds import MB, damage, kind, some
from tests.hostile.texts import hostile_html


def _wxr(items, head=""):
    return (
        '<?xml version="1.0"?>' + head + '<rss xmlns:content="http://purl.org/rss/1.0/modules/'
        'content/" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:wp="http://wordpress.org/export'
        '/1.2/"><channel><wp:wxr_version>1.2</wp:wxr_version><link>https://example.com</link>'
        f"{items}</channel></rss>"
    )


def _item(body, number=1, more=""):
    return (
        f"<item><title>A</title><dc:creator>rosa</dc:creator><content:encoded><![CDATA[{body}]]>"
        f"</content:encoded><wp:post_id>{number}</wp:post_id><wp:status>publish</wp:status>"
        f"<wp:post_date_gmt>2020-02-03 04:05:06</wp:post_date_gmt>{more}</item>"
    )


@kind("posts", "a.xml")
def wxr_of_deep_xml(chance):
    return _wxr("<item>" + "<a>" * some(chance, 6 * MB))


@kind("posts", "a.xml")
def wxr_of_attributes(chance):
    names = " ".join(f'a{number}="1"' for number in range(some(chance, MB)))
    return _wxr(f"<item {names}/>")


@kind("posts", "a.xml")
def wxr_of_entities(chance):
    entities = "".join(
        f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "x" * 99}">' for n in range(9)
    )
    return _wxr(_item("&e8;"), f"<!DOCTYPE rss [{entities}]>")


@kind("posts", "a.xml")
def wxr_of_very_many_items(chance):
    return _wxr("".join(_item("Text", number) for number in range(some(chance, 60_000))))


@kind("posts", "a.xml")
def wxr_of_empty_items(chance):
    return _wxr("<item/>" * some(chance, 2 * MB))


@kind("posts", "a.xml")
def wxr_of_hostile_texts(chance):
    return _wxr("".join(_item(hostile_html(chance), number) for number in range(some(chance, 30))))


@kind("posts", "a.xml")
def wxr_of_very_many_authors(chance):
    more = "".join(
        f'<category domain="author" nicename="cap-a{number}"/><category domain="category">c{number}'
        "</category>"
        for number in range(some(chance, 200_000))
    )
    return _wxr(_item("Text", more=more))


@kind("posts", "a.xml")
def wxr_of_odd_values(chance):
    odd = [
        "\x0b",
        "&#x110000;",
        "&#0;",
        "<",
        "]]>",
        "&nbsp;",
        "99999-99-99",
        "١٢٣",
        "\ufffe",
        "&lt;" * 99,
    ]
    return _wxr(_item("Text", chance.choice(odd), chance.choice(odd)))


@kind("posts", "a.xml")
def wxr_of_another_encoding(chance):
    name = chance.choice(["utf-16", "utf-7", "unknown-8", "cp037", "utf-32", "idna", "zip"])
    return f'<?xml version="1.0" encoding="{name}"?>' + _wxr(_item("Text"))[21:]


@kind("posts", "a.json")
def ghost_of_deep_lists(chance):
    return '{"db": [{"data": {"posts": ' + "[" * some(chance, 9 * MB)


@kind("posts", "a.json")
def ghost_of_odd_values(chance):
    odd = [
        None,
        [],
        {},
        1,
        9**999,
        -1.5,
        True,
        "\ud800",
        "\0",
        "x" * 70_000,
        ["a"],
        "2020-13-45",
        "null",
    ]
    names = (
        "id",
        "uuid",
        "title",
        "slug",
        "html",
        "status",
        "type",
        "page",
        "author_id",
        "published_at",
        "custom_excerpt",
        "visibility",
    )
    rows = [{name: chance.choice(odd) for name in names} for _ in range(some(chance, 99))]
    tables = {"posts": rows, "users": rows, "tags": rows, "posts_tags": rows, "posts_authors": rows}
    tables[chance.choice(list(tables))] = chance.choice([rows, odd, None, "x", {}])
    return json.dumps({"db": [{"data": tables}]})


@kind("posts", "a.json")
def ghost_of_small_lists(chance):
    return '{"db": [{"data": {"posts": [' + "{}," * some(chance, 6 * MB) + "{}]}}]}"


def _zip(files, packed=zipfile.ZIP_DEFLATED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", packed) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a name is there twice is meant so
        for name, text in files:
            archive.writestr(name, text)
    return file.getvalue()


FRONT = "---\ntitle: A\nauthor: rosa\ndate: 2020-02-03\n---\n"


@kind("posts", "a.zip")
def zip_of_very_many_files(chance):
    return _zip(((f"{n}.md", "") for n in range(some(chance, 60_000))), zipfile.ZIP_STORED)


@kind("posts", "a.zip")
def zip_bomb(chance):
    return _zip((f"{n}.md", FRONT + "x" * 4_900_000) for n in range(some(chance, 99)))


@kind("posts", "a.zip")
def zip_of_odd_names(chance):
    odd = [
        "../a.md",
        "/etc/a.md",
        "a\0.md",
        "a.md",
        "C:\\a.md",
        "\u202ea.md",
        "a/" * 2_000 + "a.md",
        "__MACOSX/a.md",
        ".md",
        "ä.md",
        "x" * 60_000 + ".md",
        "a.md/",
    ]
    return _zip((chance.choice(odd), FRONT) for _ in range(some(chance, 99)))


@kind("posts", "a.zip")
def zip_that_is_damaged(chance):
    return damage(chance, _zip([("a.md", FRONT + "Text"), ("b.md", FRONT)]))


@kind("posts", "a.zip")
def zip_that_says_it_is_locked(chance):
    data = bytearray(_zip([("a.md", FRONT)]))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


@kind("posts", "a.zip")
def markdown_that_nests(chance):
    piece = chance.choice(
        [
            "![",
            "[x](",
            "> ",
            "- ",
            "1. ",
            "*a ",
            "_a_",
            "`a",
            "[[[",
            "|a|\n|-|\n",
            "<b",
            "\\",
            "**a_",
            "[a]: b\n",
            "~~a",
            "&",
            "<!--",
            "{% a",
            "{{ ",
            "{#",
            "```",
            "~~~",
        ]
    )
    return _zip([("a.md", FRONT + piece * (some(chance, 4 * MB) // len(piece)))])


@kind("posts", "a.zip")
def yaml_that_nests(chance):
    piece = chance.choice(
        [
            "[",
            "{",
            "- ",
            "? ",
            "{a: ",
            "&a [",
            "!!a ",
            "a: &b ",
            "a: *b\n",
            "|\n",
            "a: b\n",
            "'",
            " ",
            "\t",
            "#",
            "%",
            "a:\n ",
            "!<a> ",
        ]
    )
    return _zip([("a.md", "---\n" + piece * (some(chance, MB) // len(piece)) + "\n---\nText")])


@kind("posts", "a.zip")
def yaml_of_aliases(chance):
    lines = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}' if n else 'x'] * 9)}]" for n in range(9)]
    return _zip([("a.md", "---\n" + "\n".join(lines) + "\n---\nText")])


@kind("posts", "a.zip")
def toml_and_other_front_matter(chance):
    start = chance.choice(["+++\n", "---toml\n", "---\n", "{\n", "---\n---\n", "---\r\n"])
    return _zip([("a.md", start + "a." * some(chance, MB) + " = [[\n+++\n")])
