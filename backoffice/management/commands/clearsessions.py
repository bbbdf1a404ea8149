from django.contrib.sessions.management.commands import clearsessions

from backoffice.clocks import read_clock_for_command


class Command(clearsessions.Command):
    help = "Delete the sign-ins that are over."

    def handle(self, **options):
        read_clock_for_command()
        super().handle(**options)
