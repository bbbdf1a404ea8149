from django.core.management import BaseCommand, CommandError

from backoffice.accounts.factor_keys import encrypt_anew, find_unreadable


class Command(BaseCommand):
    help = "Encrypts the secrets of second factors with the newest key. Run after changing it."

    def add_arguments(self, parser):
        parser.add_argument(
            "--check", action="store_true", help="only say whether all are readable"
        )

    def handle(self, *, check, **options):
        if unreadable := find_unreadable():
            raise CommandError(
                f"No key opens {len(unreadable)} second factor(s), of ids {unreadable}. Put the "
                "key that they were encrypted with back behind the new one."
            )
        if check:
            return "All second factors are readable."
        return f"Encrypted {encrypt_anew()} secret(s) with the newest key."
