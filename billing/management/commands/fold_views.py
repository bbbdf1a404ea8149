from django.core.management.base import BaseCommand, CommandError

from backoffice.clocks import TOLERANCE
from billing.clocks import read_clock
from billing.counting.folding import fold_views
from billing.counting.spool_intake import get_spool_ready
from billing.errors import ClockDoubted
from billing.models import BlogView


class Command(BaseCommand):
    help = (
        "Take in what this machine's spool has kept, settle the views that came in since the last "
        "run, and add up the counts."
    )

    def handle(self, **options):
        try:
            now = read_clock()
        except ClockDoubted as error:
            raise CommandError(str(error)) from error
        self.stdout.write(str(fold_views(at=now)))
        if ahead := BlogView.objects.pending().filter(viewed_at__gt=now + TOLERANCE).count():
            self.stdout.write(
                f"{ahead} views are dated later than now and count once that time has come. "
                "The clock of a web machine is, or was, wrong."
            )
        if problem := get_spool_ready(at=now):
            raise CommandError(f"The views are counted, but {problem}")
