"""The room of statements: authors see their own; finance, approvers and auditors see all."""

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from backoffice.accounts.security_log import record_download
from backoffice.changelists import could_be_pk
from backoffice.people import full_name
from billing.admin.authors_pages import LINES_PER_PAGE, AuthorsPage
from billing.errors import BillingError
from billing.forms.disputes import QuestionForm
from billing.models import Dispute, Payment
from billing.payouts.disputes import (
    Effect,
    ask_about_line,
    find_effect,
    foresee_effect,
    withdraw_dispute,
)
from billing.statements.authors import MonthlyStatement, find_style, list_statements
from billing.statements.months import write_month
from billing.statements.pdf import print_sheet
from billing.statements.years import list_years_paid, write_year

STATEMENTS_PER_PAGE = 50

# What an open question does to the money, as its author reads it.
TELL = {
    Effect.REBUILD: "Once finance builds the month anew, it pays the rest: this line waits.",
    Effect.KEPT: "Your payment waits for the answer. You can take the question back.",
    Effect.WAITS: "The line waits for the answer; the rest is paid.",
    Effect.NONE: "The payment is approved and goes out; the answer may change a later one.",
}


class StatementPage(AuthorsPage):
    def check_door(self):
        """Refuse somebody else's statement, which does not exist, without reading the page."""
        if "pk" in self.kwargs:
            self.find_payment()

    def list_statements(self):
        """Return the payments of whose statements this person knows."""
        return list_statements(author=None if self.sees_all else self.request.user)

    def find_payment(self):
        """Return the payment of the statement asked for. Somebody else's does not exist."""
        key = self.kwargs["pk"]
        payment = None
        if could_be_pk(Payment, key):
            payment = self.list_statements().filter(pk=key).first()
        if payment is None:
            raise Http404
        return payment

    def find_statement(self):
        return MonthlyStatement(self.find_payment(), at=timezone.now())

    def take_back(self, form):
        """Take back one's own question that the POST names. Raises BillingError."""
        user = self.request.user
        dispute = _find_row(
            Dispute.objects.filter(author=user), self.request.POST.get("dispute", "")
        )
        withdraw_dispute(dispute=dispute, author=user, text=form.cleaned_data["text"])
        messages.success(self.request, "Your question is taken back.")

    def keep_typed(self):
        """Return what was typed to take a question back, if that was refused, for its form."""
        key = self.request.POST.get("dispute", "")
        kept = int(key) if could_be_pk(Dispute, key) else None
        return {"kept_dispute": kept, "kept_text": self.request.POST.get("text", "")}

    def find_author(self):
        """Return the author whose year is asked for, one's own without a choice."""
        key = self.request.GET.get("author", str(self.request.user.pk))
        if not self.sees_all and key != str(self.request.user.pk):
            raise PermissionDenied
        payment = None
        if could_be_pk(Payment, key):
            payment = list_statements().filter(author=key).first()
        return payment.author if payment else None


class StatementsView(StatementPage):
    """GET lists the statements, and what one has asked; POST takes a question back."""

    http_method_names = ["get", "head", "post"]
    template_name = "billing/statements.html"
    title = "Statements"

    def post(self, request, *args, **kwargs):
        form = QuestionForm(request.POST)
        refusal = "" if form.is_valid() else " ".join(form.errors["text"])
        try:
            if not refusal:
                self.take_back(form)
        except BillingError as error:
            refusal = str(error)
        if refusal:
            messages.error(request, refusal)
            return self.render_to_response(self.get_context_data(**self.keep_typed()))
        return redirect(request.path)

    def get_context_data(self, **kwargs):
        payments = self.list_statements()
        author = self.request.GET.get("author", "")
        if author and could_be_pk(Payment, author):
            payments = payments.filter(author=author)
        page = Paginator(payments, STATEMENTS_PER_PAGE).get_page(self.request.GET.get("p"))
        return super().get_context_data(
            page=page,
            page_range=page.paginator.get_elided_page_range(page.number),
            sees_all=self.sees_all,
            disputes=self.request.user.disputes.select_related("answer", "batch"),
            **kwargs,
        )


class StatementView(StatementPage):
    """GET shows a statement; POST asks about a line of it, or takes a question back."""

    http_method_names = ["get", "head", "post"]
    template_name = "billing/author_statement.html"
    title = "Statement"

    def post(self, request, *args, **kwargs):
        statement = self.find_statement()
        form = QuestionForm(request.POST)
        if form.is_valid() and self._act(statement, form):
            return redirect(request.path)
        if "dispute" in request.POST:
            messages.error(request, " ".join(form.errors.get("text", [])))
        return self.render_to_response(self.get_context_data(form=form, **self.keep_typed()))

    def _act(self, statement, form):
        """Ask, or take back what was asked; return whether that was done."""
        user, text = self.request.user, form.cleaned_data["text"]
        try:
            if "dispute" in self.request.POST:
                self.take_back(form)
            else:
                line = _find_row(statement.payment.lines, self.request.POST.get("line", ""))
                dispute = ask_about_line(line=line, author=user, text=text)
                messages.success(
                    self.request, f"Finance has your question. {TELL[find_effect(dispute)]}"
                )
        except BillingError as refusal:
            form.add_error("text", str(refusal))
        return not form.errors

    def _describe_questions(self, statement, form):
        """Return which line is asked about, and the own questions that have no answer."""
        is_own = statement.payment.author_id == self.request.user.pk
        asked = self.request.POST.get("line") or self.request.GET.get("ask", "")
        line = _find_row(statement.payment.lines, asked) if is_own and asked else None
        mine = [one for one in statement.disputes if is_own and not hasattr(one, "answer")]
        open_ones = [(one, TELL[find_effect(one)]) for one in mine]
        named = (line.blog_title or line.note) if line else ""
        form = form or QuestionForm()
        return {
            "may_ask": is_own,
            "line": line,
            "line_name": named,
            "effect_of_asking": TELL[foresee_effect(line)] if line else "",
            "form": form,
            "mine": open_ones,
        }

    def get_context_data(self, form=None, **kwargs):
        statement = self.find_statement()
        lines = Paginator(statement.lines, LINES_PER_PAGE).get_page(self.request.GET.get("p"))
        return super().get_context_data(
            payment=statement.payment,
            sheet=write_month(statement, lines=lines.object_list),
            page=lines,
            page_range=lines.paginator.get_elided_page_range(lines.number),
            sees_all=self.sees_all,
            **self._describe_questions(statement, form),
            **kwargs,
        )


class StatementPdfView(StatementPage):
    """POST hands out the file, and notes who took it; GET leads to the page with the button."""

    http_method_names = ["get", "head", "post"]
    title = "Statement"

    def get(self, request, *args, **kwargs):
        return redirect("admin:billing_statement_page", self.find_payment().pk)

    def post(self, request, *args, **kwargs):
        statement = self.find_statement()
        name = f"statement-{statement.payment.reference}.pdf"
        return hand_out(print_sheet(write_month(statement)), name, by=request.user)


class StatementYearView(StatementPage):
    template_name = "billing/author_year.html"
    title = "Paid in a year"

    def check_door(self):
        self.find_author()

    def list_years(self):
        """Return the author asked for and the years in which they were paid, latest first."""
        author = self.find_author()
        return author, list_years_paid(author) if author else []

    def write(self):
        """Return the sheet of the year asked for, or None where there is nothing to tell."""
        author, years = self.list_years()
        if not years:
            return None, [], None
        asked = (self.request.GET.get("year"), self.request.GET.get("currency"))
        named = [one for one in years if (str(one.year), one.currency) == asked]
        chosen = named[0] if named else years[0]
        sheet = write_year(
            author=author,
            year=chosen.year,
            currency=chosen.currency,
            style=find_style(author, at=timezone.now()),
        )
        return sheet, years, chosen

    def get_context_data(self, **kwargs):
        sheet, years, chosen = self.write()
        author = self.request.GET.get("author", "")
        asked = {"year": chosen.year, "currency": chosen.currency} if chosen else {}
        asked |= {"author": author} if author else {}
        pdf = reverse("admin:billing_statement_year_pdf", query=asked)
        return super().get_context_data(
            sheet=sheet, years=years, chosen=chosen, author=author, pdf=pdf, **kwargs
        )


class StatementYearPdfView(StatementYearView):
    """POST hands out the file, and notes who took it; GET leads to the page with the button."""

    http_method_names = ["get", "head", "post"]

    def check_door(self):
        _, years = self.list_years()
        if not years:
            raise Http404

    def get(self, request, *args, **kwargs):
        self.check_door()
        return redirect(reverse("admin:billing_statement_year", query=request.GET))

    def post(self, request, *args, **kwargs):
        sheet, _, chosen = self.write()
        if sheet is None:
            raise Http404
        name = f"paid-in-{chosen.year}-{chosen.currency}.pdf"
        return hand_out(print_sheet(sheet), name, by=request.user, about=self.find_author())


def _find_row(rows, key):
    row = rows.filter(pk=key).first() if could_be_pk(rows.model, key) else None
    if row is None:
        raise Http404
    return row


def hand_out(content: bytes, name: str, *, by: User, about: User | None = None) -> HttpResponse:
    whose = f" of {full_name(about)}" if about else ""
    record_download(name=f"{name}{whose}", by=by, content=content)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(content, content_type="application/pdf", headers=headers)
