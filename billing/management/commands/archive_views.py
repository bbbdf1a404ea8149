from django.core.management.base import BaseCommand, CommandError

from billing.counting.archive.archiving import archive_views
from billing.errors import BillingError


class Command(BaseCommand):
    help = "Write the views of closed, paid and sealed days as Parquet files to ARCHIVE_URL."

    def add_arguments(self, parser):
        parser.add_argument(
            "--repair",
            action="store_true",
            help="Read all files, and write anew those that are not what was sealed.",
        )

    def handle(self, *, repair, **options):
        try:
            result = archive_views(repair=repair)
        except BillingError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(str(result))
        if result.faults:
            raise CommandError(" ".join(result.faults))
