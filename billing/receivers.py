"""Receivers of the weblog's views and of Django's migrations of billing's tables."""

from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from billing.counting.losses import note_lost_views
from billing.counting.recording import record_view
from billing.guards import find_missing_guards, install_guards, remove_guards
from billing.periods import day_of
from billing.proof.traces import adopt_rows


def receive_blog_view(sender, *, blog, viewed_at, ip_address, user_agent, user, **kwargs):
    with note_lost_views(day_of(viewed_at)):
        record_view(
            blog=blog, viewed_at=viewed_at, ip_address=ip_address, user_agent=user_agent, user=user
        )


def receive_pre_migrate(sender, *, using, plan=(), **kwargs):
    # The guards also read the back-office's table of security events.
    if any(migration.app_label in ("billing", "backoffice") for migration, _ in plan):
        remove_guards(connections[using])


def receive_post_migrate(sender, *, using, **kwargs):
    if find_missing_guards(connections[using]):
        install_guards(connections[using])
    executor = MigrationExecutor(connections[using])
    if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
        adopt_rows(at=timezone.now())
