import datetime as dt

from django.core.management.base import BaseCommand, CommandError

from billing.counting.archive.restoring import restore_views
from billing.errors import BillingError


class Command(BaseCommand):
    help = "Bring the views of an archived day back into the database, all of them or none."

    def add_arguments(self, parser):
        parser.add_argument(
            "--day", required=True, type=dt.date.fromisoformat, help="The day, as 2026-10-31."
        )

    def handle(self, *, day, **options):
        try:
            restored = restore_views(day=day)
        except BillingError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{restored} views of {day} restored.")
