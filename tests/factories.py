"""Rows for tests. A test states only the values that it is about."""

import datetime as dt
import functools
import itertools
import json
from decimal import Decimal

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Group, Permission, User
from django.db import connection
from django.db.models import Count, Min
from django.utils import timezone

from backoffice.signing import save_signed
from weblog.models import Blog, Category

_numbers = itertools.count(1)


def make_user(username=None, *, groups=(), is_superuser=False, **values):
    """Make a user whose rights are old, so the security log has nothing about them."""
    number = next(_numbers)
    user = User.objects.create_user(
        username=username or f"person{number}",
        **{"password": "secret", "is_staff": True} | values,
    )
    if is_superuser:
        user.is_superuser = True
        User.objects.filter(pk=user.pk).update(is_superuser=True)
    through = User.groups.through
    held = [through(user=user, group=Group.objects.get_by_natural_key(name)) for name in groups]
    through.objects.bulk_create(held)
    if held or is_superuser:
        _record_rights(user, held)
    return user


def _record_rights(user, held):
    """Let the history of the account say which rights it was made with, as verification asks."""
    record = user.history.get()
    record.is_superuser = user.is_superuser
    listed = type(record).groups.model
    listed.objects.bulk_create(
        listed(history=record, id=one.pk, user=user, group_id=one.group_id) for one in held
    )
    type(record).objects.filter(pk=record.pk).update(is_superuser=user.is_superuser)
    if apps.is_installed("billing"):
        from billing.proof.traces import trace_rows

        trace_rows([record])


def make_groups(*fixtures):
    """Make the roles of the named fixtures like loaddata, in a hundredth of the time."""
    first, number = Permission.objects.aggregate(Min("pk"), Count("pk")).values()
    held = _read_roles(fixtures, first, number)
    groups = Group.objects.bulk_create(Group(name=name) for name in held)
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO auth_group_permissions (group_id, permission_id) VALUES (%s, %s)",
            [(group.pk, pk) for group in groups for pk in held[group.name]],
        )


@functools.cache
def _read_roles(fixtures, first, number):
    """Return {role: keys of its rights}, as long as the table of rights is the same."""
    keys = ("codename", "content_type__app_label", "content_type__model")
    rows = Permission.objects.order_by().values_list("pk", *keys)
    permissions = {tuple(key): pk for pk, *key in rows}
    roles = {}
    for fixture in fixtures:
        for row in json.loads((settings.BASE_DIR / "fixtures" / fixture).read_text()):
            pks = [permissions[tuple(key)] for key in row["fields"]["permissions"]]
            roles.setdefault(row["fields"]["name"], []).extend(pks)
    return roles


def make_category(name=None):
    name = name or f"Category {next(_numbers)}"
    return Category.objects.get_or_create(name=name, slug=name.lower().replace(" ", "-"))[0]


def make_blog(**values):
    number = next(_numbers)
    values.setdefault("title", f"Blog {number}")
    values.setdefault("slug", f"blog-{number}")
    values.setdefault("body", "<p>Some words.</p>")
    values.setdefault("status", Blog.Status.PUBLISHED)
    values.setdefault("publish_at", timezone.now() - dt.timedelta(days=1000))
    if "author" not in values:
        values["author"] = make_user()
    if "category" not in values:
        values["category"] = make_category()
    return Blog.objects.create(**values)


def make_price(category, price_per_1000, effective_from=dt.date(2020, 1, 1), by=None, **values):
    """Make a price that a person entered, because verification asks who did."""
    from billing.models import CategoryPrice

    price = CategoryPrice(
        category=category,
        price_per_1000=Decimal(price_per_1000),
        effective_from=effective_from,
        **values,
    )
    return save_signed(price, by=by or make_user(), reason=price.note)


def make_count(blog, views, day=dt.date(2026, 10, 15)):
    """Make counted views of a blog, as fold_views leaves them."""
    from billing.models import DailyCategoryCount, DailyViewCount, MonthlyViewCount

    seal = make_view_seal(day)
    facts = {"blog": blog, "author": blog.author, "category": blog.category}
    for model, key in (
        (MonthlyViewCount, facts | {"month": day.replace(day=1)}),
        (DailyCategoryCount, {"category": blog.category, "day": day}),
    ):
        total, is_new = model.objects.get_or_create(**key, defaults={"views": views, "seal": seal})
        if not is_new:
            total.views, total.seal = total.views + views, seal
            total.save()
    return DailyViewCount.objects.create(**facts, day=day, views=views, seal=seal)


def make_view_seal(day=dt.date(2026, 10, 15), kind="recount", **content):
    """The next seal of views, without any views under it."""
    from billing.proof.view_seals import append_view_seal

    at = dt.datetime(2026, 10, 16, tzinfo=dt.UTC)
    return append_view_seal(kind=kind, day=day, at=at, **content)


def make_retired_total(day, outcome, views):
    """A total of views that were dropped, as retire_day leaves it."""
    from billing.models import RetiredViewTotal

    make_view_seal(day, "retirement", outcomes={outcome: views}, counted=[])
    return RetiredViewTotal.objects.create(day=day, outcome=outcome, views=views)


def make_finding(blog, month=dt.date(2026, 10, 1), **values):
    from billing.models import Finding

    facts = {"kind": "busy_reader", "views": 1, "found_at": dt.datetime(2026, 11, 1, tzinfo=dt.UTC)}
    number = Finding.objects.count()
    return Finding.objects.create(
        blog=blog, author=blog.author, month=month, fingerprint=number, **facts | values
    )


def approve(batch, *, by=None, at=None):
    """Approve a batch as somebody who has commented on every flag."""
    from billing.payouts.steps import approve_batch

    answers = AnswerToAnything()
    return approve_batch(batch=batch, by=by or make_user(), acknowledgements=answers, at=at)


class AnswerToAnything(dict):
    """Answer each flag without looking for the flags, which takes as long as the signature."""

    def get(self, flag, default=None):
        return "Looked at."


NOON = dt.datetime(2026, 10, 15, 10, tzinfo=dt.UTC)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"


def make_click(
    blog, seconds=0.0, *, start=NOON, ip_address="192.0.2.1", user_agent=FIREFOX, user=None
):
    """Make a view as the receiver records it, `seconds` after `start`."""
    from billing.counting.recording import record_view

    return record_view(
        blog=blog,
        viewed_at=start + dt.timedelta(seconds=seconds),
        ip_address=ip_address,
        user_agent=user_agent,
        user=user,
    )


def make_line(
    request="GET /blogs/arp-security/ HTTP/1.1",
    *,
    host="192.0.2.1",
    time="17/May/2015:10:05:03 +0000",
    status="200",
    size="2326",
    referer="-",
    user_agent=FIREFOX,
    more="",
):
    """Return a line of an access log in the combined format."""
    return (
        f'{host} - - [{time}] "{request}" {status} {size} "{referer}" "{user_agent}"{more}'
    ).encode(errors="surrogateescape")


IBANS = ("DE89370400440532013000", "NL91ABNA0417164300", "GB33BUKB20201555555555")


def describe_payee(**values):
    """Return what somebody types into the form about a payee."""
    return {
        "legal_name": "Ada Example",
        "street": "Musterweg",
        "building_number": "7b",
        "postcode": "10117",
        "town": "Berlin",
        "country": "DE",
        "language": "de",
        "email": "ada@example.com",
        "tax_id": "DE136695976",
        "account_kind": "iban",
        "iban": IBANS[0],
    } | values


def make_payee(*authors, at, kind=None, is_confirmed=True, by=None, **values):
    """Make a payee of the authors, with details that were in force before `at`."""
    from billing.payees.changes import add_payee, confirm_payee
    from billing.payees.reading import name_waiting

    entered_at = at - dt.timedelta(hours=100)
    kind = kind or ("agent" if len(authors) > 1 else "person")
    data = describe_payee(**{"legal_name": f"Payee {next(_numbers)}"} | values)
    payee = add_payee(
        kind=kind, authors=authors, data=data, by=by or authors[0], at=entered_at
    ).payee
    if is_confirmed:
        confirm_payee(
            payee=payee, by=make_user(), note="Called", seen=name_waiting(payee), at=entered_at
        )
    return payee
