"""Time that GoAccess and AWStats take for a log. Both read and count, and keep no row of a view."""

import shutil
import subprocess
import tempfile
import time
from pathlib import Path

AWSTATS = Path("/usr/lib/cgi-bin/awstats.pl")  # where Debian's package puts it


def time_analyzers(log: Path) -> dict[str, float]:
    """Return {name: seconds} of those that are installed, and say which are not."""
    seconds = {}
    for name, run in {"goaccess": _run_goaccess, "awstats": _run_awstats}.items():
        if shutil.which(name) or (name == "awstats" and AWSTATS.exists()):
            started_at = time.perf_counter()
            run(log)
            seconds[name] = time.perf_counter() - started_at
        else:
            print(f"{name} is not installed: apt-get install {name}")
    return seconds


def _run_goaccess(log: Path) -> None:
    with tempfile.TemporaryDirectory() as directory:
        report = Path(directory) / "report.json"
        command = [
            "goaccess",
            str(log),
            "--log-format=COMBINED",
            "--no-global-config",
            "-o",
            str(report),
        ]
        subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL)
        assert report.stat().st_size  # noqa: S101


def _run_awstats(log: Path) -> None:
    with tempfile.TemporaryDirectory() as directory:
        (Path(directory) / "awstats.site.conf").write_text(
            f'LogFile="{log}"\nLogType=W\nLogFormat=1\nSiteDomain="example.org"\n'
            f'DNSLookup=0\nDirData="{directory}"\n'
        )
        command = ["perl", str(AWSTATS), "-config=site", f"-configdir={directory}", "-update"]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        assert "new qualified records" in done.stdout, done.stdout  # noqa: S101
