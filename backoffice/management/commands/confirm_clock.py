from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from backoffice.clocks import confirm_clock
from backoffice.reasons import has_word


class Command(BaseCommand):
    help = (
        "Say that this machine's clock is right, after jobs refused to believe it. Who says so and "
        "why is kept among the job runs. Look at the clock first: date"
    )

    def add_arguments(self, parser):
        parser.add_argument("--by", required=True, help="Your username.")
        parser.add_argument("--reason", required=True, help="Why it could look wrong.")

    def handle(self, *, by, reason, **options):
        user = User.objects.filter(username=by, is_active=True).first()
        if user is None:
            raise CommandError(f"Nobody here has the username “{by}”.")
        if not has_word(reason):
            raise CommandError("Give the reason in a few words: auditors read it.")
        run = confirm_clock(by=user.get_full_name() or by, reason=reason.strip())
        self.stdout.write(run.output)
