from django.core.management.base import BaseCommand, CommandError

from backoffice.cron import CronError, install_jobs, name_elsewhere, read_installed


class Command(BaseCommand):
    help = "Put the scheduled jobs into this user's crontab, and see that they are in it."

    def add_arguments(self, parser):
        parser.add_argument(
            "--beside",
            action="store_true",
            help="Also where the jobs of another installation run by this crontab.",
        )

    def handle(self, *, beside=False, **options):
        try:
            lines = install_jobs(beside=beside)
            elsewhere = name_elsewhere(read_installed())
        except CronError as error:
            raise CommandError(f"{error}\n{error.hint}") from error
        self.stdout.write("\n".join(lines))
        if elsewhere:
            self.stderr.write(elsewhere)
        self.stdout.write("Try them: manage.py check --deploy --tag cron")
