from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from backoffice.backups.errors import BackupError
from backoffice.backups.restoring import restore_backup


class Command(BaseCommand):
    help = "Put a backup in the place of an empty installation. Stop the application and the jobs."
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--replace", action="store_true", help="Delete what is here. It can't be taken back."
        )

    def handle(self, *, file, replace, **options):
        try:
            self.stdout.write(restore_backup(file=file, replace=replace))
        except (BackupError, OSError) as error:
            raise CommandError(str(error)) from error
