"""What pages of authors' money share: authors see their own; finance, approvers, auditors all."""

from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.generic import TemplateView
from unfold.views import UnfoldSiteViewMixin

SEE_OWN = "billing.view_own_statement"
SEE_ALL = "billing.view_payment"
LINES_PER_PAGE = 100


@method_decorator(never_cache, name="dispatch")
class AuthorsPage(UnfoldSiteViewMixin, TemplateView):
    http_method_names = ["get", "head"]
    permission_required = SEE_OWN

    def has_permission(self):
        return self.request.user.has_perm(SEE_OWN) or self.sees_all

    @property
    def sees_all(self):
        return self.request.user.has_perm(SEE_ALL)

    def http_method_not_allowed(self, request, *args, **kwargs):
        """Refuse first what is somebody else's, as a look at it would be refused."""
        self.check_door()
        return super().http_method_not_allowed(request, *args, **kwargs)

    def check_door(self):
        """Refuse what is somebody else's, without reading the page."""
