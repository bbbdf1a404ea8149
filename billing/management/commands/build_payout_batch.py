from django.core.management.base import BaseCommand, CommandError

from billing.errors import BillingError
from billing.payouts.steps import build_batch, build_closed_months
from billing.periods import format_month, parse_month


class Command(BaseCommand):
    help = "Build the payout batch of one closed month, or of all closed months that have none."

    def add_arguments(self, parser):
        parser.add_argument("--month", help="One month alone, written as 2026-10.")

    def handle(self, *, month, **options):
        try:
            self.stdout.write(self._build_one(month) if month else self._build_closed())
        except BillingError as error:
            raise CommandError(str(error)) from error

    def _build_one(self, month):
        batch, is_new = build_batch(month=parse_month(month))
        done = "Built" if is_new else "There is"
        return f"{done} a batch for {month}: {batch.payments.count()} payments."

    def _build_closed(self):
        batches = build_closed_months()
        if not batches:
            return "Every closed month with views has its batch already."
        return f"Built batches for {', '.join(format_month(batch.month) for batch in batches)}."
