"""Hold bounds and decimals of amounts in the database, and name first what does not fit.

No batch could be built with such a row, and the application's own forms never let one in.
"""

import django.db.models.expressions
import django.db.models.lookups
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models
from django.db.models import BigIntegerField, ExpressionWrapper, F, Q


BOUNDS = {  # {model: {field: (least, most)}}; in millionths, as the columns have it
    "CategoryPrice": {"price_per_1000": (0, 10**15 - 1)},
    "Adjustment": {"amount": (1 - 10**15, 10**15 - 1)},
    "PayoutBatch": {"minimum_payout": (0, 10**15 - 1)},
    "Payment": {
        "amount": (-9 * 10**15, 9 * 10**15),
        "rounding": (-(10**6), 10**6),
        "carried_amount": (-9 * 10**15, 9 * 10**15),
    },
    "PaymentLine": {"amount": (-9 * 10**15, 9 * 10**15)},
}


def name_what_does_not_fit(apps, schema_editor):
    found = [
        f"{model} {row['pk']}: {', '.join(f'{name} {row[name]}' for name in BOUNDS[model])}"
        for model in BOUNDS
        for row in _find_outside(apps.get_model("billing", model), BOUNDS[model])
    ]
    if found:
        raise ValueError(
            "These amounts are too large, negative, or have too many decimals. Correct or withdraw "
            f"them with the version before, and migrate again: {'; '.join(found)}."
        )


def _find_outside(model, bounds):
    rows = model.objects.annotate(
        **{f"_{name}": ExpressionWrapper(F(name), BigIntegerField()) for name in bounds}
    )
    outside = Q()
    for name, (least, most) in bounds.items():
        outside |= Q(**{f"_{name}__lt": least}) | Q(**{f"_{name}__gt": most})
    if model.__name__ == "CategoryPrice":
        rows = rows.annotate(finer=ExpressionWrapper(F("price_per_1000") % 1000, BigIntegerField()))
        outside |= ~Q(finer=0)
    return rows.filter(outside).order_by("pk").values("pk", *bounds)[:10]


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0011_stored_currency'),
        ('weblog', '0005_new_texts'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunPython(name_what_does_not_fit, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name='adjustment',
            constraint=models.CheckConstraint(condition=models.Q(('amount__gt', Decimal('-1000000000')), ('amount__lt', Decimal('1000000000'))), name='billing_adjustment_in_bounds', violation_error_message='An adjustment is less than 1,000,000,000.'),
        ),
        migrations.AddConstraint(
            model_name='adjustment',
            constraint=models.CheckConstraint(condition=models.Q(('currency', ''), _negated=True), name='billing_adjustment_has_currency'),
        ),
        migrations.AddConstraint(
            model_name='categoryprice',
            constraint=models.CheckConstraint(condition=models.Q(('price_per_1000__lt', Decimal('1000000000'))), name='billing_categoryprice_in_bounds', violation_error_message='A price is less than 1,000,000,000.'),
        ),
        migrations.AddConstraint(
            model_name='categoryprice',
            constraint=models.CheckConstraint(condition=models.Q(django.db.models.lookups.Exact(models.ExpressionWrapper(django.db.models.expressions.CombinedExpression(models.F('price_per_1000'), '%%', models.Value(1000)), output_field=models.BigIntegerField()), 0)), name='billing_categoryprice_three_decimals', violation_error_message='A price has at most three decimals.'),
        ),
        migrations.AddConstraint(
            model_name='categoryprice',
            constraint=models.CheckConstraint(condition=models.Q(('currency', ''), _negated=True), name='billing_categoryprice_has_currency'),
        ),
        migrations.AddConstraint(
            model_name='payment',
            constraint=models.CheckConstraint(condition=models.Q(('amount__range', (Decimal('-9000000000'), Decimal('9000000000'))), ('rounding__range', (-1, 1)), ('carried_amount__range', (Decimal('-9000000000'), Decimal('9000000000')))), name='billing_payment_in_bounds'),
        ),
        migrations.AddConstraint(
            model_name='paymentline',
            constraint=models.CheckConstraint(condition=models.Q(('amount__range', (Decimal('-9000000000'), Decimal('9000000000')))), name='billing_paymentline_in_bounds'),
        ),
        migrations.AddConstraint(
            model_name='payoutbatch',
            constraint=models.CheckConstraint(condition=models.Q(('minimum_payout__gte', 0), ('minimum_payout__lt', Decimal('1000000000'))), name='billing_payoutbatch_minimum_in_bounds'),
        ),
    ]
