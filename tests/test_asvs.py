"""Requirements of OWASP ASVS 5.0 that no other test shows. docs/security.md says which."""

import ast
import datetime as dt
import re
import secrets
from functools import cache

import pytest
import time_machine
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from django.conf import settings as project
from django.contrib.auth.models import User
from django.core.management import call_command
from django.urls import NoReverseMatch, get_resolver, reverse
from django.urls.resolvers import URLPattern

from backoffice import settings as installed
from tests.backoffice.accounts.signing_in import (
    PASSWORD,
    code_now,
    enter_password,
    give_app,
    make_person,
)
from tests.factories import make_blog, make_groups, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

OUTSIDE = {"random", "requests", "httpx", "urllib3", "aiohttp", "ftplib", "telnetlib"}
OUTSIDE |= {"smtplib.SMTP", "smtplib.SMTP_SSL"}  # its errors may be named: Django sends the mails
OUTSIDE |= {"urllib.request", "http.client", "pickle", "marshal", "shelve", "dill", "xmlrpc"}
PICTURES = "weblog/pictures/fetching.py"
RUNNING_TEXT = {"eval", "exec", "__import__", "mark_safe", "Template", "from_string"}
RUNNING_TEXT |= {"system", "popen", "getoutput", "md5", "sha1"}


@cache
def ours():
    """Return (path, node) of each import and each call in our code."""
    return [
        (str(path.relative_to(project.BASE_DIR)), node)
        for app in ("backoffice", "weblog", "billing")
        for path in (project.BASE_DIR / app).rglob("*.py")
        if "migrations" not in path.parts
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom | ast.Call)
    ]


def imports(node):
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    if isinstance(node, ast.ImportFrom):
        return {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}
    return set()


def test_nothing_of_ours_asks_another_server_or_guesses_a_number():
    """Nobody makes us ask an address (mails, errors and the database go where .env says), no
    number is of a generator that can be foretold, and no object is made of bytes. Only pictures
    are fetched, from public addresses alone: tests/weblog/pictures/test_fetching.py."""
    found = [(path, name) for path, node in ours() for name in imports(node) & OUTSIDE]
    assert [(str(path), name) for path, name in found] == [(PICTURES, "http.client")]
    assert [path for path, node in ours() if called(node) in {"SMTP", "SMTP_SSL"}] == []


def called(node):
    if not isinstance(node, ast.Call):
        return ""
    return getattr(node.func, "id", getattr(node.func, "attr", ""))


@pytest.mark.thorough
def test_nothing_of_ours_runs_a_text_or_hashes_weakly():
    found = [
        (path, node.lineno)
        for path, node in ours()
        if called(node) in RUNNING_TEXT
        or any(keyword.arg == "shell" for keyword in getattr(node, "keywords", ()))
    ]
    assert found == []


@pytest.mark.thorough
def test_html_is_built_of_constants_and_escaped_values():
    """format_html escapes what is put in; what it is put into stands in the code."""
    constants = {"link", "LOOK_AT"}
    found = [
        (path, node.lineno)
        for path, node in ours()
        if called(node) in ("format_html", "format_html_join")
        and not isinstance(node.args[0], ast.Constant)
        and getattr(node.args[0], "id", "") not in constants
    ]
    assert found == []


def pages(patterns=None):
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(pattern, URLPattern):
            yield pattern
        else:
            yield from pages(pattern.url_patterns)


def test_no_page_takes_a_post_without_its_token(rf):
    """The public pages ask for no token because they take no post at all."""
    exempt = [page.callback for page in pages() if getattr(page.callback, "csrf_exempt", False)]
    assert [page(rf.post("/")).status_code for page in exempt] == [405] * len(exempt)
    assert 0 < len(exempt) < 20
    assert len(list(pages())) > 100


@pytest.fixture
def as_installed(settings):
    """The settings that the tests switch off, as an installation has them."""
    for name in ("SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "SECURE_HSTS_SECONDS"):
        setattr(settings, name, getattr(installed, name))
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.SECURE_SSL_REDIRECT = True


def test_every_cookie_is_bound_to_this_host(as_installed, client):
    make_groups("10_groups.json")
    editor = make_person("edda", groups=["Editors"])
    enter_password(client, editor, secure=True)
    url = reverse("admin:weblog_category_add")
    client.post(url, {"name": "Sea", "slug": "sea"}, secure=True)  # leaves a message
    assert {"__Host-sessionid", "__Host-csrftoken", "__Host-messages"} <= client.cookies.keys()
    for name, cookie in client.cookies.items():
        assert name.startswith("__Host-"), name
        assert (cookie["secure"], cookie["path"], cookie["domain"]) == (True, "/", ""), name
        assert (cookie["httponly"], cookie["samesite"]) == (True, cookie["samesite"]), name
        assert cookie["samesite"] in ("Lax", "Strict"), name
        assert len(name) + len(cookie.value) < 4096


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/blogs/sea/", 200),
        ("/feed/", 200),
        ("/sitemap.xml", 200),
        ("/robots.txt", 200),
        ("/nothing/", 404),
        ("/admin/", 200),
        ("/admin/weblog/blog/", 200),
        ("/admin/nothing/", 404),
    ],
)
def test_every_answer_has_its_headers(as_installed, admin_client, path, status):
    make_blog(slug="sea")
    response = admin_client.get(path, secure=True)
    assert response.status_code == status
    assert response["Strict-Transport-Security"].startswith("max-age=31536000; includeSubDomains")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"
    policy = response["Content-Security-Policy"]
    assert "object-src 'none'" in policy or "default-src 'none'" in policy
    for directive in ("base-uri 'none'", "frame-ancestors ", "default-src "):
        assert directive in policy, directive
    for word in ("'unsafe-eval'", "*", "http:", "https:"):
        assert word not in policy, word
    assert "Access-Control-Allow-Origin" not in response
    kind = response["Content-Type"]
    assert "charset=" in kind or not kind.startswith(("text/", "application/xml"))


@pytest.mark.thorough
def test_what_staff_see_is_kept_by_no_browser(admin_client):
    seen = set()
    for page in pages():
        try:
            url = reverse(f"admin:{page.name}")
        except NoReverseMatch:
            continue  # it takes a row, or is no page of the admin
        response = admin_client.get(url)
        if response.status_code == 200 and page.name != "jsi18n":  # words of Django, no data
            seen.add(page.name)
            assert "no-store" in response.get("Cache-Control", ""), url
    assert {"index", "password_change", "billing_payment_changelist", "auth_user_add"} <= seen


@pytest.mark.thorough
def test_every_page_of_staff_leads_out(admin_client):
    for name in ("index", "weblog_blog_changelist", "weblog_blog_add", "backoffice_account"):
        text = admin_client.get(reverse(f"admin:{name}")).text
        assert f'action="{reverse("admin:logout")}"' in text, name


def test_form_is_read_from_the_body_alone(admin_client):
    url = reverse("admin:weblog_category_add")
    admin_client.post(f"{url}?name=Sea&slug=sea")
    admin_client.post(f"{url}?name=Sea", {"slug": "sea"})
    assert not get_category("sea")
    admin_client.post(f"{url}?name=Land", {"name": ["Land", "Sea"], "slug": "sea"})
    assert get_category("sea").name == "Sea"  # of two values the last, whatever the address says


def get_category(slug):
    from weblog.models import Category

    return Category.objects.filter(slug=slug).first()


@pytest.mark.parametrize("name", ["admin:login", "admin:password_change"])
def test_passwords_are_masked_and_can_be_pasted(admin_client, client, name):
    page = (client if name == "admin:login" else admin_client).get(reverse(name)).text
    fields = re.findall(r"<input[^>]*password[^>]*>", page)
    assert fields
    for field in fields:
        assert 'type="password"' in field
        assert "onpaste" not in field
        assert "maxlength" not in field
        assert 'autocomplete="off"' not in field


def test_installation_brings_no_account():
    for fixture in ("10_groups", "30_billing_groups"):
        call_command("loaddata", fixture, verbosity=0)
    assert not User.objects.exists()


def test_debug_is_off_unless_asked_for():
    text = (project.BASE_DIR / "backoffice" / "settings.py").read_text()
    assert 'DEBUG = env.bool("DEBUG", default=False)' in text
    assert installed.DEBUG is False
    assert "DEBUG=0" in (project.BASE_DIR / ".env.example").read_text().splitlines()


def test_session_key_has_more_than_128_bits(client):
    keys = set()
    for _ in range(3):
        enter_password(client, make_person())
        keys.add(client.session.session_key)
        client.logout()
    assert len(keys) == 3
    for key in keys:
        assert re.fullmatch(r"[a-z0-9]{32}", key)  # 32 of 36 letters are 165 bits


def test_confirming_brings_a_new_session_key(client, settings):
    settings.REAUTHENTICATE_MINUTES = 15
    user = give_app(make_person())
    client.force_login(user)
    before = client.session.session_key
    client.post(reverse("mfa_reauthenticate"), {"code": code_now()})
    after = client.session.session_key
    assert after != before
    assert not client.session.exists(before)
    assert client.session.exists(after)


def test_secrets_of_factors_come_from_the_systems_generator(monkeypatch):
    asked = []
    for name in ("token_bytes", "token_hex"):
        original = getattr(secrets, name)
        monkeypatch.setattr(
            secrets, name, lambda size, original=original: asked.append(size) or original(size)
        )
    totp.generate_totp_secret()
    RecoveryCodes.generate_seed()
    assert len(asked) >= 2
    assert min(asked) * 8 >= 128


def test_code_of_an_app_lives_for_30_seconds_unless_asked_otherwise():
    text = (project.BASE_DIR / "backoffice" / "settings.py").read_text()
    assert 'MFA_TOTP_TOLERANCE = env.int("TOTP_TOLERANCE", default=0)' in text
    lines = (project.BASE_DIR / ".env.example").read_text().splitlines()
    assert "#TOTP_TOLERANCE=0" in lines


def test_recovery_code_has_more_than_20_bits():
    codes = RecoveryCodes.activate(make_user()).generate_codes()
    assert len(set(codes)) == len(codes) == 10
    assert all(re.fullmatch(r"\d{8,}", code) for code in codes)  # 26 bits


def test_token_of_a_reset_does_not_stay_in_the_address(client):
    from django.contrib.auth.tokens import default_token_generator
    from django.utils.http import urlsafe_base64_encode

    user = make_person()
    token = default_token_generator.make_token(user)
    uid = urlsafe_base64_encode(str(user.pk).encode())
    response = client.get(reverse("password_reset_confirm", args=[uid, token]))
    assert response.status_code == 302
    assert token not in response.url
    page = client.get(response.url)
    assert page["Referrer-Policy"] == "same-origin"
    assert token not in page.text


def test_wrong_password_is_as_good_as_no_password(client):
    user = make_person()
    for password in (PASSWORD.upper(), PASSWORD[:-1], f"{PASSWORD} ", f" {PASSWORD}"):
        assert enter_password(client, user, password).status_code == 200


def test_password_stays_good_for_years(client):
    with time_machine.travel("2026-11-27 10:00:00+00:00") as clock:
        user = make_person()
        clock.shift(dt.timedelta(days=3 * 365))
        enter_password(client, user)
        assert client.get(reverse("admin:index")).status_code == 200


def test_session_that_was_left_opens_nothing_by_its_old_cookie(client):
    enter_password(client, make_person())
    old = client.cookies[project.SESSION_COOKIE_NAME].value
    client.post(reverse("admin:logout"))
    client.cookies[project.SESSION_COOKIE_NAME] = old
    assert client.get(reverse("admin:index")).status_code == 302
