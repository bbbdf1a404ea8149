"""Texts typed into forms, and files sent to pages that take none."""

from tests.hostile.kinds import MB, kind, some

PIECES = [
    "<ul><li>",
    "<div>",
    "<b>",
    "<x-y>",
    "<table><tr><td>",
    "<ul><!-- </ul> -->",
    "<ul title='</ul>'>",
    "<ul><table></ul></table>",
    "<blockquote>",
    "<img alt='",
    "<!-",
    "<",
    "&",
    "&amp;",
    "<figure>",
    "<figure><img>",
    "<p>",
    "</p>",
    "<svg><b>",
    "<math><mi>",
    "<template>",
    "<select><option>",
    "<br>",
    "<a><b><table>",
    "{% a %}",
    "<figure><figcaption>",
    "<script>",
    "<style>",
    "<![CDATA[",
    "<?a ",
    "<nobr><table>",
    "<p><font size=1>",
    "<h1><button>",
    "<a href='x'>",
    "&#1;",
    "<br> ",
    "<div><p></div>",
]


def hostile_html(chance, most=450_000):
    piece = "".join(chance.choices(PIECES, k=chance.choice([1, 1, 1, 2, 3])))
    if chance.random() < 0.2:
        count = some(chance, 20_000)
        return "".join(f"<b id={number}>{piece}" for number in range(count))[:most]
    return piece * (some(chance, most) // len(piece) + 1)


@kind("text")
def text_that_nests(chance):
    return b"", {"body": hostile_html(chance)}


@kind("text")
def text_longer_than_any(chance):
    return b"", {
        "body": chance.choice(["x", "<p>x</p>", "é", "\0"]) * some(chance, 900_000, 300_000)
    }


@kind("text")
def title_of_tags(chance):
    return b"", {"title": chance.choice(PIECES) * some(chance, 99_999), "summary": "<" * 99_999}


@kind("nowhere", "a.bin")
def file_to_a_page_that_takes_none(chance):
    return chance.randbytes(some(chance, 4 * MB))
