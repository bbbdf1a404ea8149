from django.core.management.base import BaseCommand

from backoffice.clocks import read_clock_for_command
from backoffice.mailing.delivery import send_waiting


class Command(BaseCommand):
    help = "Send the mails that wait, and try again those that the mail server did not take."

    def handle(self, **options):
        sent, failed = send_waiting(at=read_clock_for_command())
        self.stdout.write(f"{sent} mail{'' if sent == 1 else 's'} sent, {failed} not taken.")
