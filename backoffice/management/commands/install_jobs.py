from django.core.management.base import BaseCommand, CommandError

from backoffice.cron import CronError, install_jobs


class Command(BaseCommand):
    help = "Put the scheduled jobs into this user's crontab, and see that they are in it."

    def handle(self, **options):
        try:
            lines = install_jobs()
        except CronError as error:
            raise CommandError(f"{error}\n{error.hint}") from error
        self.stdout.write("\n".join(lines))
        self.stdout.write("Try them: manage.py check --deploy --tag cron")
