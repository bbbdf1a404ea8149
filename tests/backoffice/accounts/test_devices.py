import pytest

from backoffice.accounts.devices import describe_device
from tests.factories import FIREFOX

pytestmark = pytest.mark.any_database

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
PIXEL = "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) "
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        (WINDOWS + "Chrome/140.0.0.0 Safari/537.36", "Chrome on Windows"),
        (WINDOWS + "Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0", "Edge on Windows"),
        (PIXEL + "Chrome/140.0.0.0 Mobile Safari/537.36", "Chrome on an Android phone"),
        (PIXEL + "SamsungBrowser/28 Safari/537.36", "Samsung Internet on an Android tablet"),
        (MAC + "Version/18.5 Safari/605.1.15", "Safari on a Mac"),
        (FIREFOX, "Firefox on Linux"),
        ("curl/8.5", "An unknown device"),
        ("", "An unknown device"),
        ("<script>alert(1)</script> iPhone", "An iPhone"),
        ("Firefox/" + "x" * 100_000, "Firefox"),
    ],
)  # fmt: skip
def test_device_is_named_in_plain_words(user_agent, device):
    assert describe_device(user_agent) == device


def test_longest_name_fits_the_column():
    from backoffice.accounts.devices import BROWSERS, SYSTEMS
    from backoffice.models import AccountSession

    longest = max(len(f"{b} on {s}") for _, b in BROWSERS for _, s in SYSTEMS)
    assert longest <= AccountSession._meta.get_field("device").max_length
