from django.core.management import BaseCommand, CommandError

from billing.errors import BillingError
from billing.payees.keys import load_keys
from billing.payees.rotation import check_all, drop_unused, encrypt_all_anew, start_new_key


class Command(BaseCommand):
    help = (
        "Adds a new key in front of the others and encrypts payees' details with it. It can be "
        "stopped and run again. With PAYEE_KEYS it prints the new keys to set, and `--go-on` then "
        "encrypts."
    )

    def add_arguments(self, parser):
        parser.add_argument(
            "--check", action="store_true", help="Only say whether all details can be read."
        )
        parser.add_argument(
            "--go-on",
            action="store_true",
            help="Make no new key: encrypt with the newest there is.",
        )
        parser.add_argument(
            "--drop-old", action="store_true", help="Drop the keys that no row needs any more."
        )

    def handle(self, *, check, go_on, drop_old, **options):
        try:
            if unreadable := check_all():
                raise CommandError("\n".join(["These can’t be read:", *unreadable]))
            if check:
                return "All details can be read."
            if drop_old:
                return drop_unused()
            if not go_on and (keys := start_new_key()):
                return f"PAYEE_KEYS='{keys}'\nSet this, restart, and run this with --go-on."
            return f"Encrypted {encrypt_all_anew()} row(s) with key {load_keys().id}."
        except BillingError as error:
            raise CommandError(str(error)) from error
