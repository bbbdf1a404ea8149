from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from backoffice.reasons import has_word
from billing.counting.archive.engines import ENGINES
from billing.counting.recounting import recount_month
from billing.counting.sums import mend_sums
from billing.errors import BillingError
from billing.periods import format_month, parse_month


class Command(BaseCommand):
    help = (
        "Show what today's rules and robot lists would have changed in a month, per author. "
        "Writes nothing, unless --mend-sums asks for it."
    )

    def add_arguments(self, parser):
        parser.add_argument("--month", required=True, help="The month, written as 2026-10.")
        parser.add_argument(
            "--engine",
            choices=ENGINES,
            help="duckdb and spark read the archive; by default the database is asked.",
        )
        parser.add_argument(
            "--mend-sums",
            action="store_true",
            help=(
                "In place of that, write the counts by month and by category anew, as the daily "
                "counts add up, where verify_payouts names one that is wrong."
            ),
        )
        parser.add_argument("--by", metavar="USERNAME", help="Who decides that.")
        parser.add_argument("--reason", default="", help="Why; it stands under seal.")

    def handle(self, *, month, by, reason, engine=None, **options):
        try:
            first = parse_month(month)
            if options["mend_sums"]:
                self._mend(first, _find_person(by, reason), reason.strip())
            else:
                self.stdout.write(str(recount_month(first, engine=engine or "")))
        except BillingError as error:
            raise CommandError(str(error)) from error

    def _mend(self, month, by, reason):
        mended = mend_sums(month=month, by=by, reason=reason)
        for table in mended:
            self.stdout.write(f"{str(table)[0].upper()}{str(table)[1:]}.")
        if not mended:
            self.stdout.write(f"The sums of {format_month(month)} are right. Nothing was written.")


def _find_person(name, reason):
    if not (name and has_word(reason)):
        raise CommandError("Say who decides it and why: --by and --reason.")
    person = User.objects.filter(username=name, is_active=True).first()
    if person is None or not person.has_perm("billing.build_payoutbatch"):
        raise CommandError(f"{name} may not build payout batches.")
    return person
