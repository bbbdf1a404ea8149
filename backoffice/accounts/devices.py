"""What a person calls the thing that they sign in with. Coarse on purpose: it is kept."""

import re

# The first that is found in the agent names it: most browsers claim to be others as well.
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
    """Return such as “Firefox on Windows”: no version, no model, none of the agent's own words."""
    user_agent = user_agent[:LONGEST_AGENT]
    browser, system = _find(BROWSERS, user_agent), _find(SYSTEMS, user_agent)
    if browser and system:
        return f"{browser} on {system}"
    return browser or (system[0].upper() + system[1:] if system else UNKNOWN)


def _find(names: list[tuple[str, str]], user_agent: str) -> str:
    return next((name for pattern, name in names if re.search(pattern, user_agent)), "")
