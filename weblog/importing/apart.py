"""Reads files of posts outside the application, without Django."""

import importlib
import json

from weblog.importing.bodies import clean_body


def run_apart(source, answer, module, name, media_url):
    """Write a line of JSON for each record of the reader `name`; backoffice.bounded runs this."""
    read = getattr(importlib.import_module(module), name)
    for record in read(source):
        if "body" in record:
            record |= clean_body(record, media_url)
        answer.write(json.dumps(record).encode() + b"\n")
