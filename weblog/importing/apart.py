"""Reads files of posts apart from the application: no Django is imported here."""

import importlib
import json

from weblog.importing.bodies import clean_body


def run_apart(source, answer, module, name, media_url):
    """What backoffice.bounded runs: writes a line of JSON for each record of the reader `name`."""
    read = getattr(importlib.import_module(module), name)
    for record in read(source):
        if "body" in record:
            record |= clean_body(record["body"], media_url)
        answer.write(json.dumps(record).encode() + b"\n")
