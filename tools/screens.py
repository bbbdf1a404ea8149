"""Put the pictures of all pages together: one for what several roles see alike, and a list of all.

python -m tools.screens var/screens docs/screens
"""

import shutil
import sys
from collections import defaultdict
from pathlib import Path

MOST_BYTES = 12_000_000
HEAD = """# Pages, as each role sees them

`make screenshots` writes this folder, with the roles that were taken last. Each picture holds a
page four times: at a desk in the light and in the dark, and on a phone in the light and in the
dark. What two roles see alike has one.
"""


def main(taken: Path, folder: Path) -> None:
    """Replace the pictures in `folder` by those that were taken."""
    pictures = {
        role.name: _read_looks(role)
        for role in sorted(taken.iterdir())
        if any(role.glob("*.looks"))
    }
    if not pictures:
        sys.exit(f"No pictures in {taken}.")
    for old in folder.glob("*/*.webp"):
        old.unlink()
    places = _copy(taken, pictures, folder)
    (folder / "README.md").write_text(_list_pages(pictures, places))
    for picture in taken.glob("*.png"):  # those of the README
        shutil.copy(picture, folder)
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    pages = sum(map(len, pictures.values()))
    print(f"{pages} pages in {len(places)} pictures, {size / 1e6:.1f} MB")
    if size > MOST_BYTES:
        sys.exit(f"More than {MOST_BYTES / 1e6:.0f} MB: take less, or lower their quality.")


def _read_looks(role: Path) -> dict[str, str]:
    return {file.stem: file.read_text() for file in sorted(role.glob("*.looks"))}


def _copy(taken: Path, pictures: dict[str, dict[str, str]], folder: Path) -> dict[str, str]:
    """Copy one picture of each look. Return {look: its place in the folder}."""
    places: dict[str, str] = {}
    for role, pages in pictures.items():
        for page, looks in pages.items():
            if looks not in places and (taken / role / f"{page}.webp").exists():
                places[looks] = f"{role}/{page}.webp"
                (folder / role).mkdir(parents=True, exist_ok=True)
                shutil.copy(taken / role / f"{page}.webp", folder / role)
    return places


def _list_pages(pictures: dict[str, dict[str, str]], places: dict[str, str]) -> str:
    rows = defaultdict(list)
    for role, pages in pictures.items():
        for page, looks in pages.items():
            rows[page].append(f"[{role}]({places[looks]})")
    lines = [f"| {page} | {', '.join(links)} |" for page, links in sorted(rows.items())]
    return "\n".join([HEAD, "| Page | Seen by |", "|---|---|", *lines, ""])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
