"""All evidence of one approved batch in a .zip, with a program that proves it without ours.

tables and signatures write what goes in; files/verify.py goes in as it stands, and needs nothing
but Python. Start with make_evidence_pack below.
"""

import csv
import hashlib
import io
import json
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import batched, chain
from pathlib import Path
from typing import IO

from backoffice.spreadsheets import guard_cell
from billing.errors import WrongStatus
from billing.evidence_pack.signatures import describe_approvals, describe_batch
from billing.evidence_pack.tables import TABLES
from billing.models import PayoutBatch
from billing.proof.digests import encode_canonical, hash_text
from billing.proof.sealing import name_batch

SCRIPTS = Path(__file__).parent / "files"
EPOCH = (1980, 1, 1, 0, 0, 0)  # of every file, so that the same rows give the same bytes
READABLE_BY_ALL = 0o644 << 16
KEPT_IN_MEMORY = 10_000_000  # bytes
ROWS_AT_A_TIME = 1_000


def name_pack(batch: PayoutBatch) -> str:
    return f"evidence-{name_batch(batch)}.zip"


def make_evidence_pack(batch: PayoutBatch) -> IO[bytes]:
    """Return a temporary file with the pack, rewound. Raises WrongStatus before approval.

    The same rows give the same bytes. Memory holds a portion of rows.
    """
    if batch.status not in (PayoutBatch.Status.APPROVED, PayoutBatch.Status.PAID):
        raise WrongStatus(f"The batch of {batch} has no evidence pack before it is approved.")
    file = tempfile.SpooledTemporaryFile(max_size=KEPT_IN_MEMORY)  # noqa: SIM115
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        digests = {name: _write(archive, name, content) for name, content in _list_files(batch)}
        _write(archive, "digests.json", [_encode_json(digests)])
    file.seek(0)
    return file


def _list_files(batch: PayoutBatch) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Yield each file's name and its content, in portions."""
    for script in sorted(SCRIPTS.iterdir()):
        if script.is_file():
            yield script.name, [script.read_bytes()]
    yield "approvals.json", [_encode_json(describe_approvals(batch))]
    yield "batch.json", [_encode_json(describe_batch(batch))]
    for name, (columns, list_rows) in sorted(TABLES.items()):
        yield name, _encode_table(columns, list_rows(batch))


def _write(archive: zipfile.ZipFile, name: str, content: Iterable[bytes]) -> str:
    """Add a file to the archive and return its SHA-256."""
    sha256 = hashlib.sha256()
    info = zipfile.ZipInfo(name, EPOCH)
    info.compress_type, info.external_attr, info.create_system = (
        zipfile.ZIP_DEFLATED,
        READABLE_BY_ALL,
        3,  # Unix, wherever it is made
    )
    with archive.open(info, "w", force_zip64=True) as file:
        for block in content:
            sha256.update(block)
            file.write(block)
    return sha256.hexdigest()


def _encode_json(value) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def _encode_table(columns: list[str], rows: Iterable[tuple]) -> Iterator[bytes]:
    """Yield a table as CSV. Rows without a digest get one, which reveals a changed row."""
    has_digest = columns[-1] == "digest"
    header = columns if has_digest else [*columns, "row_digest"]
    for portion in batched(chain([header], map(_guard, rows)), ROWS_AT_A_TIME):
        text = io.StringIO()
        csv.writer(text).writerows(
            row if has_digest or row is header else [*row, hash_text(encode_canonical(row))[:16]]
            for row in portion
        )
        yield text.getvalue().encode()


def _guard(row: tuple) -> list[str]:
    return ["" if cell is None else _format(cell) for cell in row]


def _format(cell) -> str:
    return f"{cell:.6f}" if isinstance(cell, Decimal) else str(guard_cell(cell))
