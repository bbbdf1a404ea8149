from django.core.management.base import BaseCommand
from django.utils import timezone

from backoffice.accounts.security_log import forget_addresses
from backoffice.mailing.records import forget_mails


class Command(BaseCommand):
    help = "Take old network addresses out of the security log, and old mails out of their record."

    def handle(self, **options):
        count = forget_addresses(at=timezone.now())
        mails = forget_mails(at=timezone.now())
        self.stdout.write(
            f"{count} network address{'' if count == 1 else 'es'} forgotten, "
            f"{mails} mail{'' if mails == 1 else 's'}."
        )
