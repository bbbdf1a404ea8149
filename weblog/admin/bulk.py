"""Actions on several blogs: one question for all, then one blog after the other."""

from collections.abc import Callable
from typing import Any, NamedTuple

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import transaction
from django.template.response import TemplateResponse
from django.utils.html import format_html, format_html_join
from unfold.widgets import UnfoldAdminSelect2Widget, UnfoldAdminTextareaWidget

from backoffice.reasons import explain_missing_word
from weblog import categories
from weblog.errors import WeblogError
from weblog.models import Blog, Category
from weblog.publishing import workflow
from weblog.publishing.moves import describe_move

MOST_AT_ONCE = 200
NAMED = 20  # blogs that a message names

PAST_VIEWS_STAY = "Views so far stay with the category that the blog had then."


class StepForm(forms.Form):
    """Asks what a step needs besides the blogs. `asks_again` once what follows has to be seen."""

    def asks_again(self, blogs) -> bool:
        return False

    def list_details(self) -> dict[str, Any]:
        """Return the arguments of the step."""
        return self.cleaned_data


class ArchiveForm(StepForm):
    reason = forms.CharField(
        required=False,
        max_length=500,
        widget=UnfoldAdminTextareaWidget({"rows": 3}),
        help_text="For the blogs' history. Readers do not see it.",
    )


class CategoryForm(StepForm):
    category = forms.ModelChoiceField(
        Category.objects.all(), widget=UnfoldAdminSelect2Widget(), help_text=PAST_VIEWS_STAY
    )
    reason = forms.CharField(
        label="Why do they move?",
        required=False,
        max_length=500,
        widget=UnfoldAdminTextareaWidget({"rows": 2}),
        help_text="For the blogs' history. Needed for blogs that readers see.",
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def asks_again(self, blogs):
        """Show first what follows for the published ones, and ask why."""
        if not any(blog.status == Blog.Status.PUBLISHED for blog in blogs):
            return False
        details = self.cleaned_data
        problem = explain_missing_word(details["reason"], "Say why, and press the button again.")
        was_seen = details["seen"] == str(details["category"].pk)
        if problem and was_seen:
            self.add_error("reason", problem)
        self.data = self.data.copy()
        self.data["seen"] = str(details["category"].pk)
        return bool(problem) or not was_seen

    def list_details(self):
        return {name: self.cleaned_data[name] for name in ("category", "reason")}


class Step(NamedTuple):
    """`act` is called for each blog with `blog`, `by` and what the form asks for."""

    act: Callable
    question: str
    explanation: str
    button: str
    done: str
    form_class: type[StepForm] = StepForm


PUBLISH = Step(
    workflow.publish_submitted,
    "Publish these blogs now?",
    "Readers find them at once. Blogs from the archive keep their date.",
    "Publish",
    "published",
)
ARCHIVE = Step(
    workflow.archive_blog,
    "Archive these blogs?",
    "Readers no longer find them. They can be published again at any time.",
    "Archive",
    "archived",
    ArchiveForm,
)
CHANGE_CATEGORY = Step(
    categories.change_category,
    "Move these blogs to another category?",
    "Each blog is saved separately, with an entry in its history.",
    "Move",
    "moved",
    CategoryForm,
)


class Row(NamedTuple):
    """A chosen blog, as the question shows it. `skipped` is why nothing happens to it."""

    blog: Blog
    status: str
    length: str
    skipped: str
    effects: list[str]


class BulkActions:
    """The actions below the list. The first POST asks and the second acts, both with CSRF."""

    actions = ["publish_chosen", "archive_chosen", "change_category"]

    def has_publish_many_permission(self, request):
        return request.user.has_perm("weblog.publish_blog")

    def has_change_many_permission(self, request):
        return request.user.has_perms(["weblog.change_blog", "weblog.view_all_blogs"])

    @admin.action(description="Publish now", permissions=["publish_many"])
    def publish_chosen(self, request, blogs):
        return self._take(PUBLISH, request, blogs)

    @admin.action(description="Archive", permissions=["publish_many"])
    def archive_chosen(self, request, blogs):
        return self._take(ARCHIVE, request, blogs)

    @admin.action(description="Change category", permissions=["change_many"])
    def change_category(self, request, blogs):
        return self._take(CHANGE_CATEGORY, request, blogs)

    def _take(self, step, request, blogs):
        is_answer = "answered" in request.POST
        if is_answer:  # all chosen blogs, even if a filter no longer shows them
            pks = request.POST.getlist(ACTION_CHECKBOX_NAME)
            blogs = Blog.objects.filter(pk__in=pks)
        blogs = blogs.entrusted_to(request.user)
        blogs = blogs.select_related("author", "category").order_by("title", "pk")
        blogs = list(blogs[: MOST_AT_ONCE + 1])
        if len(blogs) > MOST_AT_ONCE:
            text = f"Choose {MOST_AT_ONCE} blogs at most, and repeat this for the others."
            return self.message_user(request, text, messages.ERROR)
        form = step.form_class(request.POST if is_answer else None)
        if not (is_answer and form.is_valid()) or form.asks_again(blogs):
            return self._ask(step, request, blogs, form)
        skipped = _take_each(step, blogs, by=request.user, **form.list_details())
        self._tell(step, request, done=len(blogs) - len(skipped), skipped=skipped)

    def _ask(self, step, request, blogs, form):
        rows = list(self._list_rows(step, request, blogs, form))
        skipped = sum(bool(row.skipped) for row in rows)
        context = {
            **self.admin_site.each_context(request),
            "title": step.question,
            "opts": self.opts,
            "media": self.media + form.media,
            "step": step,
            "rows": rows,
            "skipped": skipped,
            "left": len(rows) - skipped,
            "pks": [blog.pk for blog in blogs],
            "action": request.POST["action"],
            "checkbox_name": ACTION_CHECKBOX_NAME,
            "form": form,
        }
        return TemplateResponse(request, "weblog/admin/bulk_question.html", context)

    def _list_rows(self, step, request, blogs, form):
        category = getattr(form, "cleaned_data", {}).get("category")
        details = {"category": category} if category else {}
        is_complete = category or step.form_class is not CategoryForm
        for blog in blogs:
            effects = []
            if category and blog.status == Blog.Status.PUBLISHED and blog.category != category:
                effects = describe_move(blog=blog, category=category)
            # The reason is asked for at the end, and is no reason to skip a blog.
            given = details | ({"reason": "Tried"} if "reason" in form.fields else {})
            skipped = _rehearse(step, blog, by=request.user, **given) if is_complete else ""
            yield Row(blog, self.status_label(blog), self.length(blog), skipped, effects)

    def _tell(self, step, request, *, done, skipped):
        if done:
            blogs = "1 blog was" if done == 1 else f"{done} blogs were"
            self.message_user(request, f"{blogs} {step.done}.", messages.SUCCESS)
        if not skipped:
            return
        heading = "1 blog was skipped:" if len(skipped) == 1 else f"{len(skipped)} were skipped:"
        reasons = [(reason,) for reason in skipped[:NAMED]]
        if len(skipped) > NAMED:
            reasons.append((f"And {len(skipped) - NAMED} more.",))
        text = format_html("{}{}", heading, format_html_join("", "<br>{}", reasons))
        self.message_user(request, text, messages.WARNING)


def _take_each(step, blogs, *, by, **details):
    """Act on each blog, and return the messages of the skipped ones."""
    skipped = []
    for blog in blogs:
        try:
            step.act(blog=blog, by=by, **details)
        except WeblogError as error:
            skipped.append(str(error))
    return skipped


def _rehearse(step, blog, *, by, **details):
    """Take the step and take it back. Return why it can't be taken, or ""."""
    try:
        with transaction.atomic():
            step.act(blog=blog, by=by, **details)
            transaction.set_rollback(True)
    except WeblogError as error:
        return str(error)
    return ""
