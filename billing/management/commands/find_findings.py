from django.core.management.base import BaseCommand, CommandError

from backoffice.clocks import read_clock_for_command
from billing.errors import BillingError
from billing.findings.decisions import find_findings, find_in_open_months
from billing.periods import format_month, parse_month


class Command(BaseCommand):
    help = "Search every month without a signed batch for views that do not look human."

    def add_arguments(self, parser):
        parser.add_argument("--month", help="One month alone, written as 2026-10.")

    def handle(self, *, month, **options):
        at = read_clock_for_command()
        try:
            found = self._find_in(parse_month(month), at) if month else find_in_open_months(at=at)
        except BillingError as error:
            raise CommandError(str(error)) from error
        months = ", ".join(format_month(month) for month in sorted(found)) or "no open month"
        self.stdout.write(f"{sum(found.values())} new findings in {months}.")

    def _find_in(self, month, at):
        return {month: find_findings(month=month, at=at)}
