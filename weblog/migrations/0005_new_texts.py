import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

OPEN = ["draft", "in_review", "scheduled"]
RULES = {
    "one_open": models.UniqueConstraint(
        fields=["blog"],
        condition=Q(status__in=OPEN),
        name="weblog_newtext_one_open",
        violation_error_message="This blog has a new text that waits already.",
    ),
    "status_known": models.CheckConstraint(
        condition=Q(status__in=[*OPEN, "published", "withdrawn"]),
        name="weblog_newtext_status_known",
    ),
    "schedule_complete": models.CheckConstraint(
        condition=~Q(status="scheduled") | Q(publish_at__isnull=False, approved_by__isnull=False),
        name="weblog_newtext_schedule_complete",
        violation_error_message="A scheduled text has a time, and somebody approved it.",
    ),
}


class Migration(migrations.Migration):
    """Call the table of new texts what pages call them. Rows and histories stay."""

    dependencies = [("weblog", "0004_picture_takedowns")]

    operations = [
        *(
            migrations.RemoveConstraint("blogrevision", f"weblog_blogrevision_{name}")
            for name in RULES
        ),
        migrations.RenameModel("BlogRevision", "NewText"),
        migrations.RenameModel("HistoricalBlogRevision", "HistoricalNewText"),
        *(migrations.AddConstraint("newtext", rule) for rule in RULES.values()),
        migrations.AlterField(
            "newtext",
            "blog",
            models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="new_texts",
                to="weblog.blog",
            ),
        ),
    ]
