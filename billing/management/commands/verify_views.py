from django.core.management.base import BaseCommand, CommandError

from billing.clocks import read_clock
from billing.counting.archive.engines import ENGINES
from billing.counting.archive.verifying import verify_views
from billing.errors import BillingError
from billing.periods import parse_month


class Command(BaseCommand):
    help = (
        "Verify views on an engine: duckdb and spark read the archive, postgresql and sqlite the "
        "database. Writes nothing."
    )

    def add_arguments(self, parser):
        parser.add_argument("--engine", choices=ENGINES, default="duckdb")
        parser.add_argument("--month", help="One month, written as 2026-10. By default all.")

    def handle(self, *, engine, month, **options):
        try:
            month = parse_month(month) if month else None
            report = verify_views(engine=engine, month=month, at=read_clock())
        except BillingError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(str(report))
        if report.faults:
            raise CommandError(f"{len(report.faults)} differences.")
