from django.core.management.base import BaseCommand, CommandError

from backoffice.clocks import ClockImplausible, read_clock
from weblog.publishing.schedule import publish_due_texts


class Command(BaseCommand):
    help = "Publish the new texts of live blogs whose time has come."

    def handle(self, **options):
        try:
            outcome = publish_due_texts(at=read_clock())
        except ClockImplausible as error:
            raise CommandError(str(error)) from error
        if outcome.failed:
            raise CommandError(f"{outcome} The log says why. The next run tries again.")
        self.stdout.write(str(outcome))
