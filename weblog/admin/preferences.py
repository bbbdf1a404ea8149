"""The page on which each member of staff chooses their mails."""

from django import forms
from django.contrib import messages
from django.urls import reverse_lazy
from django.views.generic import FormView
from unfold.views import UnfoldSiteViewMixin
from unfold.widgets import UnfoldBooleanSwitchWidget

from weblog.models import MailPreference

# Each mail with the permission that it needs.
MAILS = {
    "on_submit": "weblog.publish_blog",
    "on_return": "weblog.add_blog",
    "on_publish": "weblog.add_blog",
}


class MailPreferenceForm(forms.ModelForm):
    """The mails that the person can get."""

    class Meta:
        model = MailPreference
        fields = list(MAILS)
        widgets = dict.fromkeys(MAILS, UnfoldBooleanSwitchWidget)

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        for name, permission in MAILS.items():
            if not user.has_perm(permission):
                del self.fields[name]


class MailPreferenceView(UnfoldSiteViewMixin, FormView):
    """The user's own choices; no URL leads to another person's."""

    http_method_names = ["get", "head", "post"]
    permission_required = ()
    template_name = "weblog/admin/mail_preferences.html"
    title = "Mails to me"
    form_class = MailPreferenceForm
    success_url = reverse_lazy("admin:weblog_mailpreferences")

    def get_form_kwargs(self):
        user = self.request.user
        preference = MailPreference.objects.filter(user=user).first() or MailPreference(user=user)
        return super().get_form_kwargs() | {"user": user, "instance": preference}

    def form_valid(self, form):
        MailPreference.objects.update_or_create(user=self.request.user, defaults=form.cleaned_data)
        messages.success(self.request, "Your choice is saved.")
        return super().form_valid(form)
