"""Reads files of posts outside the application, without Django."""

import importlib
import json

from weblog.importing.bodies import clean_body


def run_apart(source, answer, module, name, media_url, site=""):
    """Write a line of JSON for each record of the reader `name`; backoffice.bounded runs this."""
    read = getattr(importlib.import_module(module), name)
    for record in read(source):
        if "body" in record:
            record |= clean_body(record | {"site": site}, media_url)
        record["site"] = site
        answer.write(json.dumps(record).encode() + b"\n")
