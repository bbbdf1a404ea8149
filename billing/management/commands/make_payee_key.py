from django.core.management import BaseCommand, CommandError

from billing.payees.keys import find_file, make_keys, read_text, write_file


class Command(BaseCommand):
    help = (
        "Makes the keys that encrypt payees' details, in the file PAYEE_KEYS_FILE; without that "
        "setting it prints them, for PAYEE_KEYS. Keep a copy where no backup of the database is."
    )

    def handle(self, **options):
        if read_text().strip():
            raise CommandError("There are keys already. “rotate_payee_keys” adds a new one.")
        path = find_file()
        if path is None:
            return f"PAYEE_KEYS='{make_keys()}'"
        write_file(path, make_keys())
        return f"The keys are in {path}. Keep a copy elsewhere: without them details are lost."
