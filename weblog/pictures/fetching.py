"""Fetches a picture from another site. Runs outside the application, without Django.

An address comes from a text that anybody may have written, so it must not lead into our own
network. Every address of the host must be public, and the connection goes to the very address that
was looked at: the name is not asked for a second time. Each redirect is looked at in the same way.
"""

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Callable, Collection
from contextlib import closing
from urllib.parse import quote, urljoin, urlsplit

from backoffice.bounded_child import Refused

MAX_BYTES = 10 * 1024 * 1024  # as of an upload, see weblog.pictures.preparing
MOST_REDIRECTS = 5
MOST_SECONDS = 10  # for one step: to connect, or to go on answering
PORTS = {"http": 80, "https": 443}
KINDS = {"image/jpeg", "image/jpg", "image/png", "image/webp", "application/octet-stream"}
REDIRECTS = {301, 302, 303, 307, 308}
SAFE = "/%:=&?~#+!$,;'@()*[]-._|"  # what stands in addresses already
# Addresses that carry another address inside them, so that they count as that one.
CARRIERS = [ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48")]

type Resolve = Callable[[str, int], list[str]]
type Connect = Callable[[tuple[str, int], float], socket.socket]


def run_apart(source, answer):
    """Write the picture at the address in `source`; backoffice.bounded runs this."""
    answer.write(fetch(source.read().decode()))


def resolve_host(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def fetch(
    address: str,
    *,
    kinds: Collection[str] = KINDS,
    resolve: Resolve = resolve_host,
    connect: Connect = socket.create_connection,
) -> bytes:
    """Return the file at a public address. Raises Refused."""
    for _ in range(MOST_REDIRECTS + 1):
        try:
            redirect, content = _ask(address, kinds, resolve, connect)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Refused("Its site does not answer as it should.") from error
        if redirect is None:
            return content
        address = urljoin(address, redirect)
    raise Refused(f"Its address leads to others more than {MOST_REDIRECTS} times.")


def _ask(address, kinds, resolve, connect):
    """Return the address that the site sends us on to, or None and the file."""
    parts = _split(address)
    host, port = parts.hostname, PORTS[parts.scheme]
    public = _find_public(host, port, resolve)
    with closing(http.client.HTTPConnection(host, port, timeout=MOST_SECONDS)) as connection:
        connection.sock = connect((public, port), MOST_SECONDS)
        if parts.scheme == "https":
            context = ssl.create_default_context()
            connection.sock = context.wrap_socket(connection.sock, server_hostname=host)
        target = quote((parts.path or "/") + (f"?{parts.query}" if parts.query else ""), safe=SAFE)
        headers = {"Accept": "image/*", "User-Agent": "Mozilla/5.0 (compatible; picture import)"}
        connection.request("GET", target, headers=headers)
        with connection.getresponse() as response:
            if response.status in REDIRECTS and (redirect := response.getheader("Location")):
                return redirect, b""
            return None, _read(response, kinds)


def _split(address):
    try:
        parts = urlsplit(address.strip())
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise Refused("Its address is not spelled as one.") from error
    if parts.scheme not in PORTS or not host:
        raise Refused("Its address is none of a web page, which starts with https://.")
    if port not in (None, PORTS[parts.scheme]) or "@" in parts.netloc:
        raise Refused("Its address names a port or an account, which public pictures do not need.")
    return parts


def _find_public(host, port, resolve):
    """Return an address of the host to connect to; all of them must be public."""
    try:
        found = resolve(host, port)
    except (OSError, UnicodeError) as error:
        raise Refused(f"There is no site {host}.") from error
    if not found or not all(map(is_public, found)):
        raise Refused("Its address leads into a private network.")
    return found[0]


def is_public(text: str) -> bool:
    """Whether an IP address is one of the public internet."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        carried = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if any(address in network for network in CARRIERS):
            carried = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if carried is not None:
            return is_public(str(carried))
    return address.is_global and not address.is_multicast and not address.is_reserved


def _read(response, kinds):
    if response.status != 200:
        raise Refused(f"Its site answers with {response.status}, not with a picture.")
    kind = (response.getheader("Content-Type") or "").partition(";")[0].strip().lower()
    if kind not in kinds:
        raise Refused(
            f"Its site sends {kind[:60] or 'something without a name'}, not a JPEG, PNG or WebP."
        )
    length = response.getheader("Content-Length") or ""
    content = b"" if length.isdecimal() and int(length) > MAX_BYTES else None
    if content is None:
        content = response.read(MAX_BYTES + 1)
    if not content or len(content) > MAX_BYTES:
        raise Refused("The file is empty or larger than 10 MB.")
    return content
