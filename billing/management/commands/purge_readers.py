from django.core.management.base import BaseCommand

from billing.retention import purge_readers


class Command(BaseCommand):
    help = (
        "Destroy the salts of readers' keys after 48 hours, and drop views past "
        "VIEW_RETENTION_DAYS once their month is paid."
    )

    def handle(self, **options):
        self.stdout.write(str(purge_readers()))
