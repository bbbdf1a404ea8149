from django.db import migrations, models
import django.db.models.deletion

FILL = """
    INSERT INTO billing_dailycategorycount (category_id, day, views, seal_id)
    SELECT category_id, day, SUM(views), MAX(seal_id)
    FROM billing_dailyviewcount GROUP BY category_id, day
"""


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0034_archived_days"),
        ("weblog", "0008_lead_picture"),
    ]

    operations = [
        migrations.CreateModel(
            name="DailyCategoryCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("views", models.PositiveBigIntegerField()),
                ("category", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="weblog.category")),
                ("seal", models.ForeignKey(db_index=False, editable=False, help_text="The seal of views with which the row was last written.", null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="billing.viewseal", to_field="number")),
            ],
            options={
                "default_permissions": (),
                "verbose_name": "daily views of a category",
                "verbose_name_plural": "daily views of categories",
                "ordering": ["-day", "category"],
                "constraints": [models.UniqueConstraint(fields=("day", "category"), name="billing_dailycategorycount_unique")],
            },
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
