"""Reads an XML file part by part, each with the lines on which it begins.

The file comes from outside. A document type is refused, so nobody declares entities; depth, number
and length are bounded; what no reader asks for (names and accounts of payees) is dropped at once.
"""

from collections.abc import Callable, Collection, Iterator
from typing import Any, BinaryIO, NamedTuple, NoReturn
from xml.etree.ElementTree import Element, SubElement
from xml.parsers import expat

from billing.bank.results.registry import refuse

BYTES_AT_A_TIME = 64 * 1024
DEEPEST = 40
ENVELOPES = 3  # elements that may stand around the document
MOST_ELEMENTS = 3_000_000
MOST_COUNTED = 100_000
COUNTED_AT_A_TIME = 1_000
MOST_ATTRIBUTES = 20
LONGEST_TEXT = 10_000


class Part(NamedTuple):
    """An element that was asked for, and the line of each `counted` element in it, in order."""

    name: str
    line: int
    element: Element
    lines: list[int]


class PartReader:
    """Yields the parts that `open_document` asks for by look_for().

    `open_document` gets the namespace of the element named Document, and this reader. It may refuse
    the file.
    """

    message: Any = None  # for open_document

    def __init__(self, *, open_document: Callable[[str, "PartReader"], None]):
        self.open_document = open_document
        self.parser = expat.ParserCreate(namespace_separator="}")
        self.parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._refuse_doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._take_text
        self.depth = self.elements = self.counts = 0
        self.lines_before = 0
        self.dropped_at = 0  # the depth below which nothing is kept
        self.namespace: str | None = None  # of the document, as written
        self.stack: list[Element] = []
        self.text: list[str] = []
        self.length = 0
        self.part: Part | None = None
        self.is_split = False  # whether some payments of the part were handed out before
        self.done: list[Part] = []

    def look_for(
        self,
        parts: Collection[str],
        *,
        kept: Collection[str],
        counted: str,
        namespace: str,
    ) -> None:
        """Yield elements named in `parts`, and in them those that are `kept`, as of `namespace`.

        Each `counted` one in a part has its line in the part.
        """
        self.parts, self.kept, self.counted = frozenset(parts), frozenset(kept), counted
        self.prefix = f"{{{namespace}}}"

    def read(self, source: BinaryIO) -> Iterator[Part]:
        """Yield the parts; a long one in portions. Raises InvalidResults, which names the line.

        Memory holds a portion of the file, and of the payments in it.
        """
        has_begun = False
        while portion := source.read(BYTES_AT_A_TIME):
            if not has_begun:  # some servers send an empty line first
                begins = len(portion) - len(portion.lstrip())
                self.lines_before += portion[:begins].count(b"\n")
                portion = portion[begins:]
                has_begun = bool(portion)
            self._feed(portion, is_last=False)
            yield from self._take_done()
        self._feed(b"", is_last=True)
        yield from self._take_done()
        if self.namespace is None:
            self._refuse("this is XML, but no message of a bank (ISO 20022).")

    def _take_done(self) -> list[Part]:
        done, self.done = self.done, []
        return done

    def _feed(self, portion: bytes, *, is_last: bool) -> None:
        try:
            self.parser.Parse(portion, is_last)
        except expat.ExpatError as error:
            why, line = expat.ErrorString(error.code), error.lineno + self.lines_before
            refuse(
                [
                    f"Line {line:,}: the file breaks off or is damaged here ({why}). Get it from "
                    "the bank again, and choose it as it came."
                ]
            )
        except (LookupError, ValueError):
            self._refuse("the file names an unknown encoding.")

    @property
    def _line(self) -> int:
        return self.parser.CurrentLineNumber + self.lines_before

    def _refuse(self, why: str) -> NoReturn:
        refuse([f"Line {self._line:,}: {why}"])
        raise AssertionError("refuse() raises")

    def _hand_out(self, part: Part) -> None:
        """Hand out a part that has ended, or the payments of a long one that have come so far.

        Each portion has what stands before the payments, as ISO 20022 orders it. So the rest is
        handed out only if there is any.
        """
        if not self.stack:
            if part.lines or not self.is_split:
                self.done.append(part)
        elif len(self.stack) == 1 and len(part.lines) >= COUNTED_AT_A_TIME:
            root = part.element
            payments = [child for child in root if child.tag == self.prefix + self.counted]
            portion = Element(root.tag, root.attrib)
            portion.extend(list(root))
            self.done.append(part._replace(element=portion))
            for payment in payments:
                root.remove(payment)
            self.part, self.is_split = part._replace(lines=[]), True

    def _refuse_doctype(self, *_) -> None:
        self._refuse(
            "the file declares a document type (<!DOCTYPE). No bank's file has one, and it could "
            "hide what the file says."
        )

    def _start(self, name: str, attributes: dict) -> None:
        self.depth += 1
        self.elements += 1
        if self.depth > DEEPEST:
            self._refuse("the file is nested too deeply for a bank's file.")
        if self.elements > MOST_ELEMENTS or len(attributes) > MOST_ATTRIBUTES:
            self._refuse("there is more in the file than in any bank's file. Split it.")
        namespace, _, local = name.rpartition("}")
        if self.namespace is None:
            self._look_for_document(namespace, local)
        elif not self.dropped_at:
            is_ours = namespace == self.namespace
            if not self.stack:
                if is_ours and local in self.parts:
                    self._open(Element(self.prefix + local, attributes), local)
            elif is_ours and local in self.kept:
                self._open(SubElement(self.stack[-1], self.prefix + local, attributes), local)
            else:
                self.dropped_at = self.depth

    def _look_for_document(self, namespace: str, local: str) -> None:
        if local == "Document":
            self.open_document(namespace, self)
            self.namespace = namespace
        elif self.depth > ENVELOPES:
            self._refuse("this is XML, but no message of a bank (ISO 20022).")

    def _open(self, element: Element, local: str) -> None:
        if not self.stack:
            self.part, self.is_split = Part(local, self._line, element, []), False
        elif local == self.counted and self.part:
            self.counts += 1
            if self.counts > MOST_COUNTED:
                self._refuse(f"there are more than {MOST_COUNTED:,} payments. Split the file.")
            self.part.lines.append(self._line)
        self.stack.append(element)
        self.text, self.length = [], 0

    def _take_text(self, text: str) -> None:
        if not self.stack or self.dropped_at:
            return
        self.length += len(text)
        if self.length > LONGEST_TEXT:
            self._refuse(f"a text is longer than {LONGEST_TEXT:,} characters.")
        self.text.append(text)

    def _end(self, name: str) -> None:
        if self.dropped_at:
            if self.depth == self.dropped_at:
                self.dropped_at = 0
        elif self.stack:
            element = self.stack.pop()
            if not len(element):
                element.text = "".join(self.text).strip()
            self.text, self.length = [], 0
            if self.part:
                self._hand_out(self.part)
        self.depth -= 1
