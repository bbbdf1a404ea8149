from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from backoffice.uploads import drop_stale_uploads
from billing.counting import fold_views
from billing.spool_intake import get_spool_ready


class Command(BaseCommand):
    help = (
        "Take in what this machine's spool has kept, settle the views that came in since the last "
        "run, and add up the counts. Uploaded access logs that nobody confirmed within the hour "
        "are removed."
    )

    def handle(self, **options):
        now = timezone.now()
        drop_stale_uploads(at=now)
        self.stdout.write(str(fold_views(at=now)))
        if problem := get_spool_ready(at=now):
            raise CommandError(f"The views are counted, but {problem}")
