"""The download of a person's data, by the person or by a superuser for them."""

from django.http import FileResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.generic import TemplateView
from unfold.views import UnfoldSiteViewMixin

from backoffice.accounts.confirming import confirmed
from backoffice.accounts.extracts import list_sections, make_extract
from backoffice.accounts.views import OtherAccountMixin
from backoffice.people import full_name


@method_decorator(confirmed, name="dispatch")
class ExtractView(UnfoldSiteViewMixin, TemplateView):
    """The user's own extract: GET lists the content of the file, POST returns the file."""

    http_method_names = ["get", "head", "post"]
    permission_required = ()
    template_name = "backoffice/extract.html"
    title = "What is kept about you"

    def find_user(self):
        return self.request.user

    def find_way_back(self):
        return reverse("admin:backoffice_account")

    def post(self, request, *args, **kwargs):
        file = make_extract(user=self.find_user(), by=request.user)
        name = f"kept-{self.find_user().pk}-{timezone.localdate()}.json"
        return FileResponse(
            file, as_attachment=True, filename=name, content_type="application/json"
        )

    def get_context_data(self, **kwargs):
        user = self.find_user()
        return super().get_context_data(
            person=user,
            is_own=user == self.request.user,
            back=self.find_way_back(),
            sections=list_sections(),
            **kwargs,
        )


class UserExtractView(OtherAccountMixin, ExtractView):
    """Another person's extract, for a superuser to hand over. The log records who took it."""

    title = "What is kept about somebody"

    def get_context_data(self, **kwargs):
        user = self.find_user()
        name = full_name(user)
        return super().get_context_data(**kwargs) | {"title": f"What is kept about {name}"}
