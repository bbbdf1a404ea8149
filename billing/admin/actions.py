from django.contrib import messages
from unfold.enums import ActionVariant

from backoffice.dialogs import DialogActions, Done, dialog_action, with_status
from billing.bank.results.matching import match_results
from billing.bank.results.recording import record_results
from billing.errors import WrongStatus
from billing.forms import batches as dialogs
from billing.forms.results import ALL_PAID
from billing.models import PayoutBatch
from billing.payouts import steps
from billing.payouts.due import find_unpriced
from billing.payouts.requests import recall_batch

Status = PayoutBatch.Status


is_draft = with_status(Status.DRAFT)
is_submitted = with_status(Status.SUBMITTED)


def is_own_submission(batch, user):
    return is_submitted(batch, user) and batch.submitted_by_id == user.pk


def _has_unpriced(batch, user):
    """Whether a draft has views without a price that it was not told to leave out."""
    if batch.status != Status.DRAFT:
        return False
    unpriced = {row.category for row in find_unpriced(batch.month)}
    return not unpriced <= set(batch.left_out_categories)


class FinanceActions(DialogActions):
    """Finance builds, checks and submits a batch. billing.admin.bank_export exports it."""

    def has_build_permission(self, request, object_id=None):
        return request.user.has_perm("billing.build_payoutbatch")

    def has_submit_permission(self, request, object_id=None):
        return request.user.has_perm("billing.submit_payoutbatch")

    @dialog_action(
        description="Build closed months",
        icon="playlist_add",
        permissions=["build"],
        dialog=dialogs.BUILD,
        in_transaction=False,  # views are folded, and months built, in transactions of their own
    )
    def build(self, request, form):
        batches = steps.build_closed_months(by=request.user, leave_out=form.leave_out)
        if not batches:
            return Done("There was no month to build.", level=messages.INFO)
        return f"Built as drafts: {', '.join(map(str, batches))}."

    @dialog_action(
        description="Submit",
        icon="send",
        variant=ActionVariant.PRIMARY,
        permissions=["submit"],
        dialog=dialogs.SUBMIT,
        fits=is_draft,
    )
    def submit(self, request, form):
        answer = form.cleaned_data.get("reason", "")
        steps.submit_batch(batch=form.take_batch(), by=request.user, answer=answer)
        return f"{form.obj} is submitted. Now somebody else has to approve it."

    @dialog_action(
        description="Recall",
        icon="undo",
        permissions=["submit"],
        dialog=dialogs.RECALL,
        fits=is_own_submission,
    )
    def recall(self, request, form):
        reason = form.cleaned_data["reason"]
        recall_batch(batch=form.take_batch(), by=request.user, reason=reason)
        return f"{form.obj} is a draft again. Nobody approves it until it is submitted."

    @dialog_action(
        description="Rebuild",
        icon="refresh",
        permissions=["build"],
        dialog=dialogs.REBUILD,
        fits=is_draft,
        in_transaction=False,  # views are folded in transactions of their own
    )
    def rebuild(self, request, form):
        steps.rebuild_batch(batch=form.take_batch(), by=request.user)
        return (
            f"{form.obj} is rebuilt from views and prices as they are now, with adjustments and "
            "holds."
        )

    @dialog_action(
        description="Build without them",
        icon="filter_alt_off",
        permissions=["build"],
        url_path="leave-out",
        dialog=dialogs.LEAVE_OUT,
        fits=_has_unpriced,
        in_transaction=False,  # views are folded in transactions of their own
    )
    def leave_out(self, request, form):
        batch, reason = form.take_batch(), form.cleaned_data["reason"]
        steps.rebuild_batch(batch=batch, by=request.user, leave_out=reason)
        return f"{form.obj} is rebuilt without the views that have no price. They wait for it."

    @dialog_action(
        description="Cancel batch",
        icon="block",
        permissions=["build"],
        dialog=dialogs.CANCEL,
        fits=is_draft,
    )
    def cancel(self, request, form):
        reason = form.cleaned_data["reason"]
        steps.cancel_batch(batch=form.take_batch(), by=request.user, reason=reason)
        return (
            f"{form.obj} is cancelled. “Build closed months”, in the list, makes a new batch of it."
        )


class ResultActions(DialogActions):
    """Record that the bank made all payments. billing.admin.results records single results."""

    def has_settle_permission(self, request, object_id=None):
        return request.user.has_perm("billing.settle_payoutbatch")

    @dialog_action(
        description="All paid",
        icon="done_all",
        permissions=["settle"],
        url_path="all-paid",
        dialog=ALL_PAID,
        fits=with_status(Status.APPROVED),
    )
    def record_all_paid(self, request, form):
        batch = form.take_batch()
        results = match_results(batch=batch, rows=[], others_paid=True)
        record_results(batch=batch, results=results, by=request.user)
        return f"All payments of {batch} are recorded as paid."


class ApproverActions(DialogActions):
    """An approver approves a submitted batch or returns it."""

    def has_approve_permission(self, request, object_id=None):
        return request.user.has_perm("billing.approve_payoutbatch")

    @dialog_action(
        description="Approve",
        icon="verified",
        variant=ActionVariant.PRIMARY,
        permissions=["approve"],
        dialog=dialogs.APPROVE,
        fits=is_submitted,
    )
    def approve(self, request, form):
        batch, is_first_of_two = form.take_batch(), form.is_first_of_two
        if not form.was_asked:  # somebody submitted the batch after the dialog saw a draft
            status = batch.get_status_display().lower()
            raise WrongStatus(
                f"This batch was {status} when you pressed the button: there was nothing to sign."
            )
        steps.approve_batch(batch=batch, by=request.user, acknowledgements=form.acknowledgements)
        if is_first_of_two:
            return f"{batch} has your approval. A second approver has to sign it too."
        return f"{batch} is approved. Finance can export it now."

    @dialog_action(
        description="Return",
        icon="undo",
        permissions=["approve"],
        url_path="return",
        dialog=dialogs.RETURN,
        fits=is_submitted,
    )
    def return_to_finance(self, request, form):
        reason = form.cleaned_data["reason"]
        steps.return_batch(batch=form.take_batch(), by=request.user, reason=reason)
        return f"{form.obj} is returned to finance as a draft."
