"""What is asked before a batch moves on: the words, the figures and, where needed, a reason."""

from django import forms
from django.http import Http404
from django.utils import timezone
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextareaWidget

from billing.models import Finding, PayoutBatch
from billing.payouts import find_months_to_build, find_objections


class BuildDialog(BaseDialogForm):
    form_before_template = "billing/build_dialog.html"

    def get_before_template_context(self, request, object_id=None):
        return {"months": find_months_to_build(at=timezone.now())}


class BatchDialog(BaseDialogForm):
    """Shows the figures of the batch, and remembers which they were."""

    form_before_template = "billing/batch_dialog.html"

    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, request, object_id=None, **kwargs):
        super().__init__(request, object_id, **kwargs)
        try:
            self.batch = PayoutBatch.objects.with_totals().get(pk=object_id)
        except (PayoutBatch.DoesNotExist, ValueError):
            raise Http404 from None
        self.fields["seen"].initial = f"{self.batch.built_at.isoformat()}/{self.batch.digest}"

    def get_before_template_context(self, request, object_id=None):
        return {"batch": self.batch}

    @property
    def is_outdated(self):
        """Whether the batch was built or signed anew since the dialog was opened."""
        seen = self.cleaned_data["seen"]
        return bool(seen) and seen != self.fields["seen"].initial


class ApproveDialog(BatchDialog):
    def get_before_template_context(self, request, object_id=None):
        objections = find_objections(batch=self.batch, by=request.user)
        return {"batch": self.batch, "objections": objections}


class ReasonDialog(BatchDialog):
    reason = forms.CharField(
        max_length=1000,
        widget=UnfoldAdminTextareaWidget({"rows": 3}),
        help_text="Kept with the batch, for everyone who may see it.",
        error_messages={"required": "Say why: the reason is kept with the batch."},
    )


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


BUILD = {
    "title": "Build the batches of closed months?",
    "form_class": BuildDialog,
    "form_submit_text": "Build",
}
SUBMIT = {
    "title": "Submit this batch for approval?",
    "description": "You sign these payments. Nothing in the batch can change until somebody else "
    "has approved it or returned it to finance.",
    "form_class": BatchDialog,
    "form_submit_text": "Submit",
}
APPROVE = {
    "title": "Approve this batch?",
    "description": "You sign these payments as the second person. From then on nothing in the "
    "batch can change any more, and finance can export it.",
    "form_class": ApproveDialog,
    "form_submit_text": "Approve",
}
RETURN = {
    "title": "Return this batch to finance?",
    "description": "It becomes a draft again, with your reason at the top of its page.",
    "form_class": ReasonDialog,
    "form_submit_text": "Return",
}
REBUILD = {
    "title": "Rebuild this batch?",
    "description": "The payments are worked out anew from the views and prices as they are now. "
    "They take the place of these:",
    "form_class": BatchDialog,
    "form_submit_text": "Rebuild",
}
CANCEL = {
    "title": "Cancel this batch?",
    "description": "It is given up, and stays to be read. Its views are paid by the next batch "
    "that is built for the month.",
    "form_class": ReasonDialog,
    "form_submit_text": "Yes, cancel the batch",
}
EXPORT = {
    "title": "Export the payments as CSV?",
    "description": "The file is made and kept, with who made it and when. Exporting again gives "
    "the same file.",
    "form_class": BatchDialog,
    "form_submit_text": "Export",
}
ACCEPT_FINDING = {
    "title": "Accept these views?",
    "description": "They stay counted and are paid. The finding is not shown as open any more.",
    "form_class": FindingDialog,
    "form_submit_text": "Accept",
}
EXCLUDE_VIEWS = {
    "title": "Exclude these views?",
    "description": "They are taken out of the counts and are not paid. Views that a signed batch "
    "pays already come off with the next batch. The author sees how many, and your reason.",
    "form_class": FindingDialog,
    "form_submit_text": "Exclude the views",
}
REOPEN_FINDING = {
    "title": "Reopen this finding?",
    "description": "The decision is taken back. Views that were excluded count again.",
    "form_class": FindingDialog,
    "form_submit_text": "Reopen",
}
