from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from unfold.decorators import action
from unfold.enums import ActionVariant

from weblog import workflow
from weblog.errors import WeblogError
from weblog.forms import ArchiveForm, PublishForm, ReturnForm
from weblog.models import Blog

OUTCOMES = {
    Blog.Status.DRAFT: "“{}” went back to its author.",
    Blog.Status.IN_REVIEW: "“{}” is now in review.",
    Blog.Status.PUBLISHED: "“{}” is published.",
    Blog.Status.ARCHIVED: "“{}” is archived.",
}


class WorkflowActions:
    """The buttons of the blog admin. Each opens a dialog; only its POST calls the workflow."""

    actions_detail = ["submit", "publish", "return_to_author", "archive"]
    action_targets = {
        "weblog_blog_submit": Blog.Status.IN_REVIEW,
        "weblog_blog_publish": Blog.Status.PUBLISHED,
        "weblog_blog_return_to_author": Blog.Status.DRAFT,
        "weblog_blog_archive": Blog.Status.ARCHIVED,
    }

    def get_actions_detail(self, request, object_id):
        """Show the buttons that apply to the blog now; what may happen, the workflow decides."""
        blog = self.get_object(request, object_id)
        return [
            button
            for button in super().get_actions_detail(request, object_id)
            if blog and self.action_targets[button.action_name] in Blog.TRANSITIONS[blog.status]
        ]

    def has_submit_permission(self, request, object_id=None):
        may_change = request.user.has_perm("weblog.change_blog")
        return may_change and self.get_object(request, object_id) is not None

    def has_publish_permission(self, request, object_id=None):
        may_publish = request.user.has_perm("weblog.publish_blog")
        return may_publish and self.get_object(request, object_id) is not None

    @action(
        description="Submit for review",
        icon="rate_review",
        variant=ActionVariant.PRIMARY,
        permissions=["submit"],
        dialog={
            "title": "Submit this blog for review?",
            "description": "An editor reads it next. Until it comes back you cannot change it.",
            "form_submit_text": "Submit for review",
        },
    )
    def submit(self, request, form, object_id):
        return self._move(request, object_id, workflow.submit_for_review)

    @action(
        description="Publish",
        icon="publish",
        variant=ActionVariant.PRIMARY,
        permissions=["publish"],
        dialog={
            "title": "Publish this blog",
            "form_class": PublishForm,
            "form_submit_text": "Publish",
        },
    )
    def publish(self, request, form, object_id):
        return self._move(request, object_id, workflow.publish_blog, at=form.cleaned_data["at"])

    @action(
        description="Return to author",
        icon="undo",
        permissions=["publish"],
        url_path="return",
        dialog={
            "title": "Return this blog to its author",
            "form_class": ReturnForm,
            "form_submit_text": "Return",
        },
    )
    def return_to_author(self, request, form, object_id):
        return self._move(
            request, object_id, workflow.return_to_author, comment=form.cleaned_data["comment"]
        )

    @action(
        description="Archive",
        icon="inventory_2",
        permissions=["publish"],
        dialog={
            "title": "Archive this blog",
            "description": "Readers no longer find it. It can be published again at any time.",
            "form_class": ArchiveForm,
            "form_submit_text": "Archive",
        },
    )
    def archive(self, request, form, object_id):
        return self._move(
            request, object_id, workflow.archive_blog, reason=form.cleaned_data["reason"]
        )

    def _move(self, request, object_id, move, **details):
        """Call the workflow function `move`, tell what came of it, return to the blog."""
        blog = self.get_object(request, object_id)
        try:
            blog = move(blog=blog, by=request.user, **details)
        except WeblogError as error:
            self.message_user(request, str(error), messages.ERROR)
        else:
            self.message_user(request, describe_outcome(blog), messages.SUCCESS)
        url = reverse("admin:weblog_blog_change", args=[object_id])
        return HttpResponse(headers={"HX-Redirect": url})


def describe_outcome(blog):
    if blog.is_scheduled:
        moment = date_format(timezone.localtime(blog.publish_at), "DATETIME_FORMAT")
        return f"“{blog}” will be published on {moment}."
    return OUTCOMES[blog.status].format(blog)
