from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from backoffice.backups.errors import BackupError
from backoffice.backups.making import make_backup
from backoffice.clocks import ClockImplausible, read_clock


class Command(BaseCommand):
    help = "Write database, pictures and spool into one file, and delete the oldest backups."

    def add_arguments(self, parser):
        parser.add_argument("--to", type=Path, default=settings.BACKUP_DIR, help="The folder.")
        parser.add_argument(
            "--keep", type=int, default=settings.BACKUP_KEEP, help="How many stay; 0: all."
        )

    def handle(self, *, to, keep, **options):
        try:
            if keep:  # the oldest are known by the times in their names
                read_clock()
        except ClockImplausible as error:
            raise CommandError(f"{error} Or make one with --keep 0, which deletes none.") from error
        try:
            path = make_backup(to=to, at=timezone.now(), keep=keep)
        except (BackupError, OSError) as error:
            raise CommandError(f"No backup was made. {error}") from error
        self.stdout.write(f"Wrote {path}, {path.stat().st_size:,} bytes.")
