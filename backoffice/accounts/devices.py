"""A coarse name of a device, because the database keeps it."""

import re

# The first match in the agent wins, because most browsers also claim to be others.
BROWSERS = [
    (r"Edg(e|A|iOS)?/", "Edge"),
    (r"OPR/|Opera", "Opera"),
    (r"SamsungBrowser/", "Samsung Internet"),
    (r"Firefox/|FxiOS/", "Firefox"),
    (r"Chrome/|Chromium/|CriOS/", "Chrome"),
    (r"Safari/", "Safari"),
]
SYSTEMS = [
    (r"iPhone", "an iPhone"),
    (r"iPad", "an iPad"),
    (r"Android.*Mobile", "an Android phone"),
    (r"Android", "an Android tablet"),
    (r"CrOS", "a Chromebook"),
    (r"Windows", "Windows"),
    (r"Mac OS X|Macintosh", "a Mac"),
    (r"Linux|X11", "Linux"),
]
UNKNOWN = "An unknown device"
LONGEST_AGENT = 500


def describe_device(user_agent: str) -> str:
    """Return a name such as “Firefox on Windows”, without version, model or text of the agent."""
    user_agent = user_agent[:LONGEST_AGENT]
    browser, system = _find(BROWSERS, user_agent), _find(SYSTEMS, user_agent)
    if browser and system:
        return f"{browser} on {system}"
    return browser or (system[0].upper() + system[1:] if system else UNKNOWN)


def _find(names: list[tuple[str, str]], user_agent: str) -> str:
    return next((name for pattern, name in names if re.search(pattern, user_agent)), "")
