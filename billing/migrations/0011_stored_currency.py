"""Store the currency of prices and adjustments, and with batches what they were built under.

What a batch has used is in that batch's currency. What none has used is in that of the setting.
Rows of histories stay without one, as they were sealed so.
"""

import billing.money
from django.conf import settings
from django.db import migrations, models


def fill_currencies(apps, schema_editor):
    batches = apps.get_model("billing", "PayoutBatch").objects.exclude(status="cancelled")
    currencies = dict.fromkeys(batches.order_by("month").values_list("currency", flat=True))
    for model in ("CategoryPrice", "Adjustment"):
        rows = apps.get_model("billing", model).objects
        rows.update(currency=settings.CURRENCY)
        if set(currencies) - {settings.CURRENCY}:
            for batch in batches.order_by("month"):
                rows.filter(lines__payment__batch=batch).update(currency=batch.currency)


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0010_evidence_seals'),
    ]

    operations = [
        migrations.AddField(
            model_name='adjustment',
            name='currency',
            field=billing.money.CurrencyField(default="", editable=False, max_length=3),
        ),
        migrations.AddField(
            model_name='categoryprice',
            name='currency',
            field=billing.money.CurrencyField(default="", editable=False, max_length=3),
        ),
        migrations.AddField(
            model_name='historicaladjustment',
            name='currency',
            field=billing.money.CurrencyField(default="", editable=False, max_length=3),
        ),
        migrations.AddField(
            model_name='historicalcategoryprice',
            name='currency',
            field=billing.money.CurrencyField(default="", editable=False, max_length=3),
        ),
        migrations.AddField(
            model_name='historicalpayoutbatch',
            name='decimals',
            field=models.PositiveSmallIntegerField(help_text='Those of the currency when it was built. Empty if that was before they were stored.', null=True),
        ),
        migrations.AddField(
            model_name='historicalpayoutbatch',
            name='second_approval_above',
            field=billing.money.AmountField(decimal_places=6, help_text='What it may pay with one approver. Empty without such a limit.', max_digits=15, null=True),
        ),
        migrations.AddField(
            model_name='payment',
            name='username',
            field=models.CharField(blank=True, help_text='The user name at that time. Empty if that was before it was stored.', max_length=150),
        ),
        migrations.AddField(
            model_name='payoutbatch',
            name='decimals',
            field=models.PositiveSmallIntegerField(help_text='Those of the currency when it was built. Empty if that was before they were stored.', null=True),
        ),
        migrations.AddField(
            model_name='payoutbatch',
            name='second_approval_above',
            field=billing.money.AmountField(decimal_places=6, help_text='What it may pay with one approver. Empty without such a limit.', max_digits=15, null=True),
        ),
        migrations.RunPython(fill_currencies, migrations.RunPython.noop),
        migrations.AlterField(
            model_name='adjustment',
            name='currency',
            field=billing.money.CurrencyField(),
        ),
        migrations.AlterField(
            model_name='categoryprice',
            name='currency',
            field=billing.money.CurrencyField(),
        ),
        migrations.AlterField(
            model_name='historicaladjustment',
            name='currency',
            field=billing.money.CurrencyField(),
        ),
        migrations.AlterField(
            model_name='historicalcategoryprice',
            name='currency',
            field=billing.money.CurrencyField(),
        ),
    ]
