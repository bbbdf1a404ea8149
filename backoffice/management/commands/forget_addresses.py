from django.core.management.base import BaseCommand

from backoffice.accounts.security_log import forget_addresses
from backoffice.clocks import read_clock_for_command
from backoffice.mailing.records import forget_mails


class Command(BaseCommand):
    help = "Take old network addresses out of the security log, and old mails out of their record."

    def handle(self, **options):
        at = read_clock_for_command()
        count = forget_addresses(at=at)
        mails = forget_mails(at=at)
        self.stdout.write(
            f"{count} network address{'' if count == 1 else 'es'} forgotten, "
            f"{mails} mail{'' if mails == 1 else 's'}."
        )
