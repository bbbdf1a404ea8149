"""The software of others that we run: locked packages, and scripts inside packages."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# What is delivered, and with it what a house may add: the second has all of the first.
LOCKS = ("requirements.txt", "requirements-scale.txt")
LOCKED = re.compile(r"^([a-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True)
class Component:
    """`kind` is pypi or npm, as in a package URL; `path` is where a script is served from."""

    kind: str
    name: str
    version: str
    licence: str = ""
    path: str = ""
    sha256: str = ""


def read_packages(lock: Path = ROOT / LOCKS[1]) -> list[Component]:
    """Return the locked packages, by default with the optional ones."""
    return [
        Component("pypi", name.lower(), version)
        for name, version in LOCKED.findall(lock.read_text())
    ]


def read_scripts() -> list[Component]:
    """Return the served scripts of others, from scripts.toml."""
    listed = tomllib.loads((Path(__file__).parent / "scripts.toml").read_text())
    return [Component("npm", **script) for script in listed["script"]]


def read_authored_patterns() -> list[str]:
    """Return the paths of scripts that belong to a locked package, or to us."""
    return tomllib.loads((Path(__file__).parent / "scripts.toml").read_text())["authored"]
