import logging
from contextlib import contextmanager

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from backoffice.mails import keep_quiet
from billing.demo import ensure_accounts_file, is_set_up, set_up, wake_up


class Command(BaseCommand):
    help = (
        "Make demo accounts, blogs, prices, views and batches. Needs DEBUG. Changes no existing "
        "row."
    )

    def handle(self, **options):
        if not settings.DEBUG:
            raise CommandError("The demo needs DEBUG to be on: it must not run on a live site.")
        call_command("migrate", verbosity=0)
        accounts_file = settings.VAR_DIR / "demo-accounts.txt"
        if is_set_up():
            with _quietly():
                ensure_accounts_file(accounts_file)
                wake_up()
        else:
            self.stdout.write("Setting up the demo: accounts, blogs and a year of views ...")
            with _quietly():
                set_up(accounts_file=accounts_file)
        self.stdout.write(accounts_file.read_text())


@contextmanager
def _quietly():
    """Neither mail nor log: what the demo brings did not happen to anybody."""
    logging.disable(logging.INFO)
    try:
        with keep_quiet():
            yield
    finally:
        logging.disable(logging.NOTSET)
