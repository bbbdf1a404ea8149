"""Compares locked packages and served scripts with advisories.toml; a known hole exits with 1.

An old list is only reported: a gate must not fail if nobody changed anything.
"""

import datetime as dt
import sys
import tomllib
from pathlib import Path

from packaging.version import Version

from tools.supply_chain.components import Component, read_packages, read_scripts

OLDEST_LIST = dt.timedelta(days=90)


def read_advisories() -> tuple[dt.date, list[dict]]:
    """Return the day of the list's last update, and its entries."""
    listed = tomllib.loads((Path(__file__).parent / "advisories.toml").read_text())
    return listed["checked_on"], listed["advisory"]


def find_holes(components: list[Component], advisories: list[dict]) -> list[str]:
    """Return a sentence for each component that is older than the version without the hole."""
    return [
        f"{component.name} {component.version}: {advisory['id']}, "
        f"mended in {advisory['mended_in']}: {advisory['what']}"
        for component in components
        for advisory in advisories
        if (component.kind, component.name) == (advisory["kind"], advisory["name"])
        and Version(component.version) < Version(advisory["mended_in"])
    ]


def main() -> None:
    checked_on, advisories = read_advisories()
    components = read_packages() + read_scripts()
    holes = find_holes(components, advisories)
    age = dt.datetime.now(dt.UTC).date() - checked_on
    print(f"{len(components)} components, {len(advisories)} advisories as of {checked_on}")
    if age > OLDEST_LIST:
        print(f"The list is {age.days} days old: docs/security.md says how to renew it.")
    sys.exit("\n".join(holes) or None)


if __name__ == "__main__":
    main()
