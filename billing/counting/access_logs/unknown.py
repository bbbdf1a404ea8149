"""What is said of lines that no format fits."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from billing.counting.access_logs.formats import KNOWN
from billing.counting.access_logs.lines import Skipped
from billing.errors import UnknownLogFormat

SHOWN_LINES, SHOWN_CHARACTERS = 3, 160
# Formats that are known, and can't be read: what their first lines are like, and what to do.
# The last three hold no user agent, so that robots can't be told from people. Squid: the directive
# logformat, “squid”; Heroku: “HTTP Routing”, router logs; IIS: “IIS Log File Format” of Microsoft.
HINTS = [
    (
        re.compile(rb"20[0-9]{2}-[0-9]{2}-[0-9]{2}[ \t][0-9]{2}:[0-9]{2}:[0-9]{2}[ \t]"),
        "These may be lines of a W3C log: put its #Fields line before them. ",
    ),
    (
        re.compile(rb" *[0-9]{9,10}\.[0-9]{3} +-?[0-9]+ [^ ]+ [A-Z_]+/[0-9]{3} -?[0-9]+ [^ ]+ "),
        "This is Squid's own format, which has no user agents: every robot would count as a "
        "person. Write “access_log daemon:/var/log/squid/access.log combined” in squid.conf, and "
        "import what it logs from then on. ",
    ),
    (
        re.compile(rb".*\bheroku(?:\[router\]: | router - )|(?=.*\bdyno=)(?=.*\bfwd=).*\bat=[a-z]"),
        "This is the log of Heroku's router, which has no user agents: every robot would count as "
        "a person. Import the access log of the application itself, such as gunicorn's "
        "(--access-logfile - with the combined format). ",
    ),
    (
        re.compile(
            rb"[0-9A-Fa-f.:]+, [^,]*, [0-9]{1,4}[/.][0-9]{1,2}[/.][0-9]{2,4}, [0-9: APM]+, W3SVC"
        ),
        "This is IIS's own format, which has no user agents: every robot would count as a person. "
        "Choose W3C under Logging in IIS Manager, with the user agent among its fields, and import "
        "what it logs from then on. ",
    ),
]


def refuse_unknown_format(lines: Sequence[bytes], file_name: str, outcomes: Counter) -> None:
    """Raise UnknownLogFormat if none of the first `lines` of a log could be read.

    Remarks alone, as in the log of a day without a request, are a log.
    """
    bad = outcomes[Skipped.MALFORMED]
    if not bad or bad + outcomes[Skipped.REMARK] < len(lines):
        return
    shown = [line for line in lines if line.strip()][:SHOWN_LINES]
    hint = next((text for pattern, text in HINTS if any(pattern.match(line) for line in shown)), "")
    begins = "\n".join(f"    {_show(line)}" for line in shown) or "    (empty lines)"
    raise UnknownLogFormat(
        f"{file_name} is in no format that is read. It begins:\n{begins}\n{hint}"
        f"Known formats: {KNOWN}. Nothing was imported."
    )


def _show(line: bytes) -> str:
    text = line.decode(errors="replace")
    printable = "".join(each if each.isprintable() else "?" for each in text[:SHOWN_CHARACTERS])
    return f"{printable} ..." if len(text) > SHOWN_CHARACTERS else printable


def join_numbers(numbers: Iterable[int]) -> str:
    """Return "3, 5-8, 12" of numbers that rise."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ", ".join(f"{low}-{high}" if high > low else str(low) for low, high in ranges)
