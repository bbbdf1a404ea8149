"""The editors' queue: one page with everything that waits for a review."""

from django.contrib.admin.views.main import PAGE_VAR
from django.core.paginator import Paginator
from django.views.generic import TemplateView
from unfold.views import UnfoldSiteViewMixin

from weblog.publishing.reviews import find_waiting, load_waiting

ROWS_PER_PAGE = 25


class ReviewQueueView(UnfoldSiteViewMixin, TemplateView):
    http_method_names = ["get", "head"]
    permission_required = ("weblog.publish_blog", "weblog.view_all_blogs")
    template_name = "weblog/admin/review_queue.html"
    title = "To review"

    def get_context_data(self, **kwargs):
        page = Paginator(find_waiting(), ROWS_PER_PAGE).get_page(self.request.GET.get(PAGE_VAR))
        user = self.request.user
        return super().get_context_data(
            page=page,
            page_range=list(page.paginator.get_elided_page_range(page.number)),
            rows=[(item, item.is_by(user)) for item in load_waiting(page.object_list)],
            **kwargs,
        )
