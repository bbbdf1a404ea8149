"""Put views under seal, and say by the kind of the seals that they are from before there were any.

Recipes stand here as they were on the day of this migration: see billing.proof.view_seals.
"""

import hashlib
import json

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.utils import timezone

PORTION = 20_000
SETTLED = "day = %s AND seal_id IS NULL AND outcome <> 'pending'"
FACTS = {
    "postgresql": """
        encode(uuid_send(id), 'hex') || ',' || blog_id || ',' || author_id || ','
        || category_id || ',' || CAST(extract(epoch FROM viewed_at) * 1000000 AS bigint)
        || ',' || encode(reader_key, 'hex') || ',' || COALESCE(encode(previous_day_key, 'hex'), '')
        || ',' || encode(address_key, 'hex') || ',' || encode(agent_key, 'hex')
        || ',' || COALESCE(CAST(log_import_id AS text), '')
        || ',' || length(excluded_by) || ':' || excluded_by
    """,
    "sqlite": """
        id || ',' || blog_id || ',' || author_id || ',' || category_id || ','
        || (CAST(strftime('%%s', viewed_at) AS INTEGER) * 1000000
            + CAST(substr(substr(viewed_at, 21) || '000000', 1, 6) AS INTEGER))
        || ',' || lower(hex(reader_key)) || ',' || lower(hex(COALESCE(previous_day_key, '')))
        || ',' || lower(hex(address_key)) || ',' || lower(hex(agent_key))
        || ',' || COALESCE(log_import_id, '') || ',' || length(excluded_by) || ':' || excluded_by
    """,
}
EXCLUDED_BY = {
    "own_view": "signed in as the author",
    "staff_view": "signed in on staff",
    "robot": "not noted: an earlier version",
}


class Chain:
    """The links as they are added."""

    def __init__(self, model):
        self.model, self.number, self.previous, self.at = model, 0, "0" * 64, timezone.now()

    def append(self, *, kind, day, **content):
        self.number += 1
        moment = self.at.isoformat(timespec="microseconds")
        facts = {"number": self.number, "at": moment, "kind": kind, "day": day.isoformat()}
        text = _encode(facts | content)
        previous, self.previous = self.previous, _hash(f"{self.previous}\n{_hash(text)}")
        self.model.objects.create(
            number=self.number, kind=kind, day=day, content=text, previous_hash=previous,
            hash=self.previous, at=self.at,
        )  # fmt: skip
        return self.number


def seal_earlier_views(apps, schema_editor):
    get_model = lambda name: apps.get_model("billing", name)  # noqa: E731
    views = get_model("BlogView").objects
    for outcome, reason in EXCLUDED_BY.items():
        views.filter(outcome=outcome, excluded_by="").update(excluded_by=reason)
    chain = Chain(get_model("ViewSeal"))
    _seal_retired(chain, get_model)
    days = views.order_by("day").values_list("day", flat=True).distinct()
    with schema_editor.connection.cursor() as cursor:
        for day in list(days):
            while _seal_portion(chain, day, cursor):
                pass
    _seal_decisions(chain, get_model)


def _seal_retired(chain, get_model):
    """Seal the totals of dropped views first: what is kept of their days has later seals."""
    totals = get_model("RetiredViewTotal").objects
    key = ("blog_id", "author_id", "category_id")
    for day in list(totals.order_by("day").values_list("day", flat=True).distinct()):
        outcomes = dict(totals.filter(day=day, views__gt=0).values_list("outcome", "views"))
        counts = get_model("DailyViewCount").objects.filter(day=day)
        counted = {row[:3]: row[3] for row in counts.values_list(*key, "views")}
        kept = get_model("BlogView").objects.filter(day=day, outcome="counted").order_by()
        for *blog, views in kept.values_list(*key).annotate(views=models.Count("pk")):
            counted[tuple(blog)] = counted.get(tuple(blog), 0) - views
        rows = [[*blog, views] for blog, views in sorted(counted.items()) if views]
        chain.append(kind="retirement", day=day, outcomes=outcomes, counted=rows)


def _seal_portion(chain, day, cursor):
    facts = FACTS[cursor.db.vendor]
    cursor.execute(
        f"SELECT id, {facts} FROM billing_blogview "  # noqa: S608
        f"WHERE {SETTLED} ORDER BY id LIMIT {PORTION}",
        [day],
    )
    rows = cursor.fetchall()
    if rows:
        digest = _hash("\n".join(line for _, line in rows))
        number = chain.append(kind="upgrade", day=day, views=len(rows), digest=digest)
        cursor.execute(
            f"UPDATE billing_blogview SET seal_id = %s WHERE {SETTLED} AND id <= %s",  # noqa: S608
            [number, day, rows[-1][0]],
        )
    return len(rows) == PORTION


def _seal_decisions(chain, get_model):
    for finding in get_model("Finding").objects.filter(status="excluded").order_by("pk"):
        excluded = get_model("BlogView").objects.filter(finding=finding).count()
        day = finding.day or finding.month
        chain.append(
            kind="decision", day=day, finding=finding.pk, excluded=excluded or finding.views
        )


def _encode(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _hash(text):
    return hashlib.sha256(text.encode()).hexdigest()



class Migration(migrations.Migration):

    dependencies = [
        ('billing', '0014_paid_once_and_acts'),
        ('weblog', '0005_new_texts'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name='blogview',
            name='excluded_by',
            field=models.CharField(blank=True, help_text='The robot list and the pattern that matched, or who was signed in.', max_length=200),
        ),
        migrations.CreateModel(
            name='ViewSeal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(help_text='1 and up, without a gap.', unique=True)),
                ('content', models.TextField(help_text='What was signed, as canonical JSON.')),
                ('previous_hash', models.CharField(help_text='Zeros for the first seal.', max_length=64)),
                ('hash', models.CharField(max_length=64, unique=True)),
                ('at', models.DateTimeField()),
                ('kind', models.CharField(choices=[('views', 'Views'), ('upgrade', 'Upgrade'), ('decision', 'Decision'), ('recount', 'Recount'), ('retirement', 'Retirement')], max_length=10)),
                ('day', models.DateField(help_text='The day of the views.')),
            ],
            options={
                'verbose_name': 'seal of views',
                'verbose_name_plural': 'seals of views',
                'ordering': ['number'],
                'abstract': False,
                'indexes': [models.Index(fields=['day'], name='billing_viewseal_day')],
            },
        ),
        migrations.AddField(
            model_name='blogview',
            name='seal',
            field=models.ForeignKey(db_constraint=False, db_index=False, editable=False, help_text='The seal of its portion.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='billing.viewseal', to_field='number'),
        ),
        migrations.AddField(
            model_name='dailyviewcount',
            name='seal',
            field=models.ForeignKey(db_index=False, editable=False, help_text='The seal of views with which the row was last written.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='billing.viewseal', to_field='number'),
        ),
        migrations.AddField(
            model_name='monthlyviewcount',
            name='seal',
            field=models.ForeignKey(db_index=False, editable=False, help_text='The seal of views with which the row was last written.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='billing.viewseal', to_field='number'),
        ),
        migrations.AddIndex(
            model_name='blogview',
            index=models.Index(condition=models.Q(('seal__isnull', True)), fields=['viewed_at'], name='billing_blogview_unsealed'),
        ),
        migrations.AddField(
            model_name='verification',
            name='views_after',
            field=models.PositiveIntegerField(default=0, help_text='The seal of views up to which an earlier run proved them. 0: all are proved.'),
        ),
        migrations.AddField(
            model_name='verification',
            name='views_until',
            field=models.PositiveIntegerField(default=0, help_text='The latest seal of views when the run began.'),
        ),
        migrations.RunPython(seal_earlier_views, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name='blogview',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('excluded_by', ''), ('outcome__in', ['pending', 'counted', 'double_click', 'excluded'])), models.Q(('excluded_by', 'signed in as the author'), ('outcome', 'own_view')), models.Q(('excluded_by', 'signed in on staff'), ('outcome', 'staff_view')), models.Q(('outcome', 'robot'), models.Q(('excluded_by__in', ['', 'signed in as the author', 'signed in on staff']), _negated=True)), _connector='OR'), name='billing_blogview_outcome_as_excluded_by'),
        ),
        migrations.AddConstraint(
            model_name='blogview',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('finding__isnull', False), ('outcome', 'excluded')), models.Q(models.Q(('outcome', 'excluded'), _negated=True), ('finding__isnull', True)), _connector='OR'), name='billing_blogview_excluded_by_finding'),
        ),
        migrations.AddConstraint(
            model_name='blogview',
            constraint=models.CheckConstraint(condition=models.Q(('seal__isnull', False), ('outcome__in', ['pending', 'robot', 'own_view', 'staff_view']), _connector='OR'), name='billing_blogview_settled_is_sealed'),
        ),
    ]
