"""The page on which everybody chooses their mails, and reads those that came."""

from django import forms
from django.contrib import messages
from django.urls import reverse_lazy
from django.views.generic import FormView
from unfold.views import UnfoldSiteViewMixin
from unfold.widgets import UnfoldAdminSelectWidget

from backoffice.mailing.choices import How, choose, list_choosable, read_choices
from backoffice.mailing.kinds import list_kinds
from backoffice.mailing.models import Mail

MAILS_SHOWN = 50


class MailChoiceForm(forms.Form):
    """A choice for each kind of mail that the person can get."""

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        chosen = read_choices(user)
        for kind in list_choosable(user):
            choices = [
                (value, label)
                for value, label in How.choices
                if kind.comes_at_once or value != How.AT_ONCE
            ]
            usual = How.AT_ONCE if kind.comes_at_once else How.DAILY
            self.fields[kind.key] = forms.ChoiceField(
                label=kind.label[0].upper() + kind.label[1:],
                choices=choices,
                initial=chosen.get(kind.key, usual),
                widget=UnfoldAdminSelectWidget,
            )


class OwnMailsView(UnfoldSiteViewMixin, FormView):
    """The user's own choices and mails; no URL leads to another person's."""

    http_method_names = ["get", "head", "post"]
    permission_required = ()
    template_name = "backoffice/own_mails.html"
    title = "Mails to me"
    form_class = MailChoiceForm
    success_url = reverse_lazy("admin:backoffice_own_mails")

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"user": self.request.user}

    def get_context_data(self, **kwargs):
        user = self.request.user
        mails = Mail.objects.filter(person=user).exclude(state=Mail.State.COLLECTED, summary=None)
        always = [
            kind
            for kind in list_kinds().values()
            if kind.is_security and (not kind.permission or user.has_perm(kind.permission))
        ]
        return super().get_context_data(**kwargs) | {
            "mails": mails.order_by("-made_at", "-pk")[:MAILS_SHOWN],
            "always": always,
            "most": MAILS_SHOWN,
        }

    def form_valid(self, form):
        choose(user=self.request.user, choices=form.cleaned_data)
        messages.success(self.request, "Your choice is saved.")
        return super().form_valid(form)
