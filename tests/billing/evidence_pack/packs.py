"""An evidence pack as its recipient has it."""

import subprocess
import sys
import zipfile

from billing.evidence_pack import make_evidence_pack


def unpack(batch, folder):
    with make_evidence_pack(batch) as file, zipfile.ZipFile(file) as archive:
        archive.extractall(folder)
    return folder


def run(folder, *arguments):
    """Return the output of verify.py under the standard library only."""
    command = [sys.executable, "-I", "-S", folder / "verify.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)
