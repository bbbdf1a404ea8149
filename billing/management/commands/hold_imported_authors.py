from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from billing.payees.earlier_imports import hold_earlier_imports


class Command(BaseCommand):
    help = (
        "Show the accounts that imports made before such accounts were held from payment; with "
        "--by, hold them until somebody confirms under Imported authors who each is."
    )

    def add_arguments(self, parser):
        parser.add_argument("--by", metavar="USERNAME", help="Hold them, in the name of this user.")

    def handle(self, *, by, **options):
        user = by and User.objects.filter(username=by, is_active=True).first()
        if by and not user:
            raise CommandError(f"There is no active account “{by}”.")
        if user and not user.has_perm("weblog.confirm_importedauthor"):
            raise CommandError(f"“{by}” may not confirm imported authors: take an editor.")
        outcome = hold_earlier_imports(by=user)
        for name in outcome.on_their_way:
            self.stderr.write(
                f"{name}: left as it is, because a payment is on its way. Record what the bank did "
                "with it, and run this again."
            )
        names = ", ".join(outcome.names) or "none"
        verb = "Held" if user else "To hold, with --by USERNAME"
        self.stdout.write(f"{verb}: {len(outcome.names)} account(s): {names}")
