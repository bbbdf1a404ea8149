from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from backoffice.clocks import read_clock_for_command
from billing.errors import BillingError
from billing.models import PayoutBatch
from billing.payouts.alarms import tell_of_overdue
from billing.payouts.steps import build_batch, build_closed_months, rebuild_batch
from billing.periods import format_month, parse_month


class Command(BaseCommand):
    help = "Build the payout batch of one closed month, or of all closed months that have none."

    def add_arguments(self, parser):
        parser.add_argument("--month", help="One month alone, written as 2026-10.")
        parser.add_argument(
            "--leave-unpriced",
            action="store_true",
            help="Build the month without its views that have no price; they wait for it.",
        )
        parser.add_argument("--by", help="The username of the person who decides that.")
        parser.add_argument("--reason", default="", help="Why; the approver reads it.")

    def handle(self, *, month, leave_unpriced=False, by=None, reason="", **options):
        read_clock_for_command()  # or somebody is told of months that are not over
        try:
            if month:
                who = self._find_person(by, reason) if leave_unpriced else None
                done = self._build_one(parse_month(month), who, reason if leave_unpriced else "")
            elif leave_unpriced:
                raise CommandError("Say which month: --leave-unpriced needs --month.")
            else:
                done = self._build_closed()
        except BillingError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(done)

    def _find_person(self, name, reason):
        if not (name and reason.strip()):
            raise CommandError("Say who decides it and why: --by and --reason.")
        person = User.objects.filter(username=name, is_active=True).first()
        if person is None or not person.has_perm("billing.build_payoutbatch"):
            raise CommandError(f"{name} may not build payout batches.")
        return person

    def _build_one(self, month, by, reason):
        batch, is_new = build_batch(month=month, by=by, leave_out=reason)
        if reason and not is_new and batch.status == PayoutBatch.Status.DRAFT:
            batch = rebuild_batch(batch=batch, by=by, leave_out=reason)
            is_new = True
        done = "Built" if is_new else "There is"
        return f"{done} a batch for {format_month(month)}: {batch.payments.count()} payments."

    def _build_closed(self):
        try:
            batches = build_closed_months()
        finally:
            tell_of_overdue()
        if not batches:
            return "Every closed month with views has its batch already."
        return f"Built batches for {', '.join(format_month(batch.month) for batch in batches)}."
