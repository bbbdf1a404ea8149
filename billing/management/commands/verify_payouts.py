from django.core.management.base import BaseCommand, CommandError

from billing.errors import BillingError
from billing.models import Verification
from billing.periods import parse_month
from billing.verification import verify_payouts
from billing.verification.reports import report_run


class Command(BaseCommand):
    help = (
        "Derive every paid cent again: views, counts, prices, lines, payments, digests and the "
        "chain of seals. Names the first row that differs, and then exits with 1."
    )

    def add_arguments(self, parser):
        parser.add_argument("--month", help="One month alone, written as 2026-10.")
        parser.add_argument(
            "--head",
            default="",
            metavar="HASH",
            help="The hash that the last export or mail shows: proves that nothing that was "
            "sealed up to then was taken back since.",
        )

    def handle(self, *, month, head, **options):
        try:
            run = verify_payouts(
                month=parse_month(month) if month else None,
                head=head,
                show_progress=self._show_progress,
            )
        except BillingError as error:
            raise CommandError(str(error)) from error
        if self.stderr.isatty():
            self.stderr.write("")
        *found, outcome = report_run(run)
        self.stdout.write("\n".join(found))
        if run.status == Verification.Status.FAILED:
            raise CommandError(outcome)
        self.stdout.write(outcome)

    def _show_progress(self, done, steps, what):
        """Draw a bar on a terminal, and nothing elsewhere."""
        if self.stderr.isatty():
            share = done / (steps or 1)
            line = f"[{'#' * int(share * 24):<24}] {share:4.0%} {what}"
            self.stderr.write(f"\r{line:<100.100}", style_func=str, ending="")
            self.stderr.flush()
