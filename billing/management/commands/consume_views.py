import signal
import threading

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from billing.counting.stream.consuming import Consumer


class Command(BaseCommand):
    help = "Take views from the broker (VIEWS_BROKER) into the database, until stopped."

    def add_arguments(self, parser):
        parser.add_argument("--until-empty", action="store_true", help="stop once nothing waits")

    def handle(self, *, until_empty, **options):
        if not settings.VIEWS_BROKER:
            raise CommandError("VIEWS_BROKER is not set: views go straight into the database.")
        stop = threading.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stop.set())
        views = Consumer().run(is_over=stop.is_set, until_empty=until_empty)
        self.stdout.write(f"{views} views taken in from the stream.")
