import stat

import pytest

from backoffice.env import read_development_key, read_machine_zone, read_mailer, read_origin


def test_key_is_made_once_for_its_owner_alone(tmp_path):
    path = tmp_path / "var" / "development.key"
    key = read_development_key(path)
    assert len(key) > 50
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_development_key(path) == key
    assert read_development_key(tmp_path / "other.key") != key


@pytest.mark.parametrize(
    ("link", "zone"),
    [
        ("/usr/share/zoneinfo/Europe/Berlin", "Europe/Berlin"),
        ("/usr/share/zoneinfo/Etc/UTC", "Etc/UTC"),
        ("/usr/share/zoneinfo/Nowhere", "UTC"),
        ("/etc/localtime", "UTC"),
    ],
)
def test_zone_of_the_machine_is_what_its_clock_is_linked_to(monkeypatch, link, zone):
    monkeypatch.setattr("os.path.realpath", lambda path: link)
    assert read_machine_zone() == zone


def test_mail_server_that_hangs_is_given_up(monkeypatch):
    monkeypatch.setenv("EMAIL_URL", "smtp+tls://user:password@mail.example.org:587")
    assert read_mailer("EMAIL_URL", default="")["OPTIONS"]["timeout"] == 10
    monkeypatch.setenv("EMAIL_URL", "consolemail://")
    assert "timeout" not in read_mailer("EMAIL_URL", default="")["OPTIONS"]


@pytest.mark.parametrize(
    ("given", "spelled"),
    [
        ("https://Example.ORG/", "https://example.org"),
        ("https://example.org.:443/path?x", "https://example.org"),
        ("http://example.org:80", "http://example.org"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("https://[2001:DB8::1]:8443", "https://[2001:db8::1]:8443"),
    ],
)
def test_origin_is_spelled_as_browsers_do(monkeypatch, given, spelled):
    monkeypatch.setenv("SITE_URL", given)
    assert read_origin("SITE_URL", default="") == spelled
