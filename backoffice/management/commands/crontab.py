from django.core.management.base import CommandError
from django_crontab.management.commands import crontab

from backoffice.cron import CronError, install_jobs, name_elsewhere, read_installed, remove_jobs


class Command(crontab.Command):
    """django-crontab's (0.7.1), which takes the lines of every folder with our comment for ours.

    So `add` in a second folder would remove the jobs of the first.
    """

    help = "Put this folder's jobs into the user's crontab, show or remove them, or run one."

    def handle(self, *args, **options):
        if options["subcommand"] == "run":
            return super().handle(*args, **options)
        try:
            self._change(options["subcommand"])
        except CronError as error:
            raise CommandError(f"{error}\n{error.hint}") from error

    def _change(self, subcommand):
        work = {"add": install_jobs, "remove": remove_jobs, "show": lambda: read_installed().ours}
        for line in work[subcommand]():
            self.stdout.write(line)
        if elsewhere := name_elsewhere(read_installed()):
            self.stderr.write(elsewhere)
