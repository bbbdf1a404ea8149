from django.core.management.base import BaseCommand
from django.utils import timezone

from backoffice.accounts.security_log import forget_addresses


class Command(BaseCommand):
    help = "Take old network addresses out of the security log."

    def handle(self, **options):
        count = forget_addresses(at=timezone.now())
        self.stdout.write(f"{count} network address{'' if count == 1 else 'es'} forgotten.")
