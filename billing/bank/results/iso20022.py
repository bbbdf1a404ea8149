"""Messages of ISO 20022 in which a bank says what it did, in any version that banks send.

pain.002 answers a file of payments; camt.053 is the statement of an account, camt.054 the advice of
single movements. pyiso20022 has the classes of each version, and xsdata fills them, in a process of
its own: nothing that is imported here may need Django's settings.
"""

import io
import re

from billing.bank.results.binding import Message, bind, is_known
from billing.bank.results.camt import Movements
from billing.bank.results.pain002 import Answer
from billing.bank.results.registry import ResultFormat, ResultRow, refuse
from billing.bank.results.values import reading
from billing.bank.results.xml_parts import PartReader

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:{}.001.{}"
# Also as SIX (Switzerland) and the German banks named theirs once, such as pain.002.003.03.
NAMES = re.compile(r"(pain\.002|camt\.053|camt\.054)\.\d{3}\.(\d\d)")
READERS: dict[str, type[Answer] | type[Movements]] = {
    "pain.002": Answer,
    "camt.053": Movements,
    "camt.054": Movements,
}
OTHERS = {
    "pain.001": "This is a file to the bank (pain.001). Choose the one with its answer: pain.002, "
    "camt.053 or camt.054.",
    "camt.052": "This is a report of the day so far (camt.052), and what it says can still change. "
    "Choose the statement, camt.053, or the advice, camt.054.",
}
UNKNOWN = (
    "This is XML, but no pain.002, camt.053 or camt.054. Ask the bank for one of these, or record "
    "the results by hand."
)


def sniff(content: bytes) -> bool:
    """Whether it is XML: the first character is “<”, in UTF-8 or UTF-16."""
    start = content[:1000].removeprefix(b"\xef\xbb\xbf")
    return start.lstrip()[:1] == b"<" or start[:4] in (b"\xff\xfe<\0", b"\xfe\xff\0<")


def read_message(content: bytes) -> list[ResultRow]:
    """Return the rows of the message. Raises InvalidResults."""
    reader = PartReader(open_document=_open_document)
    rows: list[ResultRow] = []
    taking: Answer | Movements | None = None
    for part in reader.read(io.BytesIO(content)):
        if taking is None:
            taking = READERS[reader.message.kind](reader.message)
        bound = bind(part, reader.message, reader.counted)
        with reading(part.line):
            rows += taking.take(bound, part)
    if taking:
        rows += taking.finish()
    if not rows:
        refuse(["There is no payment in this file, so there is nothing to record."])
    return rows


def _open_document(namespace: str, reader: PartReader) -> None:
    """Say what the reader is to look for. Raises InvalidResults for another message."""
    for name, refusal in OTHERS.items():
        if name in namespace:
            refuse([refusal])
    match = NAMES.search(namespace)
    if not match:
        refuse([UNKNOWN])
        return
    message = Message(*match.groups())
    if not is_known(message):
        refuse(
            [
                f"This is {message.kind} in version {message.version}, which nobody here can read "
                "yet. Ask the bank for version 08 or 10, or record the results by hand."
            ]
        )
    kind = READERS[message.kind]
    reader.message = message
    reader.look_for(
        kind.parts,
        kept=kind.kept,
        counted=kind.counted,
        namespace=NAMESPACE.format(message.kind, message.version),
    )


FORMAT = ResultFormat(
    key="iso20022",
    name="pain.002, camt.053, camt.054",
    hint="pain.002, camt.053 or camt.054: the bank’s own XML, as it came.",
    accept=(".xml", "text/xml", "application/xml"),
    sniff=sniff,
    read=read_message,
    is_read_apart=True,
)
