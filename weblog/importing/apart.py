"""Reads files of posts outside the application, without Django."""

import importlib
import json

from backoffice.bounded_child import Refused
from weblog.importing.bodies import clean_body
from weblog.importing.containers import TooManyRecords

# Pictures and comments among them. A page takes 1,000 new posts, and looks at all of these.
MOST_RECORDS = 20_000
TOO_MANY = (
    f"{{name}} holds more than {MOST_RECORDS:,} posts, pictures and the like. Let an administrator "
    "import the file by a command: docs/operations.md."
)


def run_apart(source, answer, module, name, media_url, site=""):
    """Write a line of JSON for each record of the reader `name`; backoffice.bounded runs this."""
    read = getattr(importlib.import_module(module), name)
    try:
        for number, record in enumerate(read(source, most=MOST_RECORDS)):
            if number == MOST_RECORDS:
                raise TooManyRecords
            if "body" in record:
                record |= clean_body(record | {"site": site}, media_url)
            record["site"] = site
            answer.write(json.dumps(record).encode() + b"\n")
    except TooManyRecords as error:
        raise Refused(TOO_MANY) from error
