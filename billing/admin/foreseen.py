"""The page of all that a rebuild of a draft would change, author by author."""

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpResponseNotAllowed
from django.template.response import TemplateResponse
from django.urls import path

from billing.models import PayoutBatch
from billing.payouts.foreseen import foresee_rebuild

AUTHORS_PER_PAGE = 100


class ForeseenPage:
    """A page of the batch's admin. billing.payouts.foreseen works out what it says."""

    def get_urls(self):
        view = self.admin_site.admin_view(self.foreseen_view)
        name = "billing_payoutbatch_foreseen"
        return [path("<path:object_id>/foreseen/", view, name=name), *super().get_urls()]

    def foreseen_view(self, request, object_id):
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        batch = self.get_object(request, object_id)
        if batch is None:
            raise Http404
        is_draft = batch.status == PayoutBatch.Status.DRAFT
        foreseen = foresee_rebuild(batch) if is_draft else None
        authors = foreseen.authors if foreseen else []
        page = Paginator(authors, AUTHORS_PER_PAGE).get_page(request.GET.get("p"))
        context = self.admin_site.each_context(request) | {
            "title": f"What a rebuild of {batch} would change",
            "opts": self.opts,
            "batch": batch,
            "foreseen": foreseen,
            "page": page,
            "page_range": page.paginator.get_elided_page_range(page.number),
        }
        return TemplateResponse(request, "billing/foreseen.html", context)
