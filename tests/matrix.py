"""Every route of the site, for everybody, on rows of every kind, by every method.

Each cell of the matrix is a request. Its pages are not rendered, which other tests do: the answer's
code stands before that.
"""

import contextlib
import datetime as dt
import re
from typing import NamedTuple
from unittest.mock import patch

from django.apps import apps
from django.contrib.admin.utils import quote
from django.db import connection
from django.db.models import Q
from django.template.backends.django import Template
from django.urls import get_resolver

from billing.payouts import steps
from tests.doors import AT, ROWS, make_rows
from tests.factories import make_blog, make_count, make_user
from weblog.models import Picture
from weblog.publishing.new_texts import start_new_text

METHODS = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]
ROLES = ["Authors", "Editors", "Finance", "Approvers", "Auditors"]
PEOPLE = ["stranger", "reader", "no role", *ROLES, "superuser"]

# What no row could have for its key, as it stands in an address.
GARBAGE = {
    "beyond every number": "9" * 40,
    "one beyond": str(2**63),
    "negative": "-1",
    "zero": "0",
    "NUL": "1%00",
    "Arabic digits": "%D9%A3",
    "full-width digits": "%EF%BC%91",
    "no UTF-8": "%ff%fe",
    "a percent sign": "%25",
    "a slash": "1%2F..%2F1",
    "half a UUID": "0190a0b0-7c00",
    "no UUID": "zzzzzzzz-zzzz-7zzz-zzzz-zzzzzzzzzzzz",
    "a fraction": "1.5",
    "an exponent": "1e3",
    "words": "x' OR 1=1 --",
    "quoted": "_5F_2F",
    "long": "a" * 3000,
}
FEW_GARBAGE = ["beyond every number", "NUL", "no UUID"]

# Whose row it is, and which rows nothing changes any more.
OWNERS = {
    "weblog.blog": "author", "weblog.newtext": "blog__author", "weblog.picture": "uploaded_by",
    "weblog.importedauthor": "account", "billing.payment": "author", "billing.dispute": "author",
    "billing.adjustment": "author", "billing.hold": "author", "billing.payee": "authors__author",
    "billing.finding": "author", "billing.dailyviewcount": "author", "auth.user": "pk",
    "billing.monthlyviewcount": "author", "billing.blogview": "author",
    "billing.handpayment": "payment__author", "backoffice.accessrequest": "about",
}  # fmt: skip
SIGNED = ["approved", "paid"]
SEALED = {
    "billing.payoutbatch": Q(status__in=SIGNED),
    "billing.payment": Q(batch__status__in=SIGNED),
}


class Route(NamedTuple):
    name: str
    text: str  # as the URL conf says it
    parameters: tuple[str, ...]


def list_routes():
    """Return all routes of the URL conf, also those without a name."""
    return [*_walk(get_resolver(), "")]


def _walk(resolver, before, namespace=""):
    for pattern in resolver.url_patterns:
        text = before + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            inner = pattern.namespace if pattern.namespace not in (None, "admin") else ""
            yield from _walk(pattern, text, inner or namespace)
            continue
        regex = pattern.pattern.regex
        names = {number: name for name, number in regex.groupindex.items()}
        parameters = tuple(names.get(n, f"part {n}") for n in range(1, regex.groups + 1))
        name = ":".join(filter(None, [namespace, pattern.name or ""])) or text
        yield Route(name, text, parameters)


def make_people():
    """Return {role: account}. Each has rows of their own, also those who write nothing."""
    people = {"stranger": None, "reader": make_user(is_staff=False)}
    people |= {role: make_user(groups=[role] if role in ROLES else []) for role in PEOPLE[2:-1]}
    return people | {"superuser": make_user(is_superuser=True)}


def make_own_rows(people, category):
    """Make what each account owns: texts, pictures, views, a payment in the signed batch."""
    for user in filter(None, people.values()):
        blog = make_blog(author=user, category=category)
        start_new_text(blog=blog, by=user)
        Picture.objects.create(
            file=f"pictures/2026/11/{user.pk}.png",
            alt_text="A", uploaded_by=user, width=1, height=1,
        )  # fmt: skip
        make_count(blog, 1000)


def make_matrix_rows():
    """Make all rows, some of them signed, some in a draft. Return {role: account}."""
    people = {}

    def before_batch(category):
        people.update(make_people())
        make_own_rows(people, category)

    make_rows(before_batch)
    other = make_blog(category=apps.get_model("weblog.category").objects.first())
    make_count(other, 1000, dt.date(2026, 9, 15))
    steps.build_batch(month=dt.date(2026, 9, 1), at=AT)
    return people


def find_model(route):
    """Return the model whose row the route names, or None if it names none."""
    if not route.parameters or ":" in route.name:
        return None
    name = ROWS.get(route.name)
    if name is None:
        name = ".".join(route.text.removeprefix("admin/").split("/")[:2])
    try:
        return apps.get_model(name)
    except (LookupError, ValueError):
        return None


def find_rows(route, user):
    """Return {kind: row} of the kinds of rows that there are of the route's model."""
    model = find_model(route)
    if model is None:
        return {}
    label = model._meta.label_lower
    rows = model._base_manager.order_by("-pk")
    sealed = SEALED.get(label, Q(pk__in=[]))
    found = {}
    if owner := OWNERS.get(label):
        mine = Q(**{owner: user.pk if user else 0})
        found["own"] = rows.filter(mine).first()
        rows = rows.exclude(pk__in=model._base_manager.filter(mine))
    found["other's"] = rows.exclude(sealed).first()
    found["sealed"] = rows.filter(sealed).first()
    return {kind: row for kind, row in found.items() if row}


def list_addresses(route, user, garbage):
    """Yield (kind of row, address): whose row it is, "" for none, or which nonsense."""
    rows = find_rows(route, user)
    if not route.parameters:
        yield "", _fill(route, {})
        return
    for kind, row in rows.items():
        yield kind, _fill(route, _arguments(route, row))
    some = next(iter(rows.values()), None)
    known = _arguments(route, some) if some else dict.fromkeys(route.parameters, "1")
    for parameter in route.parameters:
        yield "missing", _fill(route, known | {parameter: _missing(route)})
        for name in garbage:
            yield name, _fill(route, known | {parameter: GARBAGE[name]})


def _arguments(route, row):
    first, *others = route.parameters
    values = {first: quote(str(row.pk))}
    return values | {name: str(row.history.first().history_id) for name in others}


def _missing(route):
    model = find_model(route)
    is_uuid = model is not None and model._meta.pk.get_internal_type() == "UUIDField"
    return "0190a0b0-7c00-7000-8000-000000000000" if is_uuid else "987654321"


def _fill(route, values):
    """Put the values into the route as they are, past what its converters would take."""
    if "([^/]+)" in route.text:
        text = route.text.replace("[^/]", "[/]")
        for name in route.parameters:
            text = text.replace("([/]+)", values[name], 1)
        return "/" + re.sub(r"[$^]", "", text)
    if "(?P<" in route.text:
        text = re.sub(r"\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)", lambda m: values[m[1]], route.text)
        return "/" + re.sub(r"[$^]", "", text)
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda m: values[m[1]], route.text)


@contextlib.contextmanager
def unrendered():
    """Leave pages of the admin empty: their codes stand before they are rendered."""
    render = Template.render

    def leave(template, context=None, request=None):
        is_public = request is not None and not request.path.startswith("/admin/")
        return render(template, context, request) if is_public else ""

    with patch.object(Template, "render", leave):
        yield


WRITING = re.compile(r'^\s*(?:INSERT(?: OR \w+)? INTO|UPDATE|DELETE FROM|TRUNCATE)\s+"?(\w+)', re.I)


@contextlib.contextmanager
def written_tables():
    """Note the tables that SQL writes to."""
    tables = set()

    def note(execute, sql, params, many, context):
        if found := WRITING.match(sql):
            tables.add(found[1])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield tables
