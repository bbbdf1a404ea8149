"""System checks of secrets, of the files that hold them, and of host names."""

import datetime as dt
import ipaddress
import stat
from collections import defaultdict
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import Error, Warning, register
from django.http.request import validate_host
from django.utils import timezone

from backoffice.keys import FALLBACK_DAYS, SHORTEST, list_caches, list_secrets
from backoffice.private_files import list_private_files

# Secrets from .env.example, docs/operations.md and other people's examples.
EXAMPLES = {"password", "change-me", "changeme", "secret", "postgres", "example"}
# {setting: how its addresses begin where TLS guards them}
GUARDED = {
    "VIEWS_BROKER": ("tls", "wss"),
    "CACHE_URL": ("rediss", "unix"),
    "SENTRY_DSN": ("https",),
    "AWS_ENDPOINT": ("https",),
}
OTHERS_READ_OR_WRITE = stat.S_IRGRP | stat.S_IWGRP | stat.S_IROTH | stat.S_IWOTH


@register("security")
def check_any_host(app_configs, **kwargs):
    """Warn about *: pages would link to any host name that a request sends."""
    if settings.DEBUG or "*" not in settings.ALLOWED_HOSTS:
        return []
    return [
        Error(
            "ALLOWED_HOSTS has *: the site would answer to any name.",
            hint="List the names by which people reach it.",
            id="backoffice.E030",
        )
    ]


@register("security", deploy=True)
def check_site_url(app_configs, **kwargs):
    url = urlsplit(settings.SITE_URL)
    if url.scheme not in ("http", "https") or not url.hostname:
        return [
            Error(
                f"SITE_URL is {settings.SITE_URL!r}, which is no address.",
                hint="Set it to what people type, such as https://backoffice.example.org",
                id="backoffice.E031",
            )
        ]
    if not validate_host(url.hostname, settings.ALLOWED_HOSTS):
        return [
            Warning(
                f"Links begin with {settings.SITE_URL}, but ALLOWED_HOSTS does not have its name.",
                hint="Readers who follow a link from a mail or a feed would get status 400.",
                id="backoffice.W032",
            )
        ]
    return []


@register("security", deploy=True)
def check_secrets(app_configs, **kwargs):
    uses = defaultdict(list)
    for name, value in list_secrets().items():
        uses[value].append(name)
        if value.lower() in EXAMPLES:
            yield Warning(
                f"{name[0].upper()}{name[1:]} is one from an example.",
                hint="Every reader of the documentation knows it. Choose another.",
                id="backoffice.W033",
            )
        elif len(value) < SHORTEST and not name.startswith("SECRET_KEY"):
            yield Warning(
                f"{name[0].upper()}{name[1:]} has {len(value)} characters.",
                hint=f"Use {SHORTEST} or more, made at random.",
                id="backoffice.W034",
            )
    for names in uses.values():
        if len(names) > 1:
            yield Warning(
                f"One secret serves for {' and for '.join(names)}.",
                hint="Somebody who learns one of them knows the others. Change all but one.",
                id="backoffice.W035",
            )


@register("security", deploy=True)
def check_fallbacks(app_configs, **kwargs):
    """Warn about old fallback keys: replacing a leaked key helps only once the old one is gone."""
    if not settings.SECRET_KEY_FALLBACKS:
        return []
    try:
        since = dt.date.fromisoformat(settings.SECRET_KEY_SINCE)
    except ValueError:
        since = dt.date.min
    if timezone.localdate() - since <= dt.timedelta(days=FALLBACK_DAYS):
        return []
    return [
        Warning(
            f"SECRET_KEY_FALLBACKS holds keys that were replaced over {FALLBACK_DAYS} days ago.",
            hint="Run `manage.py rotate_secret --drop-fallbacks` and restart the web workers.",
            id="backoffice.W036",
        )
    ]


@register("security", deploy=True)
def check_private_files(app_configs, **kwargs):
    for path in list_private_files():
        try:
            mode = path.stat().st_mode
        except OSError:
            continue
        if mode & OTHERS_READ_OR_WRITE:
            yield Warning(
                f"{path} can be read or written by other users of this machine.",
                hint=f"chmod {'700' if path.is_dir() else '600'} {path}",
                id="backoffice.W037",
            )


@register("security", deploy=True)
def check_database_transport(app_configs, **kwargs):
    """Warn about a network without TLS: a listener could read and change bank details."""
    database = settings.DATABASES["default"]
    host = database.get("HOST", "")
    if database["ENGINE"] != "django.db.backends.postgresql" or _is_this_machine(host):
        return []
    mode = database.get("OPTIONS", {}).get("sslmode", "prefer")
    if mode in ("verify-ca", "verify-full"):
        return []
    return [
        Warning(
            f"DATABASE_URL leads over the network to {host}, with sslmode={mode}.",
            hint="Add ?sslmode=verify-full&sslrootcert=/path/to/ca.pem to it. With less, any "
            "server on the way is taken for yours.",
            id="backoffice.W038",
        )
    ]


@register("security", deploy=True)
def check_mail_transport(app_configs, **kwargs):
    """Warn about mail without TLS: mails hold links to new passwords and payments."""
    options = settings.MAILERS["default"].get("OPTIONS", {})
    host = options.get("host", "")
    if _is_this_machine(host) or options.get("use_tls") or options.get("use_ssl"):
        return []
    return [
        Warning(
            f"EMAIL_URL leads over the network to {host}, without TLS.",
            hint="Begin it with smtp+tls:// (usually port 587) or smtp+ssl:// (465).",
            id="backoffice.W039",
        )
    ]


@register("security", deploy=True)
def check_service_transport(app_configs, **kwargs):
    """Warn about services without TLS: a listener could read passwords, views and pictures."""
    for name, urls in _list_services().items():
        for url in urls:
            parts = urlsplit(url if "://" in url else f"//{url}")
            host = parts.hostname or ""
            if not _is_this_machine(host) and parts.scheme not in GUARDED[name]:
                yield Warning(
                    f"{name} leads over the network to {host}, without TLS.",
                    hint=f"Begin it with {GUARDED[name][0]}://, and give the server a certificate.",
                    id="backoffice.W041",
                )
    options = settings.CACHES.get("shared", {}).get("OPTIONS", {})
    if options.get("ssl_cert_reqs", "required") != "required" or not options.get(
        "ssl_check_hostname", True
    ):
        yield Warning(
            "CACHE_URL has an option by which any server on the way is taken for yours.",
            hint="Take ssl_cert_reqs and ssl_check_hostname out of it. For an authority of yours "
            "add ssl_ca_certs=/path/to/ca.pem.",
            id="backoffice.W042",
        )


def _list_services():
    return {
        "VIEWS_BROKER": settings.VIEWS_BROKER,
        "CACHE_URL": list_caches(),
        "SENTRY_DSN": filter(None, [settings.SENTRY_DSN]),
        "AWS_ENDPOINT": filter(None, [settings.BUCKET_ENDPOINT]),
    }


@register("security", deploy=True)
def check_scanner_transport(app_configs, **kwargs):
    """Warn about clamd on another machine: it speaks no TLS, and is sent whole attachments."""
    scanner = settings.VIRUS_SCANNER
    host = scanner.removeprefix("clamd:").rpartition(":")[0]
    if not scanner.startswith("clamd:") or _is_this_machine(host):
        return []
    return [
        Warning(
            f"VIRUS_SCANNER leads over the network to {host}, without TLS, which clamd lacks.",
            hint="Run clamd on this machine, or reach it by a tunnel that begins here.",
            id="backoffice.W043",
        )
    ]


def _is_this_machine(host: str) -> bool:
    """Return whether it is a socket or an address of this machine."""
    if not host or host.startswith(("/", "@")) or host.rstrip(".").lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
