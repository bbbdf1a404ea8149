"""What the audit trail tells of blogs beside histories: pictures, and who took them down."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Q
from django.urls import reverse

from backoffice.trail.entries import Entry
from backoffice.trail.sources import (
    TrailSource,
    register_names,
    register_relations,
    register_trail_source,
)
from weblog.models import Blog, Category, Picture

UPLOADED, TAKEN_DOWN = "weblog.picture", "weblog.picture_taken_down"


def offer_trail() -> None:
    register_trail_source(
        TrailSource(
            key=UPLOADED,
            label="Pictures uploaded",
            model=Picture,
            describe=_describe_uploads,
            select=lambda rows: rows.select_related("uploaded_by"),
            at="uploaded_at",
            by="uploaded_by",
            words=("alt_text", "file"),
            permission="weblog.view_picture",
        )
    )
    register_trail_source(
        TrailSource(
            key=TAKEN_DOWN,
            label="Pictures taken down",
            model=Picture,
            find=lambda rows: rows.filter(taken_down_at__isnull=False),
            describe=_describe_takedowns,
            select=lambda rows: rows.select_related("taken_down_by"),
            at="taken_down_at",
            by="taken_down_by",
            words=("alt_text", "takedown_reason"),
            permission="weblog.view_picture",
        )
    )
    register_names(Category, "name")
    register_relations(Blog, lambda blog: {"weblog.newtext": Q(blog=blog.pk)})


def _describe_uploads(pictures: list[Any]) -> Iterable[Entry]:
    for picture in pictures:
        yield _make_entry(
            picture,
            at=picture.uploaded_at,
            by=picture.uploaded_by,
            action="Uploaded",
            tone="success",
            text=picture.file.name,
        )


def _describe_takedowns(pictures: list[Any]) -> Iterable[Entry]:
    for picture in pictures:
        yield _make_entry(
            picture,
            at=picture.taken_down_at,
            by=picture.taken_down_by,
            action="Taken down",
            tone="danger",
            reason=picture.takedown_reason,
        )


def _make_entry(picture: Picture, **facts: Any) -> Entry:
    return Entry(
        kind="picture",
        subject=str(picture),
        url=reverse("admin:weblog_picture_change", args=[picture.pk]),
        permission="weblog.view_picture",
        **facts,
    )
