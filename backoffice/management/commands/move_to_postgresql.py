from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from backoffice.moving.errors import MoveError
from backoffice.moving.move import move_to_postgresql


class Command(BaseCommand):
    help = "Move an installation from its SQLite file into the empty PostgreSQL of DATABASE_URL."
    requires_migrations_checks = False

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path, help="The SQLite file. It is read, not changed.")
        parser.add_argument(
            "--files", type=Path, help="The folder var of the old installation, if not this one."
        )

    def handle(self, *, file, files, **options):
        try:
            move_to_postgresql(file=file, files=files, tell=self.stdout.write)
        except (MoveError, DatabaseError, OSError, ValueError) as error:
            raise CommandError(f"{error}") from error
