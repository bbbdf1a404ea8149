"""What is asked before a finding is decided: the words, the finding, and a reason."""

from django import forms
from django.http import Http404
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget

from billing.models import Finding


class FindingDialog(BaseDialogForm):
    """Shows the finding and asks for the reason of the decision."""

    form_before_template = "billing/finding_dialog.html"

    reason = forms.CharField(
        max_length=1000,
        widget=UnfoldAdminTextareaWidget({"rows": 3}),
        help_text="Kept with the finding. The author reads why views were excluded.",
        error_messages={"required": "Say why: the reason is kept with the finding."},
    )

    def __init__(self, request, object_id=None, **kwargs):
        super().__init__(request, object_id, **kwargs)
        try:
            self.finding = Finding.objects.select_related("blog").get(pk=object_id)
        except (Finding.DoesNotExist, ValueError):
            raise Http404 from None

    def get_before_template_context(self, request, object_id=None):
        return {"finding": self.finding}


ACCEPT = {
    "title": "Accept these views?",
    "description": "They stay counted and are paid. The finding is not shown as open any more.",
    "form_class": FindingDialog,
    "form_submit_text": "Accept",
}
EXCLUDE = {
    "title": "Exclude these views?",
    "description": "They are taken out of the counts and are not paid. Views that a signed batch "
    "pays already come off with the next batch. The author sees how many, and your reason.",
    "form_class": FindingDialog,
    "form_submit_text": "Exclude the views",
}
REOPEN = {
    "title": "Reopen this finding?",
    "description": "The decision is taken back. Views that were excluded count again.",
    "form_class": FindingDialog,
    "form_submit_text": "Reopen",
}
