"""Keeps the results of benchmarks in results/ as JSON."""

import datetime as dt
import json
import os
import platform
import sys
from pathlib import Path
from statistics import median, quantiles

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


def sum_up_page(name: str, times: list[float]) -> dict:
    """Return the median and the slowest twentieth of a page's times in milliseconds."""
    return {
        "page": name,
        "median_ms": round(median(times), 1),
        "p95_ms": round(quantiles(times, n=20)[-1], 1),
    }


def exit_if_slow(figures: list[dict], *, limit: int) -> None:
    """End with an error that names the pages whose p95 is over `limit` milliseconds."""
    slow = [each["page"] for each in figures if each.get("p95_ms", 0) > limit]
    if slow:
        sys.exit(f"Over {limit} ms: {', '.join(slow)}")
