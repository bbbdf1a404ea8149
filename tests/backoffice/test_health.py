import json

import pytest
from django.core import mail
from django.db import OperationalError, connection
from django.test import Client
from django.urls import reverse

from backoffice.checks import check_guards
from backoffice.guards import _all_guards as all_guards
from backoffice.health import checks, registry
from backoffice.health.registry import Result, register_check, run_checks, tell_failing_checks
from backoffice.models import JobRun

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql, pytest.mark.slow]


@pytest.fixture(autouse=True)
def house(settings, monkeypatch):
    """An installation without jobs, with a registry that the test may change."""
    settings.CRONJOBS = []
    settings.DISK_FREE_MB = 0
    for name in ("_checks", "_collectors"):
        monkeypatch.setattr(registry, name, dict(getattr(registry, name)))


def ask(path, **headers):
    return Client().get(path, **headers)


def test_process_lives_without_a_database(django_assert_num_queries):
    with django_assert_num_queries(0):
        response = ask("/healthz")
    assert (response.status_code, response.json()) == (200, {"ok": True})


def test_application_is_ready():
    response = ask("/readyz")
    assert response.status_code == 200
    told = response.json()
    assert told["ok"] is True
    assert {"database", "migrations", "job records", "disk"} <= told["checks"].keys()
    assert all(check["ok"] for check in told["checks"].values())


@pytest.mark.any_database
@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_nothing_but_reading_is_allowed(path, method):
    assert getattr(Client(enforce_csrf_checks=True), method)(path).status_code == 405


@pytest.mark.any_database
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_local_probe_needs_no_host_name_and_no_tls(path, settings):
    settings.ALLOWED_HOSTS = ["backoffice.example.org"]
    settings.SECURE_SSL_REDIRECT = True
    response = ask(path, headers={"host": "127.0.0.1:8000"})
    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store"
    assert not response.cookies


@pytest.mark.any_database
def test_other_addresses_are_held_to_host_and_tls_as_before(settings):
    settings.ALLOWED_HOSTS = ["backoffice.example.org"]
    settings.SECURE_SSL_REDIRECT = True
    assert ask("/healthz/", headers={"host": "127.0.0.1"}).status_code == 400
    assert ask("/readyzz", headers={"host": "backoffice.example.org"}).status_code == 301


@pytest.mark.any_database
@pytest.mark.parametrize(
    "headers",
    [
        {"REMOTE_ADDR": "203.0.113.9"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "203.0.113.9"},  # by our own proxy
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": ""},
        {"REMOTE_ADDR": "", "HTTP_X_FORWARDED_PROTO": "https"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_REAL_IP": "203.0.113.9"},
        {"REMOTE_ADDR": "203.0.113.9", "HTTP_AUTHORIZATION": "Bearer "},
        {"REMOTE_ADDR": "203.0.113.9", "HTTP_AUTHORIZATION": "Bearer wrong"},
        {"REMOTE_ADDR": "203.0.113.9", "HTTP_AUTHORIZATION": "Bearer ünï"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_AUTHORIZATION": "Bearer wrong"},
        {"REMOTE_ADDR": "203.0.113.9", "HTTP_AUTHORIZATION": "Basic a-long-token"},
    ],
)
def test_stranger_learns_whether_all_is_well_and_no_more(settings, headers):
    settings.METRICS, settings.HEALTH_TOKEN, settings.TRUSTED_PROXIES = True, "a-long-token", 1
    register_check("secret", lambda: Result(False, "a secret"))
    response = ask("/readyz", **headers)
    assert (response.status_code, response.json()) == (503, {"ok": False})
    assert ask("/metrics", **headers).status_code == 404


@pytest.mark.any_database
def test_empty_token_opens_nothing(settings):
    settings.HEALTH_TOKEN = ""
    headers = {"REMOTE_ADDR": "203.0.113.9", "HTTP_AUTHORIZATION": "Bearer "}
    assert "checks" not in ask("/readyz", **headers).json()


@pytest.mark.any_database
@pytest.mark.parametrize(
    "headers",
    [
        {"REMOTE_ADDR": "127.0.0.1"},
        {"REMOTE_ADDR": "::1"},
        {"REMOTE_ADDR": ""},  # a unix socket
        {
            "REMOTE_ADDR": "203.0.113.9",
            "HTTP_X_FORWARDED_FOR": "203.0.113.9",
            "HTTP_AUTHORIZATION": "bearer a-long-token",
        },
    ],
)
def test_insider_sees_the_checks(settings, headers):
    settings.METRICS, settings.HEALTH_TOKEN = True, "a-long-token"
    assert "checks" in ask("/readyz", **headers).json()
    assert ask("/metrics", **headers).status_code == 200


@pytest.mark.any_database
def test_check_that_raises_has_failed_and_tells_no_value(caplog):
    def fail():
        raise ValueError("geheim")

    register_check("mine", fail)
    response = ask("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"]["mine"] == {"ok": False, "detail": "ValueError"}


def test_without_a_database_its_checks_are_not_tried(monkeypatch):
    def refuse():
        raise OperationalError("password of the writer is geheim")

    monkeypatch.setattr(connection, "cursor", refuse)
    response = ask("/readyz")
    told = response.json()["checks"]
    assert response.status_code == 503
    assert told["database"] == {"ok": False, "detail": "OperationalError"}
    assert "not tried" in told["migrations"]["detail"]
    assert told["disk"]["ok"]
    assert ask("/healthz").status_code == 200


def test_migration_that_was_not_applied_is_not_ready(monkeypatch):
    monkeypatch.setattr(checks.MigrationExecutor, "migration_plan", lambda self, nodes: [1, 2])
    assert run_checks()["migrations"] == Result(False, "2 unapplied")


@pytest.mark.parametrize("registered", all_guards, ids=lambda guards: guards.app)
def test_missing_guards_of_any_app_are_not_ready(registered, settings):
    settings.METRICS = True
    assert run_checks()["guards"].ok
    registered.remove(connection)
    missing = len(registered.write(connection))
    told = ask("/readyz").json()["checks"]["guards"]
    assert told == {"ok": False, "detail": f"{missing} missing or changed: run migrate"}
    assert 'imprint_ready{check="guards"} 0.0' in ask("/metrics").content.decode()
    (warning,) = check_guards(None, databases=["default"])
    assert f"{registered.app}_guard_" in warning.msg


@pytest.mark.any_database
def test_disk_that_is_nearly_full_is_not_ready(settings):
    settings.DISK_FREE_MB = 10**9
    assert not run_checks()["disk"].ok


@pytest.mark.any_database
def test_answers_are_kept_for_seconds(settings, monkeypatch, django_assert_num_queries):
    from backoffice.health import views

    monkeypatch.setattr(views, "_kept", None)
    settings.READY_SECONDS = 60
    ask("/readyz")
    with django_assert_num_queries(0):
        for _ in range(10):
            ask("/readyz")


@pytest.mark.any_database
def test_failing_check_shows_as_a_number(settings):
    settings.METRICS = True
    register_check("mine", lambda: Result(False))
    text = ask("/metrics").content.decode()
    assert 'imprint_ready{check="mine"} 0.0' in text
    assert 'imprint_ready{check="database"} 1.0' in text


@pytest.mark.any_database
def test_collector_that_raises_hides_no_other(settings):
    settings.METRICS = True

    def fail():
        raise ValueError

    registry._collectors = {"mine": (fail, True)} | registry._collectors
    response = ask("/metrics")
    assert response.status_code == 200
    assert "imprint_job_problem" in response.content.decode()
    assert 'imprint_errors_total{logger="backoffice.health.registry"} 1.0' in (
        ask("/metrics").content.decode()
    )


@pytest.mark.any_database
def test_metrics_are_off_unless_switched_on(settings):
    assert settings.METRICS is False
    assert ask("/metrics").status_code == 404


@pytest.mark.any_database
def test_addresses_have_names():
    assert [reverse(name) for name in ("healthz", "readyz", "metrics")] == [
        "/healthz",
        "/readyz",
        "/metrics",
    ]


def test_run_that_waits_in_a_file_is_told(monkeypatch):
    monkeypatch.setattr(checks.records, "count_left_over", lambda: 2)
    told = json.loads(ask("/readyz").content)["checks"]["job records"]
    assert told == {"ok": False, "detail": "2 runs are not recorded yet"}
    assert not JobRun.objects.exists()


@pytest.mark.any_database
def test_check_that_fails_is_mailed_once_an_hour(settings):
    settings.ADMINS = ["ines@example.org"]
    register_check("mine", lambda: Result(False, "3 missing"))
    register_check("told elsewhere", lambda: Result(False), is_told=False)
    for _ in range(3):
        tell_failing_checks()
    (message,) = mail.outbox
    assert message.subject == "[Imprint] Error: The check mine fails: 3 missing"


@pytest.mark.any_database
def test_probe_that_is_refused_is_no_error_of_a_page(settings):
    settings.ADMINS = ["ines@example.org"]
    register_check("mine", lambda: Result(False))
    assert ask("/readyz").status_code == 503
    assert mail.outbox == []
