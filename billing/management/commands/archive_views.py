from django.core.management.base import BaseCommand, CommandError

from billing.counting.archive.archiving import archive_views
from billing.errors import BillingError


class Command(BaseCommand):
    help = "Write the views of closed, paid and sealed days as Parquet files to ARCHIVE_URL."

    def handle(self, **options):
        try:
            self.stdout.write(str(archive_views()))
        except BillingError as error:
            raise CommandError(str(error)) from error
