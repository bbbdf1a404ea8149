from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0036_stream_numbers'),
    ]

    operations = [
        migrations.AlterField(
            model_name='viewseal',
            name='kind',
            field=models.CharField(choices=[('views', 'Views'), ('upgrade', 'Upgrade'), ('decision', 'Decision'), ('recount', 'Recount'), ('submission', 'Submission'), ('retirement', 'Retirement'), ('archive', 'Archive'), ('sums', 'Sums')], max_length=10),
        ),
    ]
