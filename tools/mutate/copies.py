"""A copy of the code in which mutants live, and the runs of pytest in it."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[1]
PYTEST = [
    sys.executable, "-m", "pytest", "-p", "mutate.watch", "-p", "no:cacheprovider",
    "-q", "--no-header", "--tb=no", "-o", "addopts=",
]  # fmt: skip
IN_ORDER = ["-p", "no:randomly", "--timeout=0", "--hypothesis-seed=0"]


class Copy:
    """The files that git knows, as they stand, in a folder of their own."""

    def __init__(self, root: Path, folder: Path) -> None:
        listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        names = subprocess.run(listed, cwd=root, capture_output=True, text=True, check=True).stdout
        self.folder = folder
        for name in filter(None, names.split("\0")):
            if (root / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(root / name, folder / name)
        (folder / "var").mkdir(exist_ok=True)
        shared = root.parent / "shared"
        if shared.is_dir() and not (folder.parent / "shared").exists():
            (folder.parent / "shared").symlink_to(shared)

    def run(self, arguments: Iterable[str], *, seconds: float | None, **environment: str) -> dict:
        """Run pytest, and return what the plugin told, or why there is nothing to tell."""
        told, tests = self.folder / "var" / "told.json", self.folder / "var" / "arguments"
        told.unlink(missing_ok=True)
        tests.write_text("\n".join(arguments) + "\n")
        env = os.environ | {
            "PYTHONPATH": str(TOOLS),
            "PYTHONDONTWRITEBYTECODE": "1" if environment else "",
            "MUTATE_REPORT": str(told),
        }
        with (self.folder / "var" / "output").open("w+b") as output:
            process = subprocess.Popen(
                [*PYTEST, f"@{tests}"],
                cwd=self.folder,
                env=env | environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                return {"verdict": "timed out", "why": f"No end within {seconds:.0f} s."}
            finally:
                with suppress(ProcessLookupError):  # what the tests started ends with them
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                for left in (self.folder / "var").glob("test-*"):
                    shutil.rmtree(left) if left.is_dir() else left.unlink(missing_ok=True)
            output.seek(0)
            lines = output.read().decode(errors="replace").strip().splitlines()
        if not told.is_file():
            said = next((line for line in reversed(lines) if "Error" in line), "".join(lines[-1:]))
            return {"verdict": "could not run", "why": said[:300]}
        return json.loads(told.read_text()) | {"output": "\n".join(lines[-3:])}

    def write(self, path: str, text: str) -> None:
        """Write a file, and forget what Python compiled of it, whose times are whole seconds."""
        (self.folder / path).write_text(text)
        compiled = (self.folder / path).parent / "__pycache__"
        for old in compiled.glob(f"{Path(path).stem}.*.pyc"):
            old.unlink()
