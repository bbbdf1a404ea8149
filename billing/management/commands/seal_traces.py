from django.core.management.base import BaseCommand
from django.utils import timezone

from billing.proof.traces import seal_traces


class Command(BaseCommand):
    help = "Seal the traces of what the application wrote into histories and logs."

    def handle(self, **options):
        count = seal_traces(at=timezone.now())
        self.stdout.write(f"{count} traces sealed.")
