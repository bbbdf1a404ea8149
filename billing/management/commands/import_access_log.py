import contextlib
import os
import sys
import time
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from backoffice.progress import Progress, draw_bar
from billing.counting.access_logs.files import open_access_log
from billing.counting.access_logs.formats import KNOWN
from billing.counting.access_logs.importing import import_access_log
from billing.counting.access_logs.patterns import OWN_PAGES
from billing.errors import BillingError


class Command(BaseCommand):
    help = (
        f"Count the views in the access log of a web server: {KNOWN}; plain, gzip or bzip2. "
        "A line without a user agent counts as a robot, by COUNTER's list. "
        "Lines that were imported before do not count again. Import only pages that another "
        "server delivered: this application counts its own pages itself. The import stores the "
        "SHA-256 of the file on the disk, packed or not."
    )

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path, help="A file, or - for standard input.")
        parser.add_argument(
            "--path-pattern",
            default=OWN_PAGES,
            metavar="REGEX",
            help="The paths of pages, with a group named slug: what it holds, with - for / and "
            "dots and in lower case, is the blog's slug (default: %(default)s). The import stops "
            "if the pattern takes too long.",
        )
        parser.add_argument(
            "--trusted-proxies",
            type=int,
            default=settings.TRUSTED_PROXIES,
            metavar="N",
            help="The number of your own proxies before the web server. In a list of forwarded "
            "addresses, the reader's is the Nth from the right. With 0 it is the address that the "
            "web server saw, or the last one if the log has only a list (default: %(default)s).",
        )
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="Report, and write nothing. Other writers wait until the run ends.",
        )

    def handle(self, *, file, path_pattern, trusted_proxies, dry_run, **options):
        is_stdin = str(file) == "-"
        try:
            source = contextlib.nullcontext(sys.stdin.buffer) if is_stdin else open_access_log(file)
            with source as log, Progress(self.stderr) as progress:
                report = import_access_log(
                    file=log,
                    file_name="standard input" if is_stdin else file.name,
                    path_pattern=path_pattern,
                    at=timezone.now(),
                    trusted_proxies=trusted_proxies,
                    dry_run=dry_run,
                    show_progress=_make_progress(log, progress),
                )
        except BillingError as error:
            raise CommandError(error) from error
        self.stdout.write(str(report))


def _make_progress(log, progress):
    """Return a function that shows how much of the log is read, where that is seen."""
    if not progress.is_seen:
        return lambda bytes_read, lines: None
    size = os.fstat(log.fileno()).st_size
    started_at = time.monotonic()

    def show_progress(bytes_read, lines):
        seconds = time.monotonic() - started_at
        progress.show(describe_progress(bytes_read, size, lines, seconds))

    return show_progress


def describe_progress(bytes_read, size, lines, seconds):
    """Return a bar with the lines so far and the time left; for a pipe, only the lines."""
    speed = f"{lines:,} lines, {int(lines / (seconds or 1)):,}/s"
    if bytes_read > size:
        return speed
    left = int(seconds * (size - bytes_read) / (bytes_read or 1))
    return f"{draw_bar(bytes_read, size)} {speed}, {left // 60}:{left % 60:02} left"
