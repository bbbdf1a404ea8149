import json
import shutil
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from billing.bank.exports import describe_file, export_payments, open_file
from billing.bank.formats import list_formats
from billing.errors import BillingError
from billing.models import PayoutBatch
from billing.periods import parse_month


class Command(BaseCommand):
    help = "Write the payments of an approved batch to a file."

    def add_arguments(self, parser):
        parser.add_argument("--month", required=True, help="The batch's month, such as 2026-10.")
        parser.add_argument(
            "--format", choices=[format.key for format in list_formats()], default="csv"
        )
        parser.add_argument("--output", required=True, type=Path, help="The file to write.")

    def handle(self, *, month, format, output, **options):
        try:
            batch = PayoutBatch.objects.standing().get(month=parse_month(month))
            export = export_payments(batch=batch, format=format)
            with open_file(export) as stream, output.open("wb") as file:
                shutil.copyfileobj(stream, file)
            if export.message_id:
                companion = output.with_name(f"{output.name}.json")
                companion.write_text(json.dumps(describe_file(export), indent=2))
        except PayoutBatch.DoesNotExist:
            raise CommandError(f"There is no batch for {month}.") from None
        except (BillingError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Wrote {output}, SHA-256 {export.sha256}.")
