"""Views and their counts: facts never change, and counts change only with a new seal."""

from collections.abc import Iterator

from backoffice.guards.rules import Rule, changes, list_columns
from billing.models import (
    BlogView,
    DailyCategoryCount,
    DailyViewCount,
    MonthlyViewCount,
    RetiredViewTotal,
    ViewSeal,
)

DECIDED = ("outcome", "finding", "seal")  # of a view; all else is a fact
LATEST = "(SELECT MAX(number) FROM billing_viewseal)"


def keep_views() -> Iterator[Rule]:
    yield Rule(
        BlogView,
        "INSERT",
        "TRUE",
        "a view comes in without a seal.",
        when="new.seal_id IS NOT NULL",
    )
    yield Rule(
        BlogView,
        "UPDATE",
        changes(BlogView, but=DECIDED),
        "the facts of a view are never changed.",
        columns=list_columns(BlogView, but=DECIDED),
    )
    yield Rule(
        BlogView,
        "UPDATE",
        "TRUE",
        "a view stays under its seal.",
        topic="seal",
        columns=("seal_id",),
        when="old.seal_id IS NOT NULL AND new.seal_id IS DISTINCT FROM old.seal_id",
    )
    yield Rule(
        BlogView,
        "DELETE",
        "NOT EXISTS (SELECT 1 FROM billing_viewseal seal WHERE seal.kind = 'retirement' "
        "AND seal.day = OLD.day AND seal.number > COALESCE(OLD.seal_id, 0))",
        "views are dropped past their retention alone, after their totals were sealed.",
    )


def keep_view_seals() -> Iterator[Rule]:
    before = (
        "(SELECT earlier.hash FROM billing_viewseal earlier WHERE earlier.number = NEW.number - 1)"
    )
    yield Rule(
        ViewSeal,
        "INSERT",
        f"NEW.number <> {LATEST} OR NEW.previous_hash <> "
        f"CASE WHEN NEW.number = 1 THEN '{'0' * 64}' ELSE COALESCE(({before}), '') END",
        "a seal of views follows the one before.",
    )
    yield Rule(
        ViewSeal,
        "INSERT",
        "NEW.kind = 'upgrade'",
        "only an upgrade seals views from before there were seals of them.",
        topic="upgrade",
    )


def keep_counts() -> Iterator[Rule]:
    for model in (DailyViewCount, MonthlyViewCount, DailyCategoryCount):
        reason = f"{model._meta.verbose_name_plural} change only with a new seal of views."
        yield Rule(model, "INSERT", f"NEW.seal_id IS DISTINCT FROM {LATEST}", reason)
        yield Rule(
            model, "UPDATE", f"NEW.seal_id IS DISTINCT FROM {LATEST}", reason, topic="latest"
        )
        yield Rule(model, "UPDATE", "TRUE", reason, when="old.seal_id = new.seal_id")
        yield Rule(
            model,
            "UPDATE",
            changes(model, but=("views", "seal")),
            f"{model._meta.verbose_name_plural} stay with their blog and their time.",
            topic="facts",
            columns=list_columns(model, but=("views", "seal")),
        )
        yield Rule(model, "DELETE", "TRUE", f"{model._meta.verbose_name_plural} are never deleted.")


def keep_retired_totals() -> Iterator[Rule]:
    no_retirement = (
        "NOT EXISTS (SELECT 1 FROM billing_viewseal seal WHERE seal.kind = 'retirement' "  # noqa: S608
        f"AND seal.day = NEW.day AND seal.number = {LATEST})"
    )
    reason = "totals of dropped views are written as the views are dropped."
    yield Rule(RetiredViewTotal, "INSERT", no_retirement, reason)
    yield Rule(RetiredViewTotal, "UPDATE", no_retirement, reason)
    yield Rule(RetiredViewTotal, "DELETE", "TRUE", "totals of dropped views are never deleted.")
