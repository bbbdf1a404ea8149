from django.core.management.base import BaseCommand

from backoffice.cron import try_job


class Command(BaseCommand):
    help = "Say whether the job of a crontab's line could run, without running it."
    requires_system_checks = ()  # the line's own command goes without them as well

    def add_arguments(self, parser):
        parser.add_argument("job_hash")
        parser.add_argument("token", help="what the answer begins with")

    def handle(self, **options):
        self.stdout.write(f"{options['token']} {try_job(options['job_hash'])}")
