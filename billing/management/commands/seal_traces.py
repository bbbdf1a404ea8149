from django.core.management.base import BaseCommand

from backoffice.clocks import read_clock_for_command
from billing.proof.traces import seal_traces


class Command(BaseCommand):
    help = "Seal the traces of what the application wrote into histories and logs."

    def handle(self, **options):
        count = seal_traces(at=read_clock_for_command())
        self.stdout.write(f"{count} traces sealed.")
