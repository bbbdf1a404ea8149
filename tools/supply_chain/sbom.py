"""Write a CycloneDX bill of materials: the locked packages, and the scripts that come along."""

import json
import subprocess
import sys
from pathlib import Path

from tools.supply_chain.components import LOCKS, ROOT, Component, read_packages, read_scripts


def make_sbom() -> dict:
    """Return the document, as a dictionary that json can write."""
    result = subprocess.run(
        [
            Path(sys.executable).with_name("cyclonedx-py"), "requirements", "--output-reproducible",
            "--pyproject=pyproject.toml", "--output-format=JSON", LOCKS[1],
        ],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    document = json.loads(result.stdout)
    delivered = {package.name for package in read_packages(ROOT / LOCKS[0])}
    for component in document["components"]:
        if component["name"].lower() not in delivered:
            component["scope"] = "optional"
    document["components"] += [_describe(script) for script in read_scripts()]
    return document


def _describe(script: Component) -> dict:
    return {
        "type": "library",
        "bom-ref": f"script:{script.path}",
        "name": script.name,
        "version": script.version,
        "purl": f"pkg:npm/{script.name.replace('@', '%40')}@{script.version}",
        "licenses": [{"license": {"id": script.licence}}],
        "hashes": [{"alg": "SHA-256", "content": script.sha256}],
        "properties": [{"name": "served-from", "value": script.path}],
    }


if __name__ == "__main__":
    json.dump(make_sbom(), sys.stdout, indent=1)
