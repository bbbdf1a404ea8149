"""Previews of blogs as readers will see them, for staff. A preview never counts as a view."""

from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.views.decorators.csp import csp_override

from weblog.models import Blog, NewText
from weblog.moments import format_moment
from weblog.views import PUBLIC_CSP, describe_blog, describe_site


class PreviewPages:
    """Adds previews to the blog admin, whose get_queryset decides who sees which."""

    def get_urls(self):
        pages = [
            ("<int:pk>/preview/", self.preview_blog, "weblog_blog_preview"),
            ("new-text/<int:pk>/preview/", self.preview_new_text, "weblog_newtext_preview"),
        ]
        return [
            path(route, self.admin_site.admin_view(csp_override(PUBLIC_CSP)(view)), name=name)
            for route, view, name in pages
        ] + super().get_urls()

    def preview_blog(self, request, pk):
        blog = self._get_blog(request, pk)
        return _render_preview(request, blog, subject=blog, note=NOTES.get(blog.status, ""))

    def preview_new_text(self, request, pk):
        """Show the blog with its new text."""
        new_text = get_object_or_404(NewText, pk=pk)
        blog = self._get_blog(request, new_text.blog_id)
        for field in ("title", "summary", "body"):
            setattr(blog, field, getattr(new_text, field))
        note = NEW_TEXT_NOTES[new_text.status]
        if new_text.is_scheduled:
            note = note.format(format_moment(new_text.publish_at))
        return _render_preview(request, blog, subject=new_text, note=note)

    def _get_blog(self, request, pk):
        blog = get_object_or_404(self.get_queryset(request).with_people(), pk=pk)
        if not self.has_view_permission(request, blog):
            raise Http404
        return blog


NOTES = {
    Blog.Status.DRAFT: "A draft. Readers don't see it.",
    Blog.Status.IN_REVIEW: "In review. Readers don't see it.",
    Blog.Status.ARCHIVED: "In the archive. Readers don't see it any more.",
}
NEW_TEXT_NOTES = {
    NewText.Status.DRAFT: "A new text, not yet submitted. Readers see the old one.",
    NewText.Status.IN_REVIEW: "A new text, in review. Readers see the old one.",
    NewText.Status.SCHEDULED: "A new text. Readers see the old one until {}.",
    NewText.Status.PUBLISHED: "A new text that was published. Later ones may have followed.",
    NewText.Status.WITHDRAWN: "A new text that was withdrawn. Readers don't see it.",
}


def _render_preview(request, blog, *, subject, note):
    """Show `blog` with a link back to `subject`: the blog itself or its new text."""
    back_url = reverse(f"admin:weblog_{subject._meta.model_name}_change", args=[subject.pk])
    context = {
        "blog": blog,
        "note": note,
        "back_url": back_url,
        "back_to": subject._meta.verbose_name,
    }
    context |= describe_site(request) | describe_blog(blog)
    response = render(request, "weblog/blog_preview.html", context)
    response["X-Robots-Tag"] = "noindex"
    return response
