import pytest
from django.test import RequestFactory

from backoffice.middleware import ClientAddressMiddleware

pytestmark = pytest.mark.any_database


def ask(**headers):
    request = RequestFactory().get("/", **headers)
    return ClientAddressMiddleware(lambda request: request.META["REMOTE_ADDR"])(request)


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "203.0.113.9", "127.0.0.1"),  # nobody is trusted, whatever the reader writes
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "10.0.0.1, 203.0.113.9", "203.0.113.9"),  # what stands left was sent by the reader
        (2, "203.0.113.9, 198.51.100.7", "203.0.113.9"),
        (2, "10.0.0.1, 203.0.113.9, 198.51.100.7", "203.0.113.9"),
        (2, "203.0.113.9", "127.0.0.1"),  # it came past one of the two
        (1, "203.0.113.9, ", "127.0.0.1"),
        (1, "", "127.0.0.1"),
        (1, "2001:db8::1", "2001:db8::1"),
        (1, "203.0.113.77:40001", "203.0.113.77"),
        (1, "[2001:DB8:0:0::1]:443", "2001:db8::1"),
        (2, '"::ffff:192.0.2.1", 10.0.0.1:80', "192.0.2.1"),
        (1, "unknown", "127.0.0.1"),  # by RFC 7239 a proxy may hide whom it serves
    ],
)
def test_forwarded_address_is_counted_from_the_right(settings, proxies, forwarded, address):
    settings.TRUSTED_PROXIES = proxies
    assert ask(HTTP_X_FORWARDED_FOR=forwarded) == address


def test_without_the_header_nothing_changes(settings):
    settings.TRUSTED_PROXIES = 1
    assert ask() == "127.0.0.1"


def test_address_that_connects_has_one_form_too():
    assert ask(REMOTE_ADDR="::ffff:192.0.2.1") == "192.0.2.1"
    assert ask(REMOTE_ADDR="") == ""  # a unix socket
