"""Keeps the results of benchmarks in results/ as JSON."""

import datetime as dt
import json
import os
import platform
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


def write_results(name: str, figures: list[dict] | dict) -> None:
    RESULTS.mkdir(exist_ok=True)
    result = {
        "measured_on": f"{dt.datetime.now(dt.UTC):%Y-%m-%d}",
        "python": platform.python_version(),
        "processors": os.cpu_count(),
        "figures": figures,
    }
    (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=2) + "\n")
