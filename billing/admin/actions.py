from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from unfold.decorators import action
from unfold.enums import ActionVariant

from billing import payouts, settlement
from billing.errors import BatchOutdated, BillingError, WrongStatus
from billing.exports import export_payments
from billing.forms import batches as dialogs
from billing.models import PayoutBatch
from billing.result_files import match_results

Status = PayoutBatch.Status


class BatchActions:
    """The buttons of a batch. Each opens a dialog; only its POST acts."""

    action_statuses = {
        "billing_payoutbatch_approve": {Status.SUBMITTED},
        "billing_payoutbatch_return_to_finance": {Status.SUBMITTED},
        "billing_payoutbatch_submit": {Status.DRAFT},
        "billing_payoutbatch_rebuild": {Status.DRAFT},
        "billing_payoutbatch_cancel": {Status.DRAFT},
        "billing_payoutbatch_export": {Status.APPROVED, Status.PAID},
        "billing_payoutbatch_record_all_paid": {Status.APPROVED},
    }

    def get_actions_detail(self, request, object_id):
        """Show the buttons that fit the batch now; what may happen, billing.payouts decides."""
        batch = self.get_object(request, object_id)
        return [
            button
            for button in super().get_actions_detail(request, object_id)
            if batch and batch.status in self.action_statuses[button.action_name]
        ]

    def _act(self, request, form, act, success, **details):
        """Call the domain function `act`, tell what came of it, return to the batch."""
        try:
            if form.is_outdated:
                raise BatchOutdated(
                    "Somebody changed this batch while you looked at it. Look at it again."
                )
            act(batch=form.batch, by=request.user, **details)
        except BillingError as error:
            self.message_user(request, str(error), messages.ERROR)
        else:
            self.message_user(request, success.format(form.batch), messages.SUCCESS)
        return _redirect("admin:billing_payoutbatch_change", form.batch.pk)


class FinanceActions(BatchActions):
    """Build, check and submit a batch; once it is approved, export it."""

    def has_build_permission(self, request, object_id=None):
        return request.user.has_perm("billing.build_payoutbatch")

    def has_submit_permission(self, request, object_id=None):
        return request.user.has_perm("billing.submit_payoutbatch")

    def has_export_permission(self, request, object_id=None):
        return request.user.has_perm("billing.export_payoutbatch")

    @action(
        description="Build closed months",
        icon="playlist_add",
        permissions=["build"],
        dialog=dialogs.BUILD,
    )
    def build(self, request, form):
        try:
            batches = payouts.build_closed_months(by=request.user)
        except BillingError as error:
            self.message_user(request, str(error), messages.ERROR)
        else:
            months = ", ".join(str(batch) for batch in batches)
            text = f"Built as drafts: {months}." if months else "There was no month to build."
            self.message_user(request, text, messages.SUCCESS if months else messages.INFO)
        return _redirect("admin:billing_payoutbatch_changelist")

    @action(
        description="Submit",
        icon="send",
        variant=ActionVariant.PRIMARY,
        permissions=["submit"],
        dialog=dialogs.SUBMIT,
    )
    def submit(self, request, form, object_id):
        success = "{} is submitted. Now somebody else has to approve it."
        return self._act(request, form, payouts.submit_batch, success)

    @action(description="Rebuild", icon="refresh", permissions=["build"], dialog=dialogs.REBUILD)
    def rebuild(self, request, form, object_id):
        success = "{} is rebuilt from views and prices as they are now, with adjustments and holds."
        return self._act(request, form, payouts.rebuild_batch, success)

    @action(description="Cancel batch", icon="block", permissions=["build"], dialog=dialogs.CANCEL)
    def cancel(self, request, form, object_id):
        success = "{} is cancelled. “Build closed months”, in the list, makes a new batch of it."
        reason = form.cleaned_data["reason"]
        return self._act(request, form, payouts.cancel_batch, success, reason=reason)

    @action(
        description="Export CSV",
        icon="download",
        variant=ActionVariant.PRIMARY,
        permissions=["export"],
        dialog=dialogs.EXPORT,
    )
    def export(self, request, form, object_id):
        success = "The payments of {} are exported. The file is below, under “Files”."
        return self._act(request, form, export_payments, success)


class SettlementActions(BatchActions):
    """Record that the bank made all payments; billing.admin.results takes the others."""

    def has_settle_permission(self, request, object_id=None):
        return request.user.has_perm("billing.settle_payoutbatch")

    @action(
        description="All paid",
        icon="done_all",
        permissions=["settle"],
        url_path="all-paid",
        dialog=dialogs.ALL_PAID,
    )
    def record_all_paid(self, request, form, object_id):
        results = match_results(batch=form.batch, rows=[], others_paid=True)
        success = "All payments of {} are recorded as paid."
        return self._act(request, form, settlement.record_results, success, results=results)


class ApproverActions(BatchActions):
    """Approve a submitted batch, or return it."""

    def has_approve_permission(self, request, object_id=None):
        return request.user.has_perm("billing.approve_payoutbatch")

    @action(
        description="Approve",
        icon="verified",
        variant=ActionVariant.PRIMARY,
        permissions=["approve"],
        dialog=dialogs.APPROVE,
    )
    def approve(self, request, form, object_id):
        success = "{} is approved. Finance can export it now."
        if form.is_first_of_two:
            success = "{} has your approval. A second approver has to sign it too."
        return self._act(
            request,
            form,
            payouts.approve_batch if form.was_asked else _refuse_unsigned,
            success,
            acknowledgements=form.acknowledgements,
        )

    @action(
        description="Return",
        icon="undo",
        permissions=["approve"],
        url_path="return",
        dialog=dialogs.RETURN,
    )
    def return_to_finance(self, request, form, object_id):
        success = "{} is returned to finance as a draft."
        reason = form.cleaned_data["reason"]
        return self._act(request, form, payouts.return_batch, success, reason=reason)


def _refuse_unsigned(*, batch, **details):
    """A batch that was submitted after the dialog looked at it is signed by nobody's password."""
    status = batch.get_status_display().lower()
    raise WrongStatus(f"This batch was {status} when you pressed: there was nothing to sign.")


def _redirect(url_name, *args):
    """Close the dialog and open a page."""
    return HttpResponse(headers={"HX-Redirect": reverse(url_name, args=args)})
