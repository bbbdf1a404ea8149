from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from billing.access_log import import_access_log
from billing.errors import BillingError
from billing.log_lines import OWN_PAGES, open_access_log


class Command(BaseCommand):
    help = (
        "Count the views in the access log of a web server (combined format, plain or gzip). "
        "What was imported before is not counted again. Import only pages that this application "
        "did not serve itself: what it serves is counted as it happens."
    )

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--path-pattern",
            default=OWN_PAGES,
            metavar="REGEX",
            help="The paths of pages, with a group named slug: what it holds, with - for / and "
            "dots and in lower case, is the blog's slug (default: %(default)s).",
        )
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="Report, and write nothing. Other writers wait for as long as it takes.",
        )

    def handle(self, *, file, path_pattern, dry_run, **options):
        try:
            with open_access_log(file) as log:
                report = import_access_log(
                    file=log,
                    file_name=file.name,
                    path_pattern=path_pattern,
                    at=timezone.now(),
                    dry_run=dry_run,
                )
        except BillingError as error:
            raise CommandError(error) from error
        self.stdout.write(str(report))
