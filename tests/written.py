"""All that the house writes for people: texts of templates, code and documents."""

from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)


def list_files(*endings):
    """Yield the name and the text of each file of the three rooms with such an ending."""
    for room in ("backoffice", "weblog", "billing"):
        for file in sorted((ROOT / room).rglob("*")):
            name = str(file.relative_to(ROOT))
            if file.suffix in endings and "/migrations/" not in name:
                yield name, file.read_text()


def list_docs():
    for file in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        yield str(file.relative_to(ROOT)), file.read_text()
