"""Forged packs: a cell changed, or a row left out or doubled, and all digests made to fit again."""

import csv
import hashlib
import io
import json

from billing.proof.chains import hash_link
from billing.proof.digests import encode_canonical, hash_text

# Cells that hold digests of other cells. They are made to fit.
MADE_TO_FIT = {"row_digest", "digest", "content_digest", "previous_hash", "hash"}


def read(path):
    with path.open(newline="") as file:
        return list(csv.reader(file))


def write(path, rows):
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    path.write_text(text.getvalue(), newline="")


def list_forgeries(folder):
    """Return (file, row, column) of each cell, with no column for a row left out or doubled."""
    found = []
    for path in sorted(folder.glob("*.csv")):
        if path.name == "seals.csv":
            continue
        header, *rows = read(path)
        for number in range(1, len(rows) + 1):
            found += [(path.name, number, "left out"), (path.name, number, "doubled")]
            found += [(path.name, number, name) for name in header if name not in MADE_TO_FIT]
    batch = json.loads((folder / "batch.json").read_text())
    return found + [("batch.json", 0, name) for name in batch]


def forge(folder, name, number, column, *, reseal):
    """Change what (name, number, column) says. With `reseal`, the pack gets seals that fit too."""
    path = folder / name
    if name == "batch.json":
        batch = json.loads(path.read_text())
        batch[column] = _change(batch[column])
        path.write_text(json.dumps(batch, ensure_ascii=False, indent=1, sort_keys=True) + "\n")
    else:
        header, *rows = read(path)
        row = rows[number - 1]
        if column == "left out":
            del rows[number - 1]
        elif column == "doubled":
            rows.insert(number, list(row))
        else:
            place = header.index(column)
            row[place] = _change_cell(row[place])
            if header[-1] == "row_digest":
                row[-1] = hash_text(encode_canonical(row[:-1]))[:16]
        write(path, [header, *rows])
    if reseal:
        reseal_pack(folder)


def _change_cell(text):
    if text.lstrip("-").replace(".", "", 1).isdigit():
        return f"1{text}" if text[0] != "-" else text[1:]
    return f"{text}x"


def _change(value):
    return value + 1 if isinstance(value, int) else f"{value}x"


def reseal_pack(folder):
    """Make the pack's seal, and the chain from there on, of the files as they are now."""
    sealed = json.loads((folder / "sealed.json").read_text())
    header, *rows = read(folder / "seals.csv")
    previous, names = "0" * 64, hashlib.sha256()
    for row in rows:
        number, kind = row[0], row[1]
        if kind == "evidence" and number in sealed:
            content = json.loads(sealed[number])
            for name in content["files"]:
                content["files"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
            content["seals"] = names.hexdigest()
            sealed[number] = encode_canonical(content)
        names.update(f"{number} {kind} {row[2]}\n".encode())
        if number in sealed:
            row[3] = hash_text(sealed[number])
            row[4], row[5] = previous, hash_link(sealed[number], previous)
        else:
            row[4], row[5] = previous, hash_text(f"{previous}\n{row[3]}")
        row[-1] = hash_text(encode_canonical(row[:-1]))[:16]
        previous = row[5]
    write(folder / "seals.csv", [header, *rows])
    text = json.dumps(sealed, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    (folder / "sealed.json").write_text(text)
