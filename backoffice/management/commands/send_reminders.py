from django.core.management.base import BaseCommand

from backoffice.clocks import read_clock_for_command
from backoffice.mailing.delivery import send_waiting
from backoffice.mailing.reminders import write_summaries


class Command(BaseCommand):
    help = "Mail each person once a day what waits for them."

    def handle(self, **options):
        at = read_clock_for_command()
        wrote = write_summaries(at=at)
        sent, failed = send_waiting(at=at)
        self.stdout.write(
            f"{wrote} mail{'' if wrote == 1 else 's'} of the day written; "
            f"{sent} sent, {failed} not taken."
        )
