from django.core.management.base import BaseCommand
from django.utils import timezone

from backoffice.uploads import drop_stale_uploads
from billing.counting import fold_views


class Command(BaseCommand):
    help = (
        "Settle the views that came in since the last run, and add up the counts. Uploaded access "
        "logs that nobody confirmed within the hour are removed."
    )

    def handle(self, **options):
        now = timezone.now()
        drop_stale_uploads(at=now)
        self.stdout.write(str(fold_views(at=now)))
