from django.core.management.base import BaseCommand
from django.utils import timezone

from backoffice.mailing.delivery import send_waiting
from backoffice.mailing.reminders import write_summaries


class Command(BaseCommand):
    help = "Mail each person once a day what waits for them."

    def handle(self, **options):
        wrote = write_summaries(at=timezone.now())
        sent, failed = send_waiting()
        self.stdout.write(
            f"{wrote} mail{'' if wrote == 1 else 's'} of the day written; "
            f"{sent} sent, {failed} not taken."
        )
