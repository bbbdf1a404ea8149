from functools import partial

from unfold.enums import ActionVariant

from backoffice.dialogs import DialogActions, Done, dialog_action, page_of, with_status
from weblog.admin import dialogs
from weblog.admin.drafts import KeptDrafts
from weblog.admin.titles import VideoTitles
from weblog.admin.typed import TypedSteps
from weblog.models import Blog
from weblog.moments import format_moment
from weblog.publishing import workflow
from weblog.publishing.comparison import compare_texts
from weblog.publishing.new_texts import start_new_text
from weblog.publishing.ownership import is_own_and_live
from weblog.publishing.versions import find_returned_version, restore_version
from weblog.texts import get_text

Status = Blog.Status

OUTCOMES = {
    Status.DRAFT: "“{}” went back to its author.",
    Status.IN_REVIEW: "“{}” is now in review.",
    Status.PUBLISHED: "“{}” is published.",
    Status.ARCHIVED: "“{}” is archived.",
}


class EntrustedActions(KeptDrafts, VideoTitles, TypedSteps, DialogActions):
    """Buttons for whoever a blog, or a new text of one, is entrusted to: not for co-authors."""

    def render_change_form(self, request, context, *args, obj=None, **kwargs):
        """Tell co-authors why they find no button, and editors what came with the text."""
        context["is_co_author"] = obj is not None and not obj.is_entrusted_to(request.user)
        context["note_to_editor"] = workflow.find_note(obj) if obj else ""
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def _may(self, request, object_id, permission):
        """Whether the user holds the permission, and sees the object not just as a co-author."""
        obj = request.user.has_perm(permission) and self.get_object(request, object_id)
        return bool(obj) and obj.is_entrusted_to(request.user)


class WorkflowActions(EntrustedActions):
    """The buttons of a blog."""

    actions_detail = [
        "submit",
        "take_back",
        "publish",
        "move_schedule",
        "return_to_author",
        "write_new_text",
        "restore",
        "unpublish",
        "archive",
    ]

    def render_change_form(self, request, context, *args, obj=None, **kwargs):
        """Tell of the new text that is on its way, or of what changed since the blog came back."""
        if obj and obj.status == Status.PUBLISHED:
            may_change = request.user.has_perms(["weblog.change_blog", "weblog.view_all_blogs"])
            context["is_own_and_live"] = may_change and is_own_and_live(obj, by=request.user)
            context["open_new_text"] = obj.new_texts.open().select_related("created_by").first()
        if obj and (returned := find_returned_version(obj)):
            context["comparison"] = compare_texts(get_text(returned), get_text(obj))
            context["returned_at"] = returned.history_date
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def has_submit_permission(self, request, object_id=None):
        return self._may(request, object_id, "weblog.change_blog")

    def has_publish_permission(self, request, object_id=None):
        return self._may(request, object_id, "weblog.publish_blog")

    def has_write_permission(self, request, object_id=None):
        return self._may(request, object_id, "weblog.add_newtext")

    def has_restore_permission(self, request, object_id=None):
        return self._may(request, object_id, "weblog.restore_blog")

    @dialog_action(
        description="Submit for review",
        icon="rate_review",
        variant=ActionVariant.PRIMARY,
        permissions=["submit"],
        dialog=dialogs.SUBMIT,
        fits=with_status(Status.DRAFT),
    )
    def submit(self, request, form):
        return self._move(request, form, workflow.submit_for_review, note=form.cleaned_data["note"])

    @dialog_action(
        description="Take back",
        icon="keyboard_return",
        permissions=["submit"],
        url_path="take-back",
        dialog=dialogs.TAKE_BACK,
        fits=lambda blog, user: blog.status == Status.IN_REVIEW and blog.author_id == user.pk,
    )
    def take_back(self, request, form):
        self._move(request, form, workflow.take_back, note=form.cleaned_data["note"])
        return f"“{form.obj}” is your draft again."

    @dialog_action(
        description="Publish",
        icon="publish",
        variant=ActionVariant.PRIMARY,
        permissions=["publish"],
        dialog=dialogs.PUBLISH,
        fits=with_status(Status.DRAFT, Status.IN_REVIEW, Status.ARCHIVED),
    )
    def publish(self, request, form):
        return self._move(request, form, workflow.publish_blog, at=form.cleaned_data["at"])

    @dialog_action(
        description="Move the time",
        icon="event",
        permissions=["publish"],
        url_path="move-schedule",
        dialog=dialogs.MOVE_SCHEDULE,
        fits=lambda blog, user: blog.is_scheduled,
    )
    def move_schedule(self, request, form):
        return self._move(request, form, workflow.move_schedule, at=form.cleaned_data["at"])

    @dialog_action(
        description="Return to author",
        icon="undo",
        permissions=["publish"],
        url_path="return",
        dialog=dialogs.RETURN,
        fits=with_status(Status.IN_REVIEW),
    )
    def return_to_author(self, request, form):
        comment = form.cleaned_data["comment"]
        return self._move(request, form, workflow.return_to_author, comment=comment)

    @dialog_action(
        description="Write a new text",
        icon="edit_note",
        permissions=["write"],
        url_path="new-text",
        dialog=dialogs.NEW_TEXT,
        fits=lambda blog, user: (
            blog.status == Status.PUBLISHED and not blog.new_texts.open().exists()
        ),
    )
    def write_new_text(self, request, form):
        new_text = start_new_text(blog=form.obj, by=request.user)
        return Done(
            f"Here is the text of “{new_text.blog}” as it is now. Change it, save it, and submit "
            "it for review. Until an editor has published it, readers see the old one.",
            url=page_of(new_text),
        )

    @dialog_action(
        description="Bring back",
        icon="restore_page",
        permissions=["restore"],
        dialog=dialogs.RESTORE,
    )
    def restore(self, request, form):
        blog = restore_version(
            blog=form.obj,
            history_id=form.cleaned_data["version"],
            by=request.user,
            reason=form.cleaned_data["reason"],
        )
        return f"“{blog}” has its old text again."

    @dialog_action(
        description="Unpublish",
        icon="unpublished",
        permissions=["publish"],
        dialog=dialogs.UNPUBLISH,
        fits=with_status(Status.PUBLISHED),
    )
    def unpublish(self, request, form):
        reason = form.cleaned_data["reason"]
        return self._move(request, form, workflow.unpublish_blog, reason=reason)

    @dialog_action(
        description="Archive",
        icon="inventory_2",
        permissions=["publish"],
        dialog=dialogs.ARCHIVE,
        fits=with_status(Status.PUBLISHED),
    )
    def archive(self, request, form):
        reason = form.cleaned_data["reason"]
        return self._move(request, form, workflow.archive_blog, reason=reason)

    def _move(self, request, form, move, **details):
        """Save what is typed, move the blog on, and tell what became of it."""
        step = partial(move, blog=form.obj, by=request.user, **details)
        return _describe(self.take_step(request, form, step))


def _describe(blog):
    if blog.is_scheduled:
        return f"“{blog}” will be published on {format_moment(blog.publish_at)}."
    return OUTCOMES[blog.status].format(blog)
