"""Chains of links: what is written on the next link, and whether the links fit.

A chain is a table of models.chains.ChainLink. The caller of append_link holds a lock of the chain,
so that two links never follow the same one.
"""

import datetime as dt
from collections.abc import Iterator

from billing.models.chains import ChainLink
from billing.proof.digests import encode_canonical, hash_text

NO_HASH = "0" * 64
LINKS_AT_A_TIME = 1_000


def find_head[Link: ChainLink](model: type[Link]) -> Link | None:
    """Return the latest link, whose hash covers all links, or None. One query."""
    return model._default_manager.order_by("number").last()


def append_link[Link: ChainLink](
    model: type[Link], *, content: dict, at: dt.datetime, **fields
) -> Link:
    """Add a link with `content`, to which its number and time are added. Two queries."""
    head = find_head(model)
    number, previous_hash = (head.number + 1, head.hash) if head else (1, NO_HASH)
    text = encode_canonical({"number": number, "at": format_moment(at)} | content)
    return model._default_manager.create(
        number=number,
        content=text,
        previous_hash=previous_hash,
        hash=hash_link(text, previous_hash),
        at=at,
        **fields,
    )


def hash_link(content: str, previous_hash: str) -> str:
    """Return the hash of a link, which covers the content only by its own hash.

    So a reader of one link may get the whole chain without the content of the others.
    """
    return hash_text(f"{previous_hash}\n{hash_text(content)}")


def format_moment(at: dt.datetime | None) -> str:
    """Return the moment in UTC; "" for a step that nobody took."""
    return at.astimezone(dt.UTC).isoformat(timespec="microseconds") if at else ""


type Fault = tuple[str, str]  # what the link says, and what it should


def iter_links[Link: ChainLink](model: type[Link]) -> Iterator[tuple[Link, Fault | None]]:
    """Yield all links of a chain, each with its fault, or None."""
    before: Link | None = None
    for link in model._default_manager.order_by("number").iterator(LINKS_AT_A_TIME):
        yield link, find_fault(link, before)
        before = link


def find_fault(link: ChainLink, before: ChainLink | None) -> Fault | None:
    """Return what is wrong with a link, by the one before it."""
    number, previous = (before.number + 1, before.hash) if before else (1, NO_HASH)
    if link.number != number:
        return f"follows seal {number - 1}", f"seal {number} should"
    if link.previous_hash != previous:
        return f"says that the hash before is {link.previous_hash}", f"that is {previous}"
    if (should := hash_link(link.content, previous)) != link.hash:
        return f"has the hash {link.hash}", f"its content gives {should}"
    return None
