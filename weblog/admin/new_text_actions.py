from functools import partial

from unfold.enums import ActionVariant

from backoffice.dialogs import dialog_action, with_status
from weblog.admin import dialogs
from weblog.admin.actions import EntrustedActions
from weblog.models import NewText
from weblog.moments import format_moment
from weblog.publishing import new_texts

Status = NewText.Status

OUTCOMES = {
    Status.DRAFT: "The new text of “{}” went back to its author.",
    Status.IN_REVIEW: "The new text of “{}” is now in review. Readers still see the old one.",
    Status.PUBLISHED: "The new text of “{}” is published.",
    Status.WITHDRAWN: "The new text of “{}” is withdrawn.",
}


class NewTextActions(EntrustedActions):
    """The buttons of a new text."""

    actions_detail = [
        "submit",
        "take_back",
        "publish",
        "publish_now",
        "move_schedule",
        "return_to_author",
        "withdraw",
    ]

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
        note = form.cleaned_data["note"]
        return self._move(request, form, new_texts.submit_new_text, note=note)

    @dialog_action(
        description="Take back",
        icon="keyboard_return",
        permissions=["submit"],
        url_path="take-back",
        dialog=dialogs.TAKE_BACK,
        fits=lambda text, user: (
            text.status == Status.IN_REVIEW and user.pk in (text.blog.author_id, text.created_by_id)
        ),
    )
    def take_back(self, request, form):
        note = form.cleaned_data["note"]
        self._move(request, form, new_texts.take_back_new_text, note=note)
        return f"The new text of “{form.obj.blog}” is your draft again."

    @dialog_action(
        description="Publish",
        icon="publish",
        variant=ActionVariant.PRIMARY,
        permissions=["publish"],
        dialog=dialogs.PUBLISH_NEW_TEXT,
        fits=with_status(Status.IN_REVIEW),
    )
    def publish(self, request, form):
        return self._publish(request, form, at=form.cleaned_data["at"])

    @dialog_action(
        description="Move the time",
        icon="event",
        permissions=["publish"],
        url_path="move-schedule",
        dialog=dialogs.MOVE_NEW_TEXT_SCHEDULE,
        fits=with_status(Status.SCHEDULED),
    )
    def move_schedule(self, request, form):
        at = form.cleaned_data["at"]
        return self._move(request, form, new_texts.move_new_text_schedule, at=at)

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
        return self._publish(request, form)

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
        return self._move(request, form, new_texts.return_new_text, comment=comment)

    @dialog_action(
        description="Withdraw",
        icon="delete",
        permissions=["submit"],
        dialog=dialogs.WITHDRAW_NEW_TEXT,
        fits=with_status(*NewText.OPEN),
    )
    def withdraw(self, request, form):
        return self._move(request, form, new_texts.withdraw_new_text)

    def _publish(self, request, form, **details):
        """Publish the texts that the person saw, and what they typed themselves."""
        new_texts.check_seen(new_text=form.obj, seen=form.cleaned_data["seen"])
        return self._move(request, form, new_texts.publish_new_text, **details)

    def _move(self, request, form, move, **details):
        """Save what is typed, move the new text on, and tell what became of it."""
        step = partial(move, new_text=form.obj, by=request.user, **details)
        return _describe(self.take_step(request, form, step))


def _describe(new_text):
    if new_text.is_scheduled:
        moment = format_moment(new_text.publish_at)
        return (
            f"The new text of “{new_text.blog}” goes live on {moment}. Until then readers see "
            "the old one."
        )
    return OUTCOMES[new_text.status].format(new_text.blog)
