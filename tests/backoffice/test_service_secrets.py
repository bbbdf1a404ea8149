"""The secrets of other services (broker, cache, bucket, Sentry), and TLS on the way to them."""

import re

import pytest
from django.conf import settings as project
from django.core.checks import run_checks

from backoffice import key_checks
from backoffice.env import env, read_shared_cache
from backoffice.keys import list_secrets
from backoffice.scrubbing import scrub

pytestmark = pytest.mark.any_database

EXAMPLE = (project.BASE_DIR / ".env.example").read_text()
LONG = "kT2vYw9Qm4Lz7Rb1Xc8N"
# What may look like a secret by its name and is none.
NO_SECRETS = {
    "SECRET_KEY_SINCE",  # a date
    "PAYEE_KEYS_FILE",  # a path; the file is on the list of private files
    "PASSWORD_LENGTH",
    "CHANGE_KNOWN_PASSWORDS",
    "PASSWORD_RESET_MINUTES",
    "AWS_ACCESS_KEY_ID",  # a name
    "SITE_URL",  # our own
    "PICTURES_URL",  # refused with a password: read_picture_storage
    "ARCHIVE_URL",  # the same: billing.E010
}


@pytest.fixture(autouse=True)
def nothing_set(settings):
    settings.SECRET_KEY = "k" * 60
    settings.VIEWS_BROKER, settings.SENTRY_DSN, settings.VIRUS_SCANNER = [], "", ""
    settings.BUCKET_SECRET = settings.BUCKET_ENDPOINT = ""
    settings.CACHES = {"default": settings.CACHES["default"]}


def set_one(settings, monkeypatch, name, value):
    """Set it as the file .env would."""
    monkeypatch.setenv(name, value)
    if name == "CACHE_URL":
        settings.CACHES = settings.CACHES | read_shared_cache(name)
    elif name == "VIEWS_BROKER":
        settings.VIEWS_BROKER = env.list(name)
    elif name.startswith("AWS_"):
        ours = {"AWS_SECRET_ACCESS_KEY": "BUCKET_SECRET", "AWS_ENDPOINT": "BUCKET_ENDPOINT"}
        setattr(settings, ours[name], value)
    elif name == "DATABASE_URL":
        monkeypatch.setitem(settings.DATABASES["default"], "PASSWORD", env.db(name)["PASSWORD"])
    elif name == "EMAIL_URL":
        options = {"password": env.email(name)["EMAIL_HOST_PASSWORD"]}
        settings.MAILERS = {"default": settings.MAILERS["default"] | {"OPTIONS": options}}
    elif name == "SECRET_KEY_FALLBACKS":
        settings.SECRET_KEY_FALLBACKS = [value]
    elif name == "FACTOR_KEY":
        settings.FACTOR_KEYS = [value]
    else:
        setattr(settings, name, value)


def find(tag="security"):
    found = run_checks(tags=[tag], include_deployment_checks=True)
    return [(message.id, message.msg) for message in found]


OF_SERVICES = [
    ("VIEWS_BROKER", "tls://u:{}@broker.example.org", "the password in VIEWS_BROKER"),
    ("VIEWS_BROKER", "tls://{}@broker.example.org", "the password in VIEWS_BROKER"),
    ("VIEWS_BROKER", "u:{}@broker.example.org:4222", "the password in VIEWS_BROKER"),
    ("CACHE_URL", "rediss://:{}@cache.example.org/0", "the password in CACHE_URL"),
    ("CACHE_URL", "rediss://u:{}@one,two", "the password in CACHE_URL"),
    ("CACHE_URL", "rediss://cache.example.org/0?password={}", "the password in CACHE_URL"),
    ("AWS_SECRET_ACCESS_KEY", "{}", "AWS_SECRET_ACCESS_KEY"),
    ("SENTRY_DSN", "https://{}@sentry.example.org/1", "the key in SENTRY_DSN"),
    ("SENTRY_DSN", "https://public:{}@sentry.example.org/1", "the key in SENTRY_DSN"),
]


@pytest.mark.parametrize(("name", "form", "words"), OF_SERVICES)
def test_secret_of_a_service_is_checked_like_that_of_the_database(
    settings, monkeypatch, name, form, words
):
    begins = words[0].upper() + words[1:]
    set_one(settings, monkeypatch, name, form.format("secret"))
    assert ("backoffice.W033", f"{begins} is one from an example.") in find()
    set_one(settings, monkeypatch, name, form.format("x"))
    assert ("backoffice.W034", f"{begins} has 1 characters.") in find()
    set_one(settings, monkeypatch, name, form.format(LONG))
    assert not [message for message in find() if words in message[1]]
    settings.HEALTH_TOKEN = LONG
    assert any(id == "backoffice.W035" and words in text for id, text in find())


@pytest.mark.parametrize(("name", "form", "words"), OF_SERVICES)
def test_secret_of_a_service_stays_out_of_logs(settings, monkeypatch, name, form, words):
    set_one(settings, monkeypatch, name, form.format(LONG))
    assert LONG not in scrub(f"The service does not know {LONG} at all")
    assert LONG not in str(find())


def test_servers_that_share_a_password_have_one_and_others_are_numbered(settings):
    settings.VIEWS_BROKER = [f"tls://u:{LONG}@{host}" for host in ("one", "two")]
    assert not [text for id, text in find() if id == "backoffice.W035"]
    settings.VIEWS_BROKER.append("tls://u:secret@three")
    assert "The password in VIEWS_BROKER (2) is one from an example." in dict(find()).values()


def list_set_in_example():
    """Return {name: value} of all settings in .env.example, those in remarks as well."""
    found = dict(re.findall(r"^#?([A-Z][A-Z0-9_]+)=(.*)$", EXAMPLE, re.MULTILINE))
    return dict.fromkeys(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", EXAMPLE), "") | found


def list_secret_names():
    """Return those that are secret by their name, or are an address that may have a password."""
    named = re.compile(r"SECRET|TOKEN|PASSWORD|(?<![A-Z])KEYS?(?![A-Z])|DSN|_URL$")
    return sorted(
        name
        for name, value in list_set_in_example().items()
        if name not in NO_SECRETS and (named.search(name) or re.search(r"://[^/]*@", value))
    )


FORMS = {
    "DATABASE_URL": "postgres://u:{}@db/imprint",
    "EMAIL_URL": "smtp+tls://u:{}@mail",
    "CACHE_URL": "rediss://:{}@cache/0",
    "VIEWS_BROKER": "tls://u:{}@broker",
    "SENTRY_DSN": "https://{}@sentry/1",
}


def test_example_has_what_it_is_searched_for():
    assert {"SECRET_KEY", "AWS_SECRET_ACCESS_KEY", *FORMS} <= set(list_secret_names())


@pytest.mark.parametrize("name", list_secret_names())
def test_each_secret_of_the_example_is_known_to_the_check(settings, monkeypatch, name):
    set_one(settings, monkeypatch, name, FORMS.get(name, "{}").format(LONG))
    assert LONG in list_secrets().values()


@pytest.mark.parametrize("name", list_secret_names())
def test_each_secret_of_the_example_has_a_row_in_the_documents(name):
    text = (project.BASE_DIR / "docs/operations.md").read_text()
    rows = text.partition("\n## Secrets\n")[2].partition("\n## ")[0]
    assert re.search(rf"^\| [^|]*`{name.removesuffix('_FALLBACKS')}`", rows, re.MULTILINE)


@pytest.mark.parametrize(
    ("name", "url", "host"),
    [
        ("VIEWS_BROKER", "nats://u:p@10.0.0.1", "10.0.0.1"),
        ("VIEWS_BROKER", "u:p@10.0.0.1:4222", "10.0.0.1"),
        ("VIEWS_BROKER", "ws://broker.example.org", "broker.example.org"),
        ("VIEWS_BROKER", "tls://one,nats://two", "two"),
        ("VIEWS_BROKER", "nats://127.0.0.1:4222", ""),
        ("VIEWS_BROKER", "tls://10.0.0.1,tls://10.0.0.2", ""),
        ("CACHE_URL", "redis://:p@10.0.0.5", "10.0.0.5"),
        ("CACHE_URL", "rediss://:p@10.0.0.5", ""),
        ("CACHE_URL", "redis://localhost:6379/0", ""),
        ("CACHE_URL", "redis:///run/valkey.sock?db=1", ""),
        ("SENTRY_DSN", "http://key@sentry.example.org/1", "sentry.example.org"),
        ("SENTRY_DSN", "https://key@sentry.example.org/1", ""),
        ("AWS_ENDPOINT", "http://s3.example.org:9000", "s3.example.org"),
        ("AWS_ENDPOINT", "http://[::1]:9000", ""),
        ("AWS_ENDPOINT", "https://s3.example.org", ""),
    ],
)
def test_service_over_the_network_needs_tls(settings, monkeypatch, name, url, host):
    set_one(settings, monkeypatch, name, url)
    found = [text for id, text in find() if id == "backoffice.W041"]
    assert found == ([f"{name} leads over the network to {host}, without TLS."] if host else [])


@pytest.mark.parametrize(
    ("option", "number"),
    [
        ("ssl_cert_reqs=none", 1),
        ("ssl_cert_reqs=optional", 1),
        ("ssl_check_hostname=False", 1),
        ("ssl_cert_reqs=required&ssl_ca_certs=/a.pem", 0),
    ],
)
def test_certificate_of_the_cache_is_verified(settings, monkeypatch, option, number):
    set_one(settings, monkeypatch, "CACHE_URL", f"rediss://cache.example.org/0?{option}")
    assert len([id for id, _ in find() if id == "backoffice.W042"]) == number


@pytest.mark.parametrize(
    ("scanner", "number"),
    [
        ("", 0),
        ("clamd:/run/clamav/clamd.ctl", 0),
        ("clamd:127.0.0.1:3310", 0),
        ("clamd:10.0.0.9:3310", 1),
        ("clamdscan --stream -", 0),
    ],
)
def test_scanner_over_the_network_is_named(settings, scanner, number):
    settings.VIRUS_SCANNER = scanner
    assert len(key_checks.check_scanner_transport(None)) == number
