"""All evidence of one approved batch in a .zip, with a program that proves it without ours.

tables and signatures write what goes in; files/verify.py goes in as it stands, and needs nothing
but Python. Start with make_evidence_pack below.
"""

import csv
import datetime as dt
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

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from backoffice.spreadsheets import guard_cell
from billing.errors import WrongStatus
from billing.evidence_pack.signatures import describe_batch, list_sealed
from billing.evidence_pack.tables import SEAL_COLUMNS, TABLES, list_seals
from billing.locks import Lock, hold_lock
from billing.models import PayoutBatch, Seal
from billing.proof.digests import encode_canonical, hash_text
from billing.proof.sealing import append_seal, make_pack_content, name_batch

SCRIPTS = Path(__file__).parent / "files"
EPOCH = (1980, 1, 1, 0, 0, 0)  # of every file, so that the same rows give the same bytes
READABLE_BY_ALL = 0o644 << 16
KEPT_IN_MEMORY = 10_000_000  # bytes
ROWS_AT_A_TIME = 1_000


def name_pack(batch: PayoutBatch) -> str:
    return f"evidence-{name_batch(batch)}.zip"


def make_evidence_pack(
    batch: PayoutBatch, *, by: User | None = None, at: dt.datetime | None = None
) -> IO[bytes]:
    """Return a temporary file with the pack, rewound. Raises WrongStatus before approval.

    A link of the chain seals the SHA-256 of each file, so whoever knows the head of the chain can
    tell a forged pack. The same rows give the same bytes, and no second link. Memory holds a
    portion of rows.
    """
    if batch.status not in (PayoutBatch.Status.APPROVED, PayoutBatch.Status.PAID):
        raise WrongStatus(f"The batch of {batch} has no evidence pack before it is approved.")
    file = tempfile.SpooledTemporaryFile(max_size=KEPT_IN_MEMORY)  # noqa: SIM115
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        digests = {name: _write(archive, name, content) for name, content in _list_files(batch)}
        with transaction.atomic():
            hold_lock(Lock.PAYOUTS)
            _seal(batch, digests, by=by, at=at or timezone.now())
            seals = b"".join(_encode_table(SEAL_COLUMNS, list_seals()))
            sealed = _encode_json(list_sealed(batch))
        _write(archive, "seals.csv", [seals])
        _write(archive, "sealed.json", [sealed])
    file.seek(0)
    return file


def _seal(batch: PayoutBatch, digests: dict[str, str], *, by: User | None, at: dt.datetime) -> None:
    """Append a link for the pack, unless the batch's last pack had the same files."""
    last = batch.seals.filter(kind=Seal.Kind.EVIDENCE).order_by("number").last()
    if last is None or json.loads(last.content)["files"] != digests:
        content = make_pack_content(files=digests, by=by)
        append_seal(batch=batch, kind=Seal.Kind.EVIDENCE, content=content, at=at)


def _list_files(batch: PayoutBatch) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Yield each file under the pack's seal: its name and its content, in portions."""
    for script in sorted(SCRIPTS.iterdir()):
        if script.is_file():
            yield script.name, [script.read_bytes()]
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
