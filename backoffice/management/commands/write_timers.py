from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand

from backoffice.timers import write_timers


class Command(BaseCommand):
    help = "Write systemd's timers of the scheduled jobs."

    def add_arguments(self, parser):
        parser.add_argument(
            "folder", nargs="?", type=Path, default=settings.BASE_DIR / "deploy/systemd"
        )

    def handle(self, **options):
        for path in write_timers(options["folder"]):
            self.stdout.write(path.name)
