"""Every served script and every package is known, and so are their holes."""

import datetime as dt
import hashlib
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders

from tools.supply_chain import audit, sbom
from tools.supply_chain.components import (
    LOCKS,
    ROOT,
    Component,
    read_authored_patterns,
    read_packages,
    read_scripts,
)

pytestmark = [pytest.mark.any_database, pytest.mark.slow]

FILES = {path for finder in finders.get_finders() for path, _ in finder.list([])}
SCRIPTS = sorted(path for path in FILES if Path(path).suffix in {".js", ".mjs"})


def test_each_script_that_is_served_is_listed_with_its_hash():
    listed = {script.path: script.sha256 for script in read_scripts()}
    served = {
        path: hashlib.sha256(Path(finders.find(path)).read_bytes()).hexdigest()
        for path in SCRIPTS
        if not any(Path(path).match(pattern) for pattern in read_authored_patterns())
    }
    assert served == listed


def test_ours_stand_in_for_the_scripts_of_the_theme():
    alpine, editor = "unfold/js/alpine/alpine.js", "unfold/forms/js/trix/trix.js"
    assert next(one for one in read_scripts() if one.path == alpine).version == "3.17.4"
    assert '"3.17.4"' in Path(finders.find(alpine)).read_text()
    assert len(Path(finders.find(editor)).read_text().splitlines()) == 1
    assert all("backoffice" in Path(finders.find(path)).parts for path in (alpine, editor))


def test_no_known_hole_is_open_and_the_list_is_young():
    checked_on, advisories = audit.read_advisories()
    assert audit.find_holes(read_packages() + read_scripts(), advisories) == []
    assert checked_on >= dt.date(2026, 11, 27)


def test_a_version_that_was_mended_later_is_named():
    _, advisories = audit.read_advisories()
    holes = audit.find_holes([Component("npm", "jquery", "3.4.1")], advisories)
    assert len(holes) == 1
    assert "CVE-2020-11022, mended in 3.5.0" in holes[0]


def test_each_advisory_is_about_something_that_we_run():
    ours = {(one.kind, one.name) for one in read_packages() + read_scripts()}
    _, advisories = audit.read_advisories()
    assert {(advisory["kind"], advisory["name"]) for advisory in advisories} <= ours


def test_optional_parts_are_looked_at_too():
    """Those of requirements-scale.txt, which has all of requirements.txt in the same versions."""
    delivered, optional = (read_packages(ROOT / name) for name in LOCKS)
    assert set(delivered) <= set(optional)
    assert {one.name for one in read_packages()} >= {"duckdb", "nats-py", "redis", "boto3"}
    assert audit.find_holes(
        read_packages(),
        [{"kind": "pypi", "name": "nats-py", "mended_in": "99", "id": "X", "what": ""}],
    )


@pytest.mark.thorough
def test_bill_of_materials_is_valid_and_names_packages_and_scripts(tmp_path):
    # Here: it builds forty parsers, which would take each worker over a second.
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    document = sbom.make_sbom()
    names = {component["name"] for component in document["components"]}
    assert {"django", "psycopg", "django-prose-editor", "@alpinejs/csp", "htmx.org"} <= names
    optional = {one["name"] for one in document["components"] if one.get("scope") == "optional"}
    assert {"duckdb", "nats-py", "redis", "obstore", "boto3"} <= optional
    assert "django" not in optional
    assert len(document["components"]) == len(read_packages()) + len(read_scripts())
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(sbom.json.dumps(document)) is None
