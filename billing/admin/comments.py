"""Comments on a batch: the page to write one, and the download of a file beside one."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods

from backoffice.accounts.security_log import record_download
from backoffice.bodies import takes_files
from backoffice.changelists import could_be_pk
from billing.errors import BillingError
from billing.forms.comments import CommentForm
from billing.models import BatchAttachment, BatchComment
from billing.payouts.attachments import MOST_BYTES, MOST_FILES
from billing.payouts.comments import add_comment


class CommentPages:
    """Pages of the batch's admin. billing.payouts.comments decides what it takes."""

    def get_urls(self):
        comment = takes_files(
            require_http_methods(["GET", "HEAD", "POST"])(self.comment_view),
            most_bytes=lambda: MOST_FILES * MOST_BYTES,
            allows=self.has_comment_permission,
        )
        name = "billing_payoutbatch"
        view = self.admin_site.admin_view
        attachment = require_http_methods(["GET", "HEAD", "POST"])(self.attachment_view)
        return [
            path("<path:object_id>/comment/", view(comment), name=f"{name}_comment"),
            path("attachments/<int:pk>/", view(attachment), name=f"{name}_attachment"),
            *super().get_urls(),
        ]

    def has_comment_permission(self, request, object_id=None):
        return request.user.has_perm("billing.comment_payoutbatch")

    def comment_view(self, request, object_id):
        if not self.has_comment_permission(request):
            raise PermissionDenied
        batch = self.get_object(request, object_id)
        if batch is None:
            raise Http404
        answers = _find_answered(request, batch)
        form = CommentForm(request.POST or None, request.FILES if request.POST else None)
        if form.is_valid() and self._add(request, form, batch, answers):
            return redirect(_find_comments(batch.pk))
        if form.errors and request.FILES:
            form.add_error(
                "attachments", "Choose your files once more: no browser sends them back."
            )
        context = self.admin_site.each_context(request) | {
            "title": f"{'Answer about' if answers else 'Comment on'} {batch}",
            "opts": self.opts,
            "batch": batch,
            "answers": answers,
            "form": form,
        }
        return TemplateResponse(request, "billing/comment.html", context)

    def _add(self, request, form, batch, answers):
        facts = {"text": form.cleaned_data["text"], "files": form.cleaned_data["attachments"]}
        try:
            add_comment(batch=batch, by=request.user, answers=answers, **facts)
        except BillingError as error:
            form.add_error(None, str(error))
            return False
        self.message_user(request, "Your comment is kept with the batch.", messages.SUCCESS)
        return True

    def attachment_view(self, request, pk):
        """Hand out the stored bytes for a POST, and note who took them; GET leads to the comment.

        They are a download: no browser shows them as a page.
        """
        if not self.has_view_permission(request):
            raise PermissionDenied
        files = BatchAttachment.objects.select_related("comment")
        files = files if request.method == "POST" else files.defer("content")
        file = get_object_or_404(files, pk=pk)
        if request.method != "POST":
            return redirect(_find_comments(file.comment.batch_id))
        record_download(name=file.file_name, by=request.user, sha256=file.sha256)
        headers = {
            "Content-Disposition": content_disposition_header(True, file.file_name),
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        }
        return HttpResponse(bytes(file.content), content_type=file.content_type, headers=headers)


def _find_comments(batch_pk):
    return f"{reverse('admin:billing_payoutbatch_change', args=[batch_pk])}#comments"


def _find_answered(request, batch):
    pk = request.POST.get("answers") or request.GET.get("answers") or ""
    if not could_be_pk(BatchComment, pk):
        return None
    return get_object_or_404(batch.comments.select_related("by"), pk=pk)
