from django.core.management.base import BaseCommand, CommandError

from billing.counting.recounting import recount_month
from billing.errors import BillingError
from billing.periods import parse_month


class Command(BaseCommand):
    help = "Show what today's rules and robot lists would have changed in a month, per author."

    def add_arguments(self, parser):
        parser.add_argument("--month", required=True, help="The month, written as 2026-10.")
        parser.add_argument("--dry-run", action="store_true", help="Needed: nothing is written.")

    def handle(self, *, month, dry_run, **options):
        if not dry_run:
            raise CommandError("A recount only shows; it changes no count. Add --dry-run.")
        try:
            self.stdout.write(str(recount_month(parse_month(month))))
        except BillingError as error:
            raise CommandError(str(error)) from error
