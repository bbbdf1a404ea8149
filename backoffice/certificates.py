"""System check of the certificate that browsers are shown at SITE_URL."""

import socket
import ssl
from datetime import UTC, datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import Info, Tags, Warning, register

SECONDS = 5
FEWEST_DAYS = 14  # Let's Encrypt's are renewed 30 days before their end


@register(Tags.database, deploy=True)
def check_certificate(app_configs, databases=(), **kwargs):
    """Ask as a browser would: with `--database` alone, so on a machine that serves."""
    url = urlsplit(settings.SITE_URL)
    if url.scheme != "https":
        return []
    try:
        ends_at = _read_end(url.hostname, url.port or 443)
    except ssl.SSLCertVerificationError as error:
        return [
            Warning(
                f"No browser trusts the certificate of {settings.SITE_URL}: {error.verify_message}",
                hint="Put one that is publicly trusted, with the ones between, in its place: "
                "docs/operations.md, Installing, 7.",
                id="backoffice.W050",
            )
        ]
    except OSError as error:
        return [
            Info(
                f"Nobody answers at {settings.SITE_URL} from here, so its certificate was not "
                f"looked at: {error}",
                hint="Look from a machine that reaches it.",
                id="backoffice.I051",
            )
        ]
    days = (ends_at - datetime.now(UTC)).days
    if days >= FEWEST_DAYS:
        return []
    return [
        Warning(
            f"The certificate of {settings.SITE_URL} ends in {days} days.",
            hint="Look why it was not renewed: `systemctl list-timers certbot.timer`.",
            id="backoffice.W052",
        )
    ]


def _read_end(host: str, port: int) -> datetime:
    """Return until when the certificate is good. One that nobody trusts is an error of ssl's."""
    context = ssl.create_default_context()
    with (
        socket.create_connection((host, port), SECONDS) as plain,
        context.wrap_socket(plain, server_hostname=host) as connection,
    ):
        certificate = connection.getpeercert() or {}  # never empty: it was checked
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(certificate["notAfter"])), UTC)
