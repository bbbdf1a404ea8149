"""The dialogs before a decision on a finding: text, finding and reason."""

from backoffice.dialogs import DialogForm, ReasonField


class FindingDialog(DialogForm):
    """Shows the finding and asks for the reason of the decision."""

    form_before_template = "billing/finding_dialog.html"

    reason = ReasonField(
        help_text="Kept with the finding, for everyone who may see it.",
        missing="Say why: the reason is kept with the finding.",
    )


ACCEPT = {
    "title": "Accept these views?",
    "description": "They stay counted and are paid. The finding is no longer listed as open.",
    "form_class": FindingDialog,
    "form_submit_text": "Accept",
}
EXCLUDE = {
    "title": "Exclude these views?",
    "description": "They no longer count and are not paid. If a signed batch pays them already, "
    "the next batch takes them off. The author sees their number and your reason.",
    "form_class": FindingDialog,
    "form_submit_text": "Exclude the views",
}
REOPEN = {
    "title": "Reopen this finding?",
    "description": "The decision is taken back. Views that were excluded count again.",
    "form_class": FindingDialog,
    "form_submit_text": "Reopen",
}
