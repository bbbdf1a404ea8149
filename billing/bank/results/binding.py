"""Turns a part of a message of ISO 20022 into the class that pyiso20022 has for its version."""

import dataclasses
import importlib
import importlib.util
import re
import sys
import typing
from copy import deepcopy
from functools import cache
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element

from billing.bank.results.registry import refuse
from billing.bank.results.xml_parts import Part

# The elements that lead from the document to a part.
PATHS = {
    "pain.002": ("CstmrPmtStsRpt",),
    "camt.053": ("BkToCstmrStmt", "Stmt"),
    "camt.054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn"),
}


class Message(NamedTuple):
    kind: str  # such as pain.002
    version: str  # such as 10

    @property
    def module(self) -> str:
        package = self.kind.partition(".")[0]
        return f"pyiso20022.{package}.{self.kind.replace('.', '_')}_001_{self.version}"


def is_known(message: Message) -> bool:
    """Whether there are classes for the version, with the elements that we look for."""
    if importlib.util.find_spec(message.module) is None:
        return False
    names = {field.metadata.get("name") for field in dataclasses.fields(_load(message).Document)}
    return PATHS[message.kind][0] in names


def bind(part: Part, message: Message, counted: str) -> Any:
    """Return an instance of the version's class. Raises InvalidResults, which names the line."""
    cls = _find_class(message, part.name)
    kept = deepcopy(part.element)  # the parser empties what it reads
    why = _try_to_fill(cls, part.element)
    if not isinstance(why, str):
        return why
    line = part.line
    # The smallest part that is wrong is a better place than the whole.
    for child, at in zip(kept.iterfind(f".//{{*}}{counted}"), part.lines, strict=True):
        found = _try_to_fill(_find_inside(cls, counted), child)
        if isinstance(found, str):
            line, why = at, found
            break
    refuse(
        [
            f"Line {line:,}: what begins here is not as {message.kind} has it: {why}. Get the file "
            "from the bank again."
        ]
    )


def _try_to_fill(cls: type, element: Element) -> Any:
    """Return an instance, or as text why there can be none."""
    from xsdata.exceptions import ConverterWarning, ParserError

    try:
        return _make_parser().parse(element, cls)
    except (ParserError, ConverterWarning, TypeError, ValueError, ArithmeticError) as error:
        text = str(error)
    if names := re.search(r"missing .* arguments?: (.*)", text):
        return f"it lacks {names[1]}"
    if name := re.search(r"`\w+\.(\w+)`", text):
        return f"a value can’t be read ({name[1]})"
    return text.strip().partition("\n")[0][:200]


@cache
def _make_parser():
    # Here: few requests need it, and it would cost each start of the application.
    from xsdata.formats.dataclass.parsers import XmlParser
    from xsdata.formats.dataclass.parsers.config import ParserConfig
    from xsdata.formats.dataclass.parsers.handlers import XmlEventHandler

    config = ParserConfig(fail_on_unknown_properties=False, fail_on_converter_warnings=True)
    return XmlParser(config=config, handler=XmlEventHandler)


@cache
def _load(message: Message):
    return importlib.import_module(message.module)


@cache
def _find_class(message: Message, name: str) -> type:
    found = _load(message).Document
    for step in (*PATHS[message.kind], name):
        found = _step_into(found, step)
    return found


def _find_inside(cls: type, name: str) -> type:
    """Return the class of the elements of that name, one or two steps down."""
    names = {field.metadata.get("name") for field in dataclasses.fields(cls)}
    return _step_into(cls if name in names else _step_into(cls, "NtryDtls"), name)


def _step_into(owner: Any, name: str) -> type:
    field = next(one for one in dataclasses.fields(owner) if one.metadata.get("name") == name)
    hint = typing.get_type_hints(owner, vars(sys.modules[owner.__module__]))[field.name]
    while arguments := typing.get_args(hint):  # of list[...] and of None | ...
        hint = next(one for one in arguments if one is not type(None))
    return hint
