"""Where settings come from: the process environment first, then what systemd hands over as
credentials, then the file .env beside manage.py.

Cron jobs see almost no environment, so whatever they need must stand in that file.
"""

import contextlib
import os
import secrets
import shlex
import sys
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import available_timezones

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"
# The environment's own name for it: sys.executable is whatever link it was started by.
PYTHON = sys.executable if sys.prefix == sys.base_prefix else f"{sys.prefix}/bin/python"

env = environ.FileAwareEnv()


CREDENTIAL = "imprint_"  # as LoadCredentialEncrypted=imprint:FOLDER names each file


def read_credentials(folder: str) -> None:
    """Read systemd's credentials for this service into the environment, behind what is there.

    They come from files that only this machine can decrypt, and only the service sees them.
    """
    for path in Path(folder).glob(f"{CREDENTIAL}*"):
        os.environ.setdefault(path.name.removeprefix(CREDENTIAL), path.read_text().strip("\n"))


def read_dotenv(path: Path) -> None:
    """Read `path` into the environment, behind what is there. No file is none of our business.

    A file that this user may not read is: everything would go on with defaults, unsaid.
    """
    if path.exists() and not os.access(path, os.R_OK):
        raise ImproperlyConfigured(
            f"The user with the number {os.geteuid()} can't read {path}: run this as its owner."
        )
    env.read_env(path)


if "CREDENTIALS_DIRECTORY" in os.environ:
    read_credentials(os.environ["CREDENTIALS_DIRECTORY"])
read_dotenv(BASE_DIR / ".env")


def make_private_folder(path: Path) -> None:
    """Make the folder at `path`, for this user alone. Where that fails a check names it."""
    with contextlib.suppress(OSError):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)


def resolve_database(name: str) -> str:
    """Return the path of SQLite's file, in this checkout where it is relative; make its folder."""
    if name.startswith((":memory:", "file:")):
        return name
    make_private_folder((BASE_DIR / name).parent)
    return str(BASE_DIR / name)


def quote_for_cron(path: Path | str) -> str:
    r"""Return `path` as a word of a crontab's line, where an unquoted % ends the command."""
    return shlex.quote(str(path)).replace("%", r"\%")


def read_development_key(path: Path) -> str:
    """Return the secret key kept in the file at `path`, made on first use. For DEBUG alone."""
    try:
        make_private_folder(path.parent)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text()
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(50))
    return path.read_text()


def read_machine_zone() -> str:
    """Return the machine's own time zone, in which cron reads its times. Unknown: UTC."""
    _, found, name = os.path.realpath("/etc/localtime").partition("zoneinfo/")
    return name if found and name in available_timezones() else "UTC"


def read_origin(name: str, *, default: str) -> str:
    """Return scheme and host of an address, spelled in the one way that browsers spell them."""
    url = urlsplit(env(name, default=default))
    host = (url.hostname or "").rstrip(".")
    host = f"[{host}]" if ":" in host else host
    port = "" if url.port in (None, {"http": 80, "https": 443}.get(url.scheme)) else f":{url.port}"
    return f"{url.scheme}://{host}{port}"


def read_picture_storage(name: str) -> dict:
    """Return the storage of pictures for settings.STORAGES: a folder, or s3://bucket/path."""
    value = env(name, default="")
    if not value:
        return {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    url = urlsplit(value)
    is_bucket = url.hostname and url.netloc == url.hostname  # no key, and no port of a server
    if url.scheme != "s3" or not is_bucket or url.query or url.fragment:
        raise ImproperlyConfigured(f"{name} reads like s3://bucket or s3://bucket/path.")
    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": url.hostname,
            "location": url.path.strip("/"),
            "file_overwrite": False,
            "default_acl": None,  # nobody reads the bucket but the application
            "endpoint_url": env("AWS_ENDPOINT", default=None),
            "region_name": env("AWS_REGION", default=None),
        },
    }


def read_shared_cache(name: str) -> dict:
    """Return the cache that all machines share: {} for none, or one of redis://host:6379/0.

    What stands behind a ? are the client's options: redis://host:6379/0?socket_timeout=2.
    """
    if not env(name, default=""):
        return {}
    cache = env.cache(name)
    if cache["BACKEND"].rpartition(".")[2] != "RedisCache":
        raise ImproperlyConfigured(f"{name} reads like redis://host:6379/0: Valkey or Redis.")
    options = {"socket_connect_timeout": 1, "socket_timeout": 1} | cache.get("OPTIONS", {})
    return {"shared": cache | {"OPTIONS": options}}


def read_mailer(name: str, *, default: str) -> dict:
    """Return a mailer for settings.MAILERS from a URL such as smtp+tls://user:password@host:587."""
    url = env.email(name, default=default)
    options = {
        "host": url["EMAIL_HOST"],
        "port": url["EMAIL_PORT"],
        "username": url["EMAIL_HOST_USER"],
        "password": url["EMAIL_HOST_PASSWORD"],
        "use_tls": url.get("EMAIL_USE_TLS", False),
        "use_ssl": url.get("EMAIL_USE_SSL", False),
    }
    if url["EMAIL_BACKEND"].endswith("smtp.EmailBackend"):
        options["timeout"] = 10  # seconds: a request may wait for a mail about its failure
    return {
        "BACKEND": url["EMAIL_BACKEND"],
        "OPTIONS": {key: value for key, value in options.items() if value},
    }
