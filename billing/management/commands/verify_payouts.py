from django.core.management.base import BaseCommand, CommandError

from backoffice.progress import Progress, draw_bar
from billing.errors import BillingError
from billing.models import Verification
from billing.periods import parse_month
from billing.verification import verify_payouts
from billing.verification.reports import report_run


class Command(BaseCommand):
    help = (
        "Derive every paid cent again: views, counts, prices, lines, payments, digests and the "
        "chain of seals. Prints the first row that differs and exits with 1."
    )

    def add_arguments(self, parser):
        parser.add_argument("--month", help="One month alone, written as 2026-10.")
        parser.add_argument(
            "--head",
            default="",
            metavar="HASH",
            help=(
                "The hash from the last export or mail. It proves that nobody has taken back a "
                "seal since then."
            ),
        )
        parser.add_argument(
            "--new-views",
            action="store_true",
            help="Leave out the views that an earlier run has proved against their seals.",
        )

    def handle(self, *, month, head, new_views, **options):
        try:
            with Progress(self.stderr) as progress:
                run = verify_payouts(
                    month=parse_month(month) if month else None,
                    head=head,
                    new_views=new_views,
                    show_progress=lambda done, steps, what: progress.show(
                        f"{draw_bar(done, steps)} {what}"
                    ),
                )
        except BillingError as error:
            raise CommandError(str(error)) from error
        *found, outcome = report_run(run)
        self.stdout.write("\n".join(found))
        if run.status == Verification.Status.FAILED:
            raise CommandError(outcome)
        self.stdout.write(outcome)
