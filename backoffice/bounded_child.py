"""The other side of backoffice.bounded: sets its own limits, then runs one function.

Nothing here, and nothing that is run, may import Django: see there.
"""

import contextlib
import importlib
import json
import resource
import sys

REFUSED, TOO_MUCH_MEMORY = 3, 4


class Refused(Exception):
    """What was given can't be read. The message is shown to the person as it is."""


def main(function: str, seconds: str, memory: str, answer: str, *args: str) -> int:
    module, _, name = function.partition(":")
    run = getattr(importlib.import_module(module), name)
    _limit(resource.RLIMIT_CPU, int(seconds))
    _limit(resource.RLIMIT_AS, int(memory))
    _limit(resource.RLIMIT_FSIZE, int(answer))
    _limit(resource.RLIMIT_CORE, 0)
    try:
        run(sys.stdin.buffer, sys.stdout.buffer, *args)
        sys.stdout.flush()
    except Refused as error:
        sys.stdout.buffer.seek(0)
        sys.stdout.buffer.truncate()
        sys.stdout.buffer.write(json.dumps(str(error)).encode())
        return REFUSED
    except (MemoryError, RecursionError):
        return TOO_MUCH_MEMORY
    return 0


def _limit(kind, value):
    with contextlib.suppress(ValueError, OSError):  # a system that knows no such limit
        resource.setrlimit(kind, (value, value))


if __name__ == "__main__":
    from backoffice import bounded_child  # whose Refused is the one that is raised

    sys.exit(bounded_child.main(*sys.argv[1:]))
