from django.core.management.base import BaseCommand

from backoffice.clocks import read_clock_for_command
from backoffice.uploads import drop_stale_uploads


class Command(BaseCommand):
    help = "Remove uploaded files that nobody confirmed within the hour, from this machine."

    def handle(self, **options):
        count = drop_stale_uploads(at=read_clock_for_command())
        self.stdout.write(f"{count} uploaded file{'' if count == 1 else 's'} removed.")
