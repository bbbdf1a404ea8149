"""The commands of docs/operations.md, so that the tests run what is written there."""

import re
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "operations.md"
BLOCK = re.compile(r"^```(sh|ini)(?: as=(\w+))?(?: (\w+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    language: str
    account: str
    kind: str
    text: str


def read_blocks(heading: str) -> list[Block]:
    """Return the fenced blocks under a heading of the second level, in their order."""
    sections = re.split(r"^## ", PAGE.read_text(), flags=re.MULTILINE)
    (section,) = [text for text in sections if text.startswith(f"{heading}\n")]
    assert len(re.findall(r"^```", section, re.MULTILINE)) == 2 * len(BLOCK.findall(section))
    return [
        Block(language, account, kind, text)
        for language, account, kind, text in BLOCK.findall(section)
    ]


def read_sql(text: str) -> list[tuple[str, str]]:
    """Return the database and the statement of each line of psql in a block."""
    return re.findall(r'^psql (?:--dbname (\w+) )?--command "(.*)"$', text, re.MULTILINE)
