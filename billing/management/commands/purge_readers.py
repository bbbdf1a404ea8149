from django.core.management.base import BaseCommand, CommandError

from billing.counting.retention import purge_readers
from billing.errors import ClockDoubted


class Command(BaseCommand):
    help = (
        "Destroy the salts of readers' keys after 48 hours, and drop views past "
        "VIEW_RETENTION_DAYS once their month is paid."
    )

    def handle(self, **options):
        try:
            result = purge_readers()
        except ClockDoubted as error:
            raise CommandError(str(error)) from error
        self.stdout.write(str(result))
        if result.fault:
            raise CommandError(result.fault)
