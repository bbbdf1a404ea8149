import pytest

from backoffice.client_addresses import canonical_address, canonical_client, forwarded_address

pytestmark = pytest.mark.any_database


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        (" 192.0.2.1 ", "192.0.2.1"),
        ("192.0.2.1:40001", "192.0.2.1"),
        ("192.0.2.1:", "192.0.2.1"),
        ("192.000.002.001", "192.0.2.1"),
        ("010.0.0.1", "10.0.0.1"),
        ("[192.0.2.1]:80", "192.0.2.1"),
        ('"192.0.2.1"', "192.0.2.1"),
        ("for=192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::FFFF:c000:0201", "192.0.2.1"),
        ("0:0:0:0:0:ffff:192.000.002.001", "192.0.2.1"),
        ("[::ffff:192.0.2.1]:80", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("2001:DB8::1", "2001:db8::1"),
        ("2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"),
        ("2001:db8:0:0:0:0:0:1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("2001:db8:0:0:0:0:0:1:443", "2001:db8::1"),
        ('For="[2001:db8::1]:4711"', "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("fe80::1%12", "fe80::1"),
        ("[fe80::1%25eth0]:443", "fe80::1"),
        ("::1", "::1"),
    ],
)
def test_each_address_has_one_form(written, address):
    assert canonical_address(written) == canonical_client(written) == address
    assert canonical_address(address) == address


NONE = ["", "-", "unknown", "_hidden", "1.2.3", "1.2.3.4.5", "256.1.1.1", "12345", "[", "a:b"]


@pytest.mark.parametrize("written", [*NONE, "::" * 99, "9" * 10_000, "١.2.3.4", "1.2.3.4, 5.6.7.8"])
def test_what_is_no_address_gives_none(written):
    assert canonical_address(written) == ""


@pytest.mark.parametrize(
    ("written", "client"),
    [
        ("Reader.Example.org", "reader.example.org"),
        ("reader.example.org.", "reader.example.org"),
        ("reader.example.org:40001", "reader.example.org"),
        ("", ""),
        ("-", "-"),
        ("a b", "a b"),
    ],
)
def test_name_of_a_host_has_one_form_too(written, client):
    assert canonical_client(written) == client


@pytest.mark.parametrize(
    ("proxies", "address"),
    [(0, ""), (1, "198.51.100.7"), (2, "203.0.113.9"), (3, ""), (4, "")],
)
def test_forwarded_address_is_counted_from_the_right(proxies, address):
    assert forwarded_address("unknown, 203.0.113.9:1, 198.51.100.7", proxies) == address
