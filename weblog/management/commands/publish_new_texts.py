from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from weblog.schedule import publish_due_texts


class Command(BaseCommand):
    help = "Publish the new texts of live blogs whose time has come."

    def handle(self, **options):
        outcome = publish_due_texts(at=timezone.now())
        if outcome.failed:
            raise CommandError(f"{outcome} The log says why. The next run tries again.")
        self.stdout.write(str(outcome))
