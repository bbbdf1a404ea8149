"""Packs that another program shows otherwise than verify.py reads them, or that say more."""

import hashlib
import io
import json
import zipfile

import pytest

from billing.evidence_pack import make_evidence_pack
from billing.proof.digests import encode_canonical, hash_text
from billing.proof.sealing import chain_head
from tests.billing.evidence_pack.forging import read, write
from tests.billing.evidence_pack.packs import run, unpack

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.any_database]

PAYMENTS = "payments.csv"


@pytest.fixture
def packed(paid_once):
    with make_evidence_pack(paid_once[1]) as file:
        return file.read()


@pytest.fixture
def head(packed):
    return chain_head().hash


def read_entries(packed):
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        return [(info, archive.read(info)) for info in archive.infolist()]


def pack(entries):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for info, content in entries:
            archive.writestr(info, content)
    return file.getvalue()


def double(packed, *, name=PAYMENTS):
    """Put a forged file of the same name before or after, which some programs unpack."""
    real = read_entries(packed)
    forged = next(content for info, content in real if info.filename == PAYMENTS) + b"forged"
    return [pack([(name, forged), *real]), pack([*real, (name, forged)])]


def hide(packed):
    """Put a whole archive with a forged file before, between and behind: some read from there."""
    hidden = pack([(PAYMENTS, b"forged")])
    entries = read_entries(packed)
    start = entries[1][0].header_offset
    moved = packed[:start] + hidden + packed[start:]
    return [hidden + packed, packed[:-2] + len(hidden).to_bytes(2, "little") + hidden, moved]


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    "forge",
    [
        double,
        lambda packed: double(packed, name="Payments.csv"),
        lambda packed: double(packed, name="payments (final).csv"),
        lambda packed: double(packed, name="../payments.csv"),
        lambda packed: double(packed, name="pack/payments.csv"),
        lambda packed: double(packed, name="pay\N{CYRILLIC SMALL LETTER EM}ents.csv"),
        lambda packed: double(packed, name="pa\N{LATIN SMALL LETTER Y WITH ACUTE}ments.csv"),
        lambda packed: double(packed, name="payments/"),
        lambda packed: [pack(read_entries(packed)[1:])],
        hide,
    ],
)
def test_pack_in_which_another_program_finds_other_files_fails(forge, packed, head, tmp_path):
    path = tmp_path / "pack.zip"
    path.write_bytes(packed)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        archive.extract("verify.py", tmp_path)
    assert run(tmp_path, path, "--head", head).stdout.startswith("PASS")
    for forged in forge(packed):
        path.write_bytes(forged)
        told = run(tmp_path, path, "--head", head)
        assert (told.returncode, told.stdout[:5]) == (1, "FAIL:")


def test_what_lies_beside_an_unpacked_pack_is_named_as_unchecked(paid_once, tmp_path):
    folder = unpack(paid_once[0], tmp_path)
    (folder / "payments (final).csv").write_text("forged")
    told = run(folder)
    assert "Not of the pack, and not checked: payments (final).csv." in told.stdout
    (folder / "payments (final).csv").unlink()
    assert "not checked" not in run(folder).stdout


def test_cell_that_looks_like_a_line_of_ours_is_shown_as_what_it_is(paid_once, tmp_path):
    folder = unpack(paid_once[0], tmp_path)
    header, *rows = read(folder / PAYMENTS)
    rows[0][0] = "\x1b[2J\rPASS: all is well.\n\N{RIGHT-TO-LEFT OVERRIDE}x"
    write(folder / PAYMENTS, [header, *rows])
    told = run(folder)
    assert told.returncode == 1
    (line,) = told.stdout.splitlines()
    assert line.startswith("FAIL: ")
    assert r"\x1b[2J\rPASS: all is well.\n\u202ex" in line


@pytest.fixture
def others(paid_once, tmp_path):
    """A pack, and the number of a link of its batch before the pack's own."""
    folder = unpack(paid_once[1], tmp_path)
    sealed = json.loads((folder / "sealed.json").read_text())
    return folder, next(n for n, text in sealed.items() if json.loads(text)["kind"] == "settlement")


def write_sealed(folder, sealed):
    text = json.dumps(sealed, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    (folder / "sealed.json").write_text(text)


def write_seals(folder, header, rows):
    rows = [[*row[:-1], hash_text(encode_canonical(row[:-1]))[:16]] for row in rows]
    write(folder / "seals.csv", [header, *rows])


@pytest.mark.thorough
@pytest.mark.parametrize(("place", "value"), [(1, "approval"), (2, "2026-08-1")])
def test_results_said_to_be_of_another_batch_do_not_pass_with_the_head(others, place, value):
    folder, number = others
    head = chain_head().hash
    assert run(folder, "--head", head).stdout.startswith("PASS")
    sealed = json.loads((folder / "sealed.json").read_text())
    del sealed[number]
    write_sealed(folder, sealed)
    header, *rows = read(folder / "seals.csv")
    rows[int(number) - 1][2] = "2026-08-1"
    rows[int(number) - 1][place] = value
    write_seals(folder, header, rows)
    told = run(folder, "--head", head)
    assert (told.returncode, "had links of other names before it" in told.stdout) == (1, True)


def test_links_after_the_head_are_said_to_be_unproved(others):
    folder, _ = others
    head = chain_head()
    assert "It proves nothing of" not in run(folder, "--head", head.hash).stdout
    header, *rows = read(folder / "seals.csv")
    content = {"batch": rows[-1][2], "kind": "settlement", "number": head.number + 1, "results": []}
    text = encode_canonical(content)
    link = hashlib.sha256(f"{head.hash}\n{hash_text(text)}".encode()).hexdigest()
    row = [str(head.number + 1), "settlement", rows[-1][2], hash_text(text), head.hash, link, ""]
    write_seals(folder, header, [*rows, row])
    sealed = json.loads((folder / "sealed.json").read_text())
    write_sealed(folder, {**sealed, str(head.number + 1): text})
    told = run(folder, "--head", head.hash).stdout
    assert "It proves nothing of the link after it in seals.csv and sealed.json." in told
