from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q

RULES = {
    "one_open": models.UniqueConstraint(
        fields=["author"],
        condition=Q(ended_at__isnull=True),
        name="billing_hold_one_open",
        violation_error_message="This author has a hold or pay-out already.",
    ),
    "not_ones_own": models.CheckConstraint(
        condition=~Q(author=F("created_by")),
        name="billing_hold_not_ones_own",
        violation_error_message="Nobody decides about payments of their own.",
    ),
    "has_reason": models.CheckConstraint(condition=~Q(reason=""), name="billing_hold_has_reason"),
    "ended_by_somebody": models.CheckConstraint(
        condition=Q(ended_at__isnull=True, ended_by__isnull=True)
        | Q(ended_at__isnull=False, ended_by__isnull=False),
        name="billing_hold_ended_by_somebody",
    ),
}


class Migration(migrations.Migration):
    """Call the table of holds and pay-outs what pages call them. Rows and histories stay."""

    dependencies = [
        ("billing", "0008_bank_formats"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        *(
            migrations.RemoveConstraint("paymentinstruction", f"billing_paymentinstruction_{name}")
            for name in RULES
        ),
        migrations.RenameModel("PaymentInstruction", "Hold"),
        migrations.RenameModel("HistoricalPaymentInstruction", "HistoricalHold"),
        *(migrations.AddConstraint("hold", rule) for rule in RULES.values()),
        migrations.AlterField(
            "hold",
            "author",
            models.ForeignKey(
                on_delete=models.PROTECT, related_name="holds", to=settings.AUTH_USER_MODEL
            ),
        ),
    ]
