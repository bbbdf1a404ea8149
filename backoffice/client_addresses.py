"""One way to write each reader's network address, however a proxy or a log wrote it."""

import ipaddress
import re

# What may stand around an address: quotes, and the label of RFC 7239 (Forwarded).
_AROUND = re.compile(r'^(?:for=)?["\']?|["\']$', re.IGNORECASE)
_BRACKETED = re.compile(r"\[(?P<address>[^\[\]]*)\](?::[0-9_]*)?")
_IPV4 = re.compile(r"(?P<address>[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+)(?::[0-9]*)?", re.ASCII)
_SHORT_IPV4 = re.compile(r"(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.(?!$)|$)){4}")
_NAME = re.compile(r"(?P<name>[a-z0-9_][a-z0-9_.-]*?)\.?(?::[0-9]+)?", re.ASCII)
_LONGEST = 300  # characters of what may still be an address or a name
_GROUPS = 8  # of a full IPv6 address; a ninth is a port, as some gateways append it bare


def canonical_address(text: str) -> str:
    """Return an IP address in its shortest form (RFC 5952), or "" for what is none.

    Without port, brackets, quotes, zone and leading zeros, in lower case; IPv4 in IPv6 as IPv4.
    Nothing is cached: no process keeps readers' addresses.
    """
    if _SHORT_IPV4.fullmatch(text):
        return text
    if len(text) > _LONGEST or not text.isascii():
        return ""
    text = _AROUND.sub("", text.strip()).strip()
    if (match := _BRACKETED.fullmatch(text)) or (match := _IPV4.fullmatch(text)):
        text = match["address"]
    return _shorten(text.partition("%")[0])


def _shorten(text: str) -> str:
    head, colon, last = text.rpartition(":")
    if text.count(":") == _GROUPS and "::" not in text and last.isdecimal():
        text = head
    if "." in text:
        text = f"{head}{colon}{_without_zeros(last or text)}"
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return ""
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def _without_zeros(text: str) -> str:
    """Return 192.0.2.1 for 192.000.002.001: logs pad with zeros, and nobody writes octal there."""
    parts = text.split(".")
    if all(part.isdecimal() and len(part) <= 3 for part in parts):
        return ".".join(str(int(part)) for part in parts)
    return text


def canonical_client(text: str) -> str:
    """Return the canonical address, or the name of a host in lower case, or the text as it is."""
    if address := canonical_address(text):
        return address
    match = _NAME.fullmatch(text.strip().lower()) if len(text) <= _LONGEST else None
    return match["name"] if match else text


def forwarded_address(forwarded: str, trusted_proxies: int) -> str:
    """Return the address that the outermost of our own proxies saw, or "".

    It is counted from the right of X-Forwarded-For: the reader could have sent anything to the left
    of what our own proxies wrote.
    """
    hops = forwarded.split(",")
    return canonical_address(hops[-trusted_proxies]) if 0 < trusted_proxies <= len(hops) else ""
