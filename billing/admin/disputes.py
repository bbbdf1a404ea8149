from django.contrib import admin
from django.db.models import F
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.text import capfirst
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display

from backoffice.base_admin import ReadOnlyAdmin
from backoffice.dialogs import DialogActions, dialog_action
from backoffice.people import full_name
from billing.admin.searches import MoneySearch
from billing.forms import disputes as dialogs
from billing.models import Dispute, DisputeAnswer
from billing.money import format_amount
from billing.payouts.disputes import Effect, answer_dispute, find_effect

Outcome = DisputeAnswer.Outcome
# What becomes of the line once it has its answer, by what the open question did.
NEXT = {
    Effect.REBUILD: "The draft pays the line.",
    Effect.KEPT: "The next file to the bank takes the payment.",
    Effect.WAITS: "The next batch takes the line in.",
    Effect.NONE: "No money moves, but for an adjustment.",
}
COLOURS = {"open": "warning", "accepted": "success", "rejected": "danger", "withdrawn": ""}


def has_no_answer(dispute, user):
    return not hasattr(dispute, "answer")


class AnsweredFilter(DropdownFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request, model_admin):
        return [("open", "Open"), ("answered", "Answered")]

    def queryset(self, request, queryset):
        if self.value() not in ("open", "answered"):
            return queryset
        return queryset.filter(answer__isnull=self.value() == "open")


@admin.register(Dispute)
class DisputeAdmin(MoneySearch, DialogActions, ReadOnlyAdmin):
    """Authors' questions about their lines, the open ones first, with their answers."""

    actions_detail = ["accept", "reject"]
    list_display = ["author_name", "line", "amount_in_dispute", "question", "asked", "state_label"]
    list_select_related = ["author", "batch", "answer__by"]
    list_filter = [AnsweredFilter]
    months_searched = ["batch__month"]
    search_fields = ["author__first_name", "author__last_name", "author__username", "reference"]
    search_help_text = "Search by author, reference or month"
    ordering = [F("answer__at").desc(nulls_first=True), "-asked_at", "-pk"]
    sortable_by = []
    fields = readonly_fields = [
        "author_name",
        "payment",
        "line",
        "amount_in_dispute",
        "question",
        "asked",
        "money",
        "answered",
        "answer_text",
        "adjustment_made",
    ]
    empty_list_text = (
        "No author has asked about a line of a statement. Authors ask on their own statement, and "
        "the question waits here for an answer."
    )

    class Media:
        css = {"all": ["billing/statement.css"]}

    def get_queryset(self, request):
        return super().get_queryset(request).select_related(*self.list_select_related)

    def has_answer_permission(self, request, object_id=None):
        return request.user.has_perm("billing.answer_dispute")

    @dialog_action(
        description="Accept",
        icon="check",
        permissions=["answer"],
        dialog=dialogs.ACCEPT,
        fits=has_no_answer,
    )
    def accept(self, request, form):
        amount = form.cleaned_data["amount"]
        effect = self._answer(request, form, Outcome.ACCEPTED, amount=amount)
        return f"The dispute is accepted. {NEXT[effect]}"

    @dialog_action(
        description="Reject",
        icon="close",
        permissions=["answer"],
        dialog=dialogs.REJECT,
        fits=has_no_answer,
    )
    def reject(self, request, form):
        effect = self._answer(request, form, Outcome.REJECTED)
        return f"The dispute is rejected. {NEXT[effect]}"

    def _answer(self, request, form, outcome, **facts):
        """Answer the dispute, and return what it did to the money until then."""
        text, effect = form.cleaned_data["reason"], find_effect(form.obj)
        answer_dispute(dispute=form.obj, outcome=outcome, text=text, by=request.user, **facts)
        return effect

    @display(description="Author")
    def author_name(self, dispute):
        return full_name(dispute.author)

    @display(description="Line")
    def line(self, dispute):
        return f"{dispute.name}, {dispute.month:%B %Y}"

    @display(description="Amount", formatting="price")
    def amount_in_dispute(self, dispute):
        return format_amount(dispute.amount, currency=dispute.batch.currency, exact=True)

    @display(description="Asked")
    def asked(self, dispute):
        return date_format(timezone.localtime(dispute.asked_at), "DATETIME_FORMAT")

    @display(description="State", label=COLOURS)
    def state_label(self, dispute):
        answer = getattr(dispute, "answer", None)
        return (
            (answer.outcome, capfirst(answer.get_outcome_display())) if answer else ("open", "Open")
        )

    @display(description="Payment")
    def payment(self, dispute):
        payment = dispute.batch.payments.filter(author=dispute.author_id).first()
        if payment is None:
            return dispute.reference
        url = reverse("admin:billing_statement_page", args=[payment.pk])
        return format_html('<a class="bo-link" href="{}">{}</a>', url, dispute.reference)

    @display(description="What it does")
    def money(self, dispute):
        return "" if hasattr(dispute, "answer") else capfirst(find_effect(dispute).label)

    @display(description="Answered")
    def answered(self, dispute):
        answer = getattr(dispute, "answer", None)
        if answer is None:
            return None
        day = date_format(timezone.localtime(answer.at), "DATETIME_FORMAT")
        return f"{capfirst(answer.get_outcome_display())}, {day}, by {full_name(answer.by)}"

    @display(description="Answer")
    def answer_text(self, dispute):
        answer = getattr(dispute, "answer", None)
        return answer.text if answer else None

    @display(description="Adjustment")
    def adjustment_made(self, dispute):
        answer = getattr(dispute, "answer", None)
        if answer is None or answer.adjustment_id is None:
            return None
        url = reverse("admin:billing_adjustment_change", args=[answer.adjustment_id])
        return format_html('<a class="bo-link" href="{}">{}</a>', url, answer.adjustment)
