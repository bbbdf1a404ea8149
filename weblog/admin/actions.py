from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from unfold.decorators import action
from unfold.enums import ActionVariant

from weblog import workflow
from weblog.admin import dialogs
from weblog.comparison import compare_texts
from weblog.errors import WeblogError
from weblog.models import Blog, BlogRevision
from weblog.moments import format_moment
from weblog.ownership import is_own_and_live
from weblog.revisions import start_revision
from weblog.texts import get_text
from weblog.versions import find_returned_version, restore_version

Status = Blog.Status

OUTCOMES = {
    Status.DRAFT: "“{}” went back to its author.",
    Status.IN_REVIEW: "“{}” is now in review.",
    Status.PUBLISHED: "“{}” is published.",
    Status.ARCHIVED: "“{}” is archived.",
}


class DialogActions:
    """Buttons above a form. Each opens a dialog; only its POST acts. Set `action_statuses`."""

    action_statuses: dict[str, set] = {}

    def get_actions_detail(self, request, object_id):
        """Show the buttons that fit the object now; what may happen, the domain decides."""
        obj = self.get_object(request, object_id)
        if obj is None:
            return []
        prefix = f"{self.opts.app_label}_{self.opts.model_name}_"
        return [
            button
            for button in super().get_actions_detail(request, object_id)
            if obj.status in self.action_statuses[button.action_name.removeprefix(prefix)]
        ]

    def render_change_form(self, request, context, *args, obj=None, **kwargs):
        """Tell co-authors why they find no button."""
        context["is_co_author"] = obj is not None and not obj.is_entrusted_to(request.user)
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def _may(self, request, object_id, permission):
        """Whether the user holds the permission, and sees the object not just as a co-author."""
        obj = request.user.has_perm(permission) and self.get_object(request, object_id)
        return bool(obj) and obj.is_entrusted_to(request.user)

    def _act(self, request, act, describe, **details):
        """Call the domain function `act`, tell what came of it, open the page of the outcome."""
        try:
            outcome = act(by=request.user, **details)
        except WeblogError as error:
            self.message_user(request, str(error), messages.ERROR)
            outcome = details.get("blog") or details["revision"]
        else:
            self.message_user(request, describe(outcome), messages.SUCCESS)
        name = f"admin:weblog_{outcome._meta.model_name}_change"
        return HttpResponse(headers={"HX-Redirect": reverse(name, args=[outcome.pk])})


class WorkflowActions(DialogActions):
    """The buttons of a blog."""

    actions_detail = [
        "submit",
        "publish",
        "return_to_author",
        "write_new_text",
        "restore",
        "unpublish",
        "archive",
    ]
    action_statuses = {
        "submit": {Status.DRAFT},
        "publish": {Status.DRAFT, Status.IN_REVIEW, Status.ARCHIVED},
        "return_to_author": {Status.IN_REVIEW},
        "write_new_text": {Status.PUBLISHED},
        "restore": set(Status),
        "unpublish": {Status.PUBLISHED},
        "archive": {Status.PUBLISHED},
    }

    def get_actions_detail(self, request, object_id):
        buttons = super().get_actions_detail(request, object_id)
        if buttons and BlogRevision.objects.open().filter(blog=object_id).exists():
            return [button for button in buttons if button.method != self.write_new_text]
        return buttons

    def render_change_form(self, request, context, *args, obj=None, **kwargs):
        """Tell of the new text that is on its way, or of what changed since the blog came back."""
        if obj and obj.status == Status.PUBLISHED:
            may_change = request.user.has_perms(["weblog.change_blog", "weblog.view_all_blogs"])
            context["is_own_and_live"] = may_change and is_own_and_live(obj, by=request.user)
            context["open_revision"] = obj.revisions.open().select_related("created_by").first()
        if obj and (returned := find_returned_version(obj)):
            context["comparison"] = compare_texts(get_text(returned), get_text(obj))
            context["returned_at"] = returned.history_date
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def has_submit_permission(self, request, object_id=None):
        return self._may(request, object_id, "weblog.change_blog")

    def has_publish_permission(self, request, object_id=None):
        return self._may(request, object_id, "weblog.publish_blog")

    def has_write_permission(self, request, object_id=None):
        return self._may(request, object_id, "weblog.add_blogrevision")

    def has_restore_permission(self, request, object_id=None):
        return self._may(request, object_id, "weblog.restore_blog")

    @action(
        description="Submit for review",
        icon="rate_review",
        variant=ActionVariant.PRIMARY,
        permissions=["submit"],
        dialog=dialogs.SUBMIT,
    )
    def submit(self, request, form, object_id):
        return self._move(request, object_id, workflow.submit_for_review)

    @action(
        description="Publish",
        icon="publish",
        variant=ActionVariant.PRIMARY,
        permissions=["publish"],
        dialog=dialogs.PUBLISH,
    )
    def publish(self, request, form, object_id):
        return self._move(request, object_id, workflow.publish_blog, at=form.cleaned_data["at"])

    @action(
        description="Return to author",
        icon="undo",
        permissions=["publish"],
        url_path="return",
        dialog=dialogs.RETURN,
    )
    def return_to_author(self, request, form, object_id):
        return self._move(
            request, object_id, workflow.return_to_author, comment=form.cleaned_data["comment"]
        )

    @action(
        description="Write a new text",
        icon="edit_note",
        permissions=["write"],
        url_path="new-text",
        dialog=dialogs.NEW_TEXT,
    )
    def write_new_text(self, request, form, object_id):
        return self._act(
            request, start_revision, describe_start, blog=self.get_object(request, object_id)
        )

    @action(
        description="Bring back",
        icon="restore_page",
        permissions=["restore"],
        dialog=dialogs.RESTORE,
    )
    def restore(self, request, form, object_id):
        return self._act(
            request,
            restore_version,
            "“{}” has its old text again.".format,
            blog=self.get_object(request, object_id),
            history_id=form.cleaned_data["version"],
            reason=form.cleaned_data["reason"],
        )

    @action(
        description="Unpublish",
        icon="unpublished",
        permissions=["publish"],
        dialog=dialogs.UNPUBLISH,
    )
    def unpublish(self, request, form, object_id):
        return self._move(
            request, object_id, workflow.unpublish_blog, reason=form.cleaned_data["reason"]
        )

    @action(
        description="Archive",
        icon="inventory_2",
        permissions=["publish"],
        dialog=dialogs.ARCHIVE,
    )
    def archive(self, request, form, object_id):
        return self._move(
            request, object_id, workflow.archive_blog, reason=form.cleaned_data["reason"]
        )

    def _move(self, request, object_id, move, **details):
        blog = self.get_object(request, object_id)
        return self._act(request, move, describe_outcome, blog=blog, **details)


def describe_outcome(blog):
    if blog.is_scheduled:
        return f"“{blog}” will be published on {format_moment(blog.publish_at)}."
    return OUTCOMES[blog.status].format(blog)


def describe_start(revision):
    return (
        f"Here is the text of “{revision.blog}” as it is now. Change it, save it, and submit it "
        "for review. Until an editor has published it, readers see the old one."
    )
