"""Receivers of the weblog's views and of Django's migrations of billing's tables."""

from collections.abc import Callable

from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.dispatch import Signal
from django.utils import timezone

from billing import signals
from billing.counting.losses import note_lost_views
from billing.counting.recording import record_view
from billing.guards import find_missing_guards, install_guards, remove_guards
from billing.periods import day_of
from billing.proof.traces import adopt_rows
from billing.statements import mails


def connect_news() -> None:
    """Let authors and finance be told of what happened to their money."""
    ways: list[tuple[Signal, Callable[..., None]]] = [
        (signals.batch_approved, mails.receive_batch_approved),
        (signals.results_recorded, mails.receive_results_recorded),
        (signals.dispute_opened, mails.receive_dispute_opened),
        (signals.dispute_answered, mails.receive_dispute_answered),
    ]
    for news, tell in ways:
        news.connect(tell, dispatch_uid=f"billing.statements.{tell.__name__}")


def receive_blog_view(sender, *, blog, viewed_at, ip_address, user_agent, user, **kwargs):
    with note_lost_views(day_of(viewed_at)):
        record_view(
            blog=blog, viewed_at=viewed_at, ip_address=ip_address, user_agent=user_agent, user=user
        )


def receive_pre_migrate(sender, *, using, plan=(), **kwargs):
    # The guards also read tables of the back-office and of the weblog.
    if any(migration.app_label in ("billing", "backoffice", "weblog") for migration, _ in plan):
        remove_guards(connections[using])


def receive_post_migrate(sender, *, using, **kwargs):
    if find_missing_guards(connections[using]):
        install_guards(connections[using])
    executor = MigrationExecutor(connections[using])
    if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
        adopt_rows(at=timezone.now())
