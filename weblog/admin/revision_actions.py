from unfold.decorators import action
from unfold.enums import ActionVariant

from weblog import revisions
from weblog.admin import dialogs
from weblog.admin.actions import DialogActions
from weblog.models import BlogRevision
from weblog.moments import format_moment

Status = BlogRevision.Status

OUTCOMES = {
    Status.DRAFT: "The new text of “{}” went back to its author.",
    Status.IN_REVIEW: "The new text of “{}” is now in review. Readers still see the old one.",
    Status.PUBLISHED: "The new text of “{}” is published.",
    Status.WITHDRAWN: "The new text of “{}” is withdrawn.",
}


class RevisionActions(DialogActions):
    """The buttons of a new text."""

    actions_detail = ["submit", "publish", "publish_now", "return_to_author", "withdraw"]
    action_statuses = {
        "submit": {Status.DRAFT},
        "publish": {Status.IN_REVIEW},
        "publish_now": {Status.SCHEDULED},
        "return_to_author": {Status.IN_REVIEW, Status.SCHEDULED},
        "withdraw": set(BlogRevision.OPEN),
    }

    def has_submit_permission(self, request, object_id=None):
        return self._may(request, object_id, "weblog.change_blogrevision")

    def has_publish_permission(self, request, object_id=None):
        return self._may(request, object_id, "weblog.publish_blog")

    @action(
        description="Submit for review",
        icon="rate_review",
        variant=ActionVariant.PRIMARY,
        permissions=["submit"],
        dialog=dialogs.SUBMIT_NEW_TEXT,
    )
    def submit(self, request, form, object_id):
        return self._move(request, object_id, revisions.submit_revision)

    @action(
        description="Publish",
        icon="publish",
        variant=ActionVariant.PRIMARY,
        permissions=["publish"],
        dialog=dialogs.PUBLISH_NEW_TEXT,
    )
    def publish(self, request, form, object_id):
        details = {name: form.cleaned_data[name] for name in ("at", "seen")}
        return self._move(request, object_id, revisions.publish_revision, **details)

    @action(
        description="Publish now",
        icon="publish",
        variant=ActionVariant.PRIMARY,
        permissions=["publish"],
        url_path="publish-now",
        dialog=dialogs.PUBLISH_NEW_TEXT_NOW,
    )
    def publish_now(self, request, form, object_id):
        return self._move(
            request, object_id, revisions.publish_revision, seen=form.cleaned_data["seen"]
        )

    @action(
        description="Return to author",
        icon="undo",
        permissions=["publish"],
        url_path="return",
        dialog=dialogs.RETURN_NEW_TEXT,
    )
    def return_to_author(self, request, form, object_id):
        return self._move(
            request, object_id, revisions.return_revision, comment=form.cleaned_data["comment"]
        )

    @action(
        description="Withdraw",
        icon="delete",
        permissions=["submit"],
        dialog=dialogs.WITHDRAW_NEW_TEXT,
    )
    def withdraw(self, request, form, object_id):
        return self._move(request, object_id, revisions.withdraw_revision)

    def _move(self, request, object_id, move, **details):
        revision = self.get_object(request, object_id)
        return self._act(request, move, describe_outcome, revision=revision, **details)


def describe_outcome(revision):
    if revision.is_scheduled:
        moment = format_moment(revision.publish_at)
        return (
            f"The new text of “{revision.blog}” goes live on {moment}. Until then readers see "
            "the old one."
        )
    return OUTCOMES[revision.status].format(revision.blog)
