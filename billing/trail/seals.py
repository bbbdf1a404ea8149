"""What the audit trail tells of seals: sums that somebody made anew, which stand nowhere else."""

import json
from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.contrib.auth.models import User
from django.db.models import IntegerField, JSONField, QuerySet
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from backoffice.trail.entries import Entry
from backoffice.trail.sources import TrailSource, register_trail_source
from billing.models import ViewSeal

SUMS = "billing.viewseal_sums"


def offer_seals() -> None:
    register_trail_source(
        TrailSource(
            key=SUMS,
            label="Sums of views made anew",
            model=ViewSeal,
            describe=_describe_sums,
            find=_find_sums,
            found_by="kind",
            by="decided_by",
            words=("reason",),
            permission="billing.view_payoutbatch",
        )
    )


def _find_sums(seals: QuerySet) -> QuerySet:
    """Return the seals of sums. One can ask for who decided each and why, as its content says."""
    sums = seals.filter(kind=ViewSeal.Kind.SUMS).alias(said=Cast("content", JSONField()))
    return sums.alias(decided_by=Cast(KT("said__by"), IntegerField()), reason=KT("said__reason"))


def _describe_sums(seals: list[Any]) -> Iterable[Entry]:
    contents = [json.loads(seal.content) for seal in seals]
    people = User.objects.in_bulk({content["by"] for content in contents})
    for seal, content in zip(seals, contents, strict=True):
        yield Entry(
            at=seal.at,
            by=people.get(content["by"]),
            action="Made anew",
            tone="warning",
            kind="sums of views",
            subject=f"{seal.day:%B %Y}, {seal}",
            text=". ".join(_describe_table(*table) for table in content["sums"]),
            reason=content["reason"],
        )


def _describe_table(label: str, rows: int, before: int, after: int) -> str:
    name = str(apps.get_model(label)._meta.verbose_name_plural)
    return (
        f"{name[0].upper()}{name[1:]}: {rows:,} sums said {before:,} views, and say {after:,} now"
    )
