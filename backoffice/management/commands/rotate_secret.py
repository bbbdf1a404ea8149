from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from backoffice.env import BASE_DIR
from backoffice.keys import ROTATED, RotationRefused, rotate
from backoffice.old_keys import drop_factor_keys, drop_secret_keys

RESTART = "Restart the web workers now, and whatever else runs on, on every machine"
NEXT = {
    "SECRET_KEY": (
        f"{RESTART}: until then they mark and sign with the old key. The old key stays until "
        "`manage.py rotate_secret --drop-fallbacks`: run it after 30 days, or after the restart "
        "if the key leaked."
    ),
    "FACTOR_KEY": (
        f"{RESTART}. Then run `manage.py encrypt_factors`, and after it "
        "`manage.py rotate_secret FACTOR_KEY --drop-fallbacks`. Older keys stay until then."
    ),
    "HEALTH_TOKEN": f"{RESTART}, and tell the watching machine.",
}
DROP = {"SECRET_KEY": drop_secret_keys, "FACTOR_KEY": drop_factor_keys}


class Command(BaseCommand):
    help = "Put a new secret in .env. What the old keys signed or encrypted stays good."
    requires_system_checks = []

    def add_arguments(self, parser):
        parser.add_argument("name", choices=ROTATED, nargs="?", default="SECRET_KEY")
        parser.add_argument(
            "--drop-fallbacks",
            action="store_true",
            help="Forget the old keys instead, once nothing that is stored needs one.",
        )
        parser.add_argument("--file", default=BASE_DIR / ".env", help="Another file than .env.")

    def handle(self, *, name, drop_fallbacks: bool, file, **options):
        try:
            done = _change(name, drop=drop_fallbacks, file=Path(file))
        except RotationRefused as error:
            raise CommandError(str(error)) from error
        self.stdout.write(done)


def _change(name, *, drop, file):
    if drop:
        if name not in DROP:
            raise RotationRefused(f"{name} has no older keys.")
        DROP[name](file=file)
        return f"The old keys are forgotten. {RESTART}."
    rotate(name, file=file, today=timezone.localdate())
    return f"{name} is new. {NEXT[name]}"
