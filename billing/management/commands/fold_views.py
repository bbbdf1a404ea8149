from django.core.management.base import BaseCommand

from billing.counting import fold_views


class Command(BaseCommand):
    help = "Settle the views that came in since the last run, and add up the counts."

    def handle(self, **options):
        self.stdout.write(str(fold_views()))
