from unfold.enums import ActionVariant

from backoffice.dialogs import dialog_action, with_status
from weblog import new_texts
from weblog.admin import dialogs
from weblog.admin.actions import EntrustedActions
from weblog.models import NewText
from weblog.moments import format_moment

Status = NewText.Status

OUTCOMES = {
    Status.DRAFT: "The new text of “{}” went back to its author.",
    Status.IN_REVIEW: "The new text of “{}” is now in review. Readers still see the old one.",
    Status.PUBLISHED: "The new text of “{}” is published.",
    Status.WITHDRAWN: "The new text of “{}” is withdrawn.",
}


class NewTextActions(EntrustedActions):
    """The buttons of a new text."""

    actions_detail = ["submit", "publish", "publish_now", "return_to_author", "withdraw"]

    def has_submit_permission(self, request, object_id=None):
        return self._may(request, object_id, "weblog.change_newtext")

    def has_publish_permission(self, request, object_id=None):
        return self._may(request, object_id, "weblog.publish_blog")

    @dialog_action(
        description="Submit for review",
        icon="rate_review",
        variant=ActionVariant.PRIMARY,
        permissions=["submit"],
        dialog=dialogs.SUBMIT_NEW_TEXT,
        fits=with_status(Status.DRAFT),
    )
    def submit(self, request, form):
        return _describe(new_texts.submit_new_text(new_text=form.obj, by=request.user))

    @dialog_action(
        description="Publish",
        icon="publish",
        variant=ActionVariant.PRIMARY,
        permissions=["publish"],
        dialog=dialogs.PUBLISH_NEW_TEXT,
        fits=with_status(Status.IN_REVIEW),
    )
    def publish(self, request, form):
        return _describe(
            new_texts.publish_new_text(
                new_text=form.obj,
                by=request.user,
                at=form.cleaned_data["at"],
                seen=form.cleaned_data["seen"],
            )
        )

    @dialog_action(
        description="Publish now",
        icon="publish",
        variant=ActionVariant.PRIMARY,
        permissions=["publish"],
        url_path="publish-now",
        dialog=dialogs.PUBLISH_NEW_TEXT_NOW,
        fits=with_status(Status.SCHEDULED),
    )
    def publish_now(self, request, form):
        seen = form.cleaned_data["seen"]
        return _describe(new_texts.publish_new_text(new_text=form.obj, by=request.user, seen=seen))

    @dialog_action(
        description="Return to author",
        icon="undo",
        permissions=["publish"],
        url_path="return",
        dialog=dialogs.RETURN_NEW_TEXT,
        fits=with_status(Status.IN_REVIEW, Status.SCHEDULED),
    )
    def return_to_author(self, request, form):
        comment = form.cleaned_data["comment"]
        return _describe(
            new_texts.return_new_text(new_text=form.obj, by=request.user, comment=comment)
        )

    @dialog_action(
        description="Withdraw",
        icon="delete",
        permissions=["submit"],
        dialog=dialogs.WITHDRAW_NEW_TEXT,
        fits=with_status(*NewText.OPEN),
    )
    def withdraw(self, request, form):
        return _describe(new_texts.withdraw_new_text(new_text=form.obj, by=request.user))


def _describe(new_text):
    if new_text.is_scheduled:
        moment = format_moment(new_text.publish_at)
        return (
            f"The new text of “{new_text.blog}” goes live on {moment}. Until then readers see "
            "the old one."
        )
    return OUTCOMES[new_text.status].format(new_text.blog)
