from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from backoffice.accounts.factor_keys import encrypt_anew
from backoffice.env import BASE_DIR
from backoffice.keys import ROTATED, RotationRefused, drop_fallbacks, rotate


class Command(BaseCommand):
    help = "Put a new secret in .env. What was signed with the old SECRET_KEY stays good."
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("name", choices=ROTATED, nargs="?", default="SECRET_KEY")
        parser.add_argument(
            "--drop-fallbacks", action="store_true", help="Forget the old keys instead."
        )
        parser.add_argument("--file", default=BASE_DIR / ".env", help="Another file than .env.")

    def handle(self, *, name, drop_fallbacks: bool, file, **options):
        try:
            done = _change(name, drop=drop_fallbacks, file=file)
        except RotationRefused as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{done} Restart the web workers now.")


def _change(name, *, drop, file):
    from pathlib import Path

    if drop:
        if settings.SECRET_KEY_FALLBACKS:
            encrypt_anew()  # or whoever has a second factor of an old key could not sign in
        drop_fallbacks(file=Path(file))
        return "The old keys are forgotten."
    rotate(name, file=Path(file), today=timezone.localdate())
    return f"{name} is new."
