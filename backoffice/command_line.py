"""Runs manage.py, and reports failures that no terminal shows."""

import logging
import sys

from django.core.management import CommandError, execute_from_command_line

logger = logging.getLogger(__name__)

TELLS_ITSELF = "run_job"


def run_command_line(argv: list[str]) -> None:
    """Run the command, and log its failure, which mails ADMINS.

    An error of a known kind is for whoever typed the command: it is logged where no terminal is.
    """
    name = argv[1] if len(argv) > 1 else "help"
    try:
        execute_from_command_line(argv)
    except SystemExit as ended:
        if ended.code and name != TELLS_ITSELF and not sys.stderr.isatty():
            error = ended.__context__
            words = error if isinstance(error, CommandError) else f"It ended with {ended.code}."
            logger.error("The command %s failed: %s", name, words, extra=_name_kind(name))
        raise
    except Exception:
        logger.exception("The command %s failed.", name, extra=_name_kind(name))
        raise


def _name_kind(name):
    return {"kind": f"command {name}"}
