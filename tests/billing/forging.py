# ruff: noqa: S608
"""Random changes past the application, by somebody who owns the database."""

import datetime as dt
import random
import uuid
from decimal import Decimal

from django.apps import apps
from django.contrib.auth.models import Group, Permission, User
from django.db import DatabaseError, connection, models, transaction

from backoffice.models import JobRun
from billing.models import DailyCategoryCount
from weblog.models import Blog, ImportedAuthor

AT = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
NOBODY = 999_999_999

HISTORIES = [User.history.model, Group.history.model]
PEOPLE = [
    User,
    Group,
    Permission,
    User.groups.through,
    User.user_permissions.through,
    Group.permissions.through,
    *HISTORIES,
    *(getattr(m, f.name).model for m in HISTORIES for f in m._history_m2m_fields),
    JobRun,
]
# What decides who is paid for the next views, or whether somebody is.
BLOGS = [Blog, Blog.history.model, ImportedAuthor, ImportedAuthor.history.model]
COUNTS = ["dailyviewcount", "monthlyviewcount", "dailycategorycount", "retiredviewtotal"]


def list_tables():
    """Return every table of money and views, then those of people, of jobs and of blogs."""
    return [*apps.get_app_config("billing").get_models(include_auto_created=True), *PEOPLE, *BLOGS]


def list_deeds():
    """Return what is done to each table: a change of each column, and four to whole rows."""
    return [
        (model, deed)
        for model in list_tables()
        for deed in (
            *(field.name for field in model._meta.concrete_fields if not field.primary_key),
            *WAYS,
        )
    ]


# Each returns a statement, its parameters, and the keys of the rows that it is about.


def edit(model, generator, field=None):
    row, field = pick_row(model, generator), field or pick_field(model, generator)
    value = another_value(field, row, generator)
    statement = f'UPDATE {table_of(model)} SET "{field.column}" = %s WHERE {key_of(model)} = %s'
    return statement, [value, key(row)], [row.pk]


def delete(model, generator):
    row = pick_row(model, generator)
    return f"DELETE FROM {table_of(model)} WHERE {key_of(model)} = %s", [key(row)], [row.pk]


def insert(model, generator):
    """Insert a copy of a row, with other values where they must be unique."""
    row, new_key = pick_row(model, generator), another_value(model._meta.pk, None, generator)
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    unique = {name for names in model._meta.total_unique_constraints for name in names.fields}
    unique |= {name for names in model._meta.unique_together for name in names}
    new = {
        field.column: another_value(field, row, generator)
        for field in fields
        if field.unique or (field.name in unique and generator.random() < 0.7)
    }
    columns = ", ".join(f'"{field.column}"' for field in fields)
    values = ", ".join("%s" if f.column in new else f'"{f.column}"' for f in fields)
    statement = (
        f"INSERT INTO {table_of(model)} ({key_of(model)}, {columns}) "
        f"SELECT {cast(model._meta.pk)}, {values} FROM {table_of(model)} WHERE {key_of(model)} = %s"
    )
    return statement, [new_key, *new.values(), key(row)], [new_key, row.pk]


def swap(model, generator):
    """Let two rows exchange their values of a column."""
    field, rows = pick_field(model, generator), [pick_row(model, generator) for _ in range(6)]
    pairs = [(a, b) for a in rows for b in rows if is_told_by_swap(field, a, b)]
    if not pairs:
        return edit(model, generator)
    one, other = generator.choice(pairs)
    statement = (
        f'UPDATE {table_of(model)} SET "{field.column}" = CASE {key_of(model)} WHEN %s '
        f"THEN {cast(field)} ELSE {cast(field)} END WHERE {key_of(model)} IN (%s, %s)"
    )
    values = [key(one), raw(field, other), raw(field, one), key(one), key(other)]
    return statement, values, [one.pk, other.pk]


def is_told_by_swap(field, one, other):
    """Whether they differ in it, and an exchange does more than give them each other's key.

    Links of a history keep the key of the link, too, which nothing refers to.
    """
    keys = ("id", field.name) if hasattr(one, "m2m_history_id") else (field.name,)
    fields = one._meta.concrete_fields
    others = [f for f in fields if not f.primary_key and f.name not in keys]
    return says(field, one) != says(field, other) and (
        any(says(each, one) != says(each, other) for each in others)
        or bool(one._meta.related_objects)
    )


def renumber(model, generator):
    """Give a row another key."""
    row, new = pick_row(model, generator), another_value(model._meta.pk, None, generator)
    statement = f"UPDATE {table_of(model)} SET {key_of(model)} = %s WHERE {key_of(model)} = %s"
    return statement, [new, key(row)], [new, row.pk]


WAYS = {"delete": delete, "insert": insert, "swap": swap, "renumber": renumber}


def forge(model, deed, generator):
    """Do it so that keys and constraints let it pass. Return the statement and its rows' names.

    The statement is None where the database refuses each of many tries.
    """
    for _ in range(40):
        if deed in WAYS:
            statement, values, keys = WAYS[deed](model, generator)
        else:
            statement, values, keys = edit(model, generator, model._meta.get_field(deed))
        names = name_family(model, keys)
        try:
            with transaction.atomic():
                execute(statement, values)
                connection.check_constraints()
        except DatabaseError:
            continue
        return (statement, values), names | name_family(model, keys)
    return None, set()


def table_of(model):
    return f'"{model._meta.db_table}"'


def key_of(model):
    return f'"{model._meta.pk.column}"'


def key(row):
    return row._meta.pk.get_db_prep_value(row.pk, connection)


def pick_row(model, generator):
    return generator.choice(list(model._base_manager.order_by("pk")))


def pick_field(model, generator):
    return generator.choice([f for f in model._meta.concrete_fields if not f.primary_key])


def says(field, row):
    return field.value_to_string(row)


def raw(field, row):
    value = getattr(row, field.attname)
    if isinstance(field, models.BinaryField):
        return value if value is None else bytes(value)
    return field.get_db_prep_save(value, connection)


def cast(field):
    """A parameter whose type PostgreSQL can't tell from its place."""
    return f"CAST(%s AS {field.db_type(connection)})" if connection.vendor == "postgresql" else "%s"


def another_value(field, row, generator):
    """Return a plausible value that differs from the row's."""
    if row is None and isinstance(field, models.IntegerField):
        return 1_000_000 + generator.randrange(10**6)  # a key that nobody has
    value = getattr(row, field.attname) if row else None
    if isinstance(field, models.ForeignKey):
        target = field.target_field.attname
        keys = field.related_model._base_manager.exclude(**{target: value}).order_by(target)
        value = generator.choice([*keys.values_list(target, flat=True), NOBODY])
    elif field.choices:
        value = generator.choice([one for one, _ in field.choices if one != value] or ["?"])
    elif isinstance(field, models.DateTimeField):
        value = (value or AT) + dt.timedelta(seconds=generator.choice([-1, 1, 86400]))
    elif isinstance(field, models.DateField):
        value = (value or AT.date()) + dt.timedelta(days=generator.choice([-31, -1, 1, 31]))
    elif isinstance(field, models.DecimalField):
        value = (value or 0) + generator.choice([Decimal("0.01"), Decimal("-0.01"), Decimal(100)])
    elif isinstance(field, models.BooleanField):
        value = not value
    elif isinstance(field, models.IntegerField):
        value = (value or 0) + generator.choice([1, 2, 10, 1_000_000 + generator.randrange(10**6)])
    elif isinstance(field, models.UUIDField):
        value = uuid.UUID(int=generator.getrandbits(128))
    elif isinstance(field, models.BinaryField):
        size = len(value or b"") or 16
        value = generator.randbytes(size)
    elif isinstance(field, models.JSONField):
        value = [*value, "x"] if isinstance(value, list) else {**(value or {}), "views": 9}
    else:
        value = f"{value or ''}{generator.choice('abc')}"[-(field.max_length or 10_000) :]
    return field.get_db_prep_save(value, connection)


def execute(statement, values=()):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def name_family(model, keys):
    """Return how the rows are named, and those that they belong to or that belong to them."""
    names = {f"({model._meta.db_table} {key})" for key in keys} | {f"({model._meta.db_table})"}
    if model._meta.model_name in ("viewseal", "traceseal"):  # or the link before or after it
        names |= {f"({model._meta.db_table} ", "the seal of traces "}
    if model._meta.model_name == "verification":
        names.add(" says the verification of ")
    if model._meta.model_name == "historicalpayoutbatch":  # moves the acts of other batches
        names.add("(billing_payoutbatch ")
    if hasattr(model, "history_type"):  # an act is named by the change that it is
        names |= {f" change {key}{mark}" for key in keys for mark in ")”"}
    if model._meta.model_name in COUNTS:
        names.add("The missing ")  # and then which blog, author and month, or which day
    for row in model._base_manager.filter(pk__in=keys):
        names |= set(_name_relatives(row))
    return names


def _name_relatives(row):
    for field in row._meta.concrete_fields:
        if field.is_relation:
            target = field.related_model._base_manager.filter(
                **{field.target_field.attname: getattr(row, field.attname)}
            )
            for parent in target:
                yield from (_name(parent), *_name_children(parent))
    yield from _name_children(row)
    if not hasattr(row, "history_id") and hasattr(type(row), "history"):
        for one in row.history.all():
            yield _name(one)
    if hasattr(row, "blog_id"):
        for count in ("DailyViewCount", "MonthlyViewCount"):
            for one in apps.get_model("billing", count).objects.filter(blog=row.blog_id):
                yield _name(one)
    if hasattr(row, "payment_id"):
        batch = row.payment.batch
        yield from (_name(batch), *_name_children(batch))
    if hasattr(row, "history_type"):
        key = row.instance_type._meta.pk.attname
        same = {key: getattr(row, key)}
        for one in (
            *type(row)._base_manager.filter(**same),
            *row.instance_type._base_manager.filter(**same),
        ):
            yield _name(one)
    if hasattr(row, "category_id") and hasattr(row, "day"):
        for one in DailyCategoryCount.objects.filter(category=row.category_id, day=row.day):
            yield _name(one)
    if month := getattr(row, "month", None) or getattr(row, "day", None):
        month = month.replace(day=1)
        for batch in apps.get_model("billing", "PayoutBatch").objects.filter(month=month):
            yield from (_name(batch), *_name_children(batch))


def _name_children(row):
    for relation in row._meta.related_objects:
        child = relation.related_model
        if child._meta.app_label in ("billing", "backoffice") or child in (*PEOPLE, *BLOGS):
            attname = relation.field.target_field.attname
            for one in child._base_manager.filter(**{relation.field.name: getattr(row, attname)}):
                yield _name(one)


def _name(row):
    return f"({row._meta.db_table} {row.pk})"


def make_generator(number):
    return random.Random(number)
