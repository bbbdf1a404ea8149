from django.core.management.base import BaseCommand, CommandError

from billing.counting.archive.engines import ENGINES
from billing.counting.recounting import recount_month
from billing.errors import BillingError
from billing.periods import parse_month


class Command(BaseCommand):
    help = (
        "Show what today's rules and robot lists would have changed in a month, per author. "
        "Writes nothing."
    )

    def add_arguments(self, parser):
        parser.add_argument("--month", required=True, help="The month, written as 2026-10.")
        parser.add_argument(
            "--engine",
            choices=ENGINES,
            help="duckdb and spark read the archive; by default the database is asked.",
        )

    def handle(self, *, month, engine=None, **options):
        try:
            self.stdout.write(str(recount_month(parse_month(month), engine=engine or "")))
        except BillingError as error:
            raise CommandError(str(error)) from error
