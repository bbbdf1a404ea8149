"""What is said of lines that no format fits."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from billing.counting.access_logs.formats import KNOWN
from billing.counting.access_logs.lines import Skipped
from billing.errors import UnknownLogFormat

SHOWN_LINES, SHOWN_CHARACTERS = 3, 160
LIKE_W3C = re.compile(rb"20[0-9]{2}-[0-9]{2}-[0-9]{2}[ \t][0-9]{2}:[0-9]{2}:[0-9]{2}[ \t]")


def refuse_unknown_format(lines: Sequence[bytes], file_name: str, outcomes: Counter) -> None:
    """Raise UnknownLogFormat if none of the first `lines` of a log could be read.

    Remarks alone, as in the log of a day without a request, are a log.
    """
    bad = outcomes[Skipped.MALFORMED]
    if not bad or bad + outcomes[Skipped.REMARK] < len(lines):
        return
    shown = [line for line in lines if line.strip()][:SHOWN_LINES]
    hint = ""
    if any(LIKE_W3C.match(line) for line in shown):
        hint = "These may be lines of a W3C log: put its #Fields line before them. "
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
