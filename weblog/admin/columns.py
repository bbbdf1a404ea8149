from django.template.defaultfilters import pluralize
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from unfold.decorators import display

from backoffice.people import full_name
from weblog.html.bounded import count_words, estimate_minutes, show_html
from weblog.moments import format_moment

STATUS_COLOURS = {
    "Draft": "",
    "In review": "warning",
    "Scheduled": "info",
    "Published": "success",
    "Archived": "",
}


class LastStep:
    """Shows the latest step in the history of a row."""

    @display(description="Last step")
    def last_step(self, row):
        steps = row.history.exclude(history_change_reason=None).select_related("history_user")
        step = steps.first()
        if step is None:
            return "None yet"
        who = full_name(step.history_user) if step.history_user else "Nobody signed in"
        return f"{step.history_change_reason}\n{who}, {format_moment(step.history_date)}"


class BlogColumns(LastStep):
    """The columns of the blog admin, for its list and beside its form."""

    @display(description="Status", ordering="status", label=STATUS_COLOURS)
    def status_label(self, blog):
        return "Scheduled" if blog.is_scheduled else blog.get_status_display()

    @display(description="Status")
    def status_badge(self, blog):
        text = self.status_label(blog)
        return render_to_string(
            "unfold/helpers/label.html", {"text": text, "type": STATUS_COLOURS[text]}
        )

    @display(description="Author", ordering="author__first_name")
    def author_name(self, blog):
        if blog.is_co_written:
            return format_html(
                '{} <span class="wl-own whitespace-nowrap">you co-write it</span>', blog.author_name
            )
        return blog.author_name

    @display(description="Publish at", ordering="publish_at")
    def goes_live(self, blog):
        """Return the moment of publication, or "": a draft's `publish_at` is only a default."""
        return blog.publish_at if blog.was_published else None

    @display(description="Length")
    def length(self, blog):
        words = count_words(blog.body)
        if not words:
            return "Empty"
        return f"{words:,}\xa0word{pluralize(words)}, {estimate_minutes(words)}\xa0min"

    @display(description="See it")
    def where(self, blog):
        if blog.is_live:
            url, text = blog.get_absolute_url(), "As readers see it"
        else:
            url, text = reverse("admin:weblog_blog_preview", args=[blog.pk]), "As it will look"
        return format_html('<a class="bo-link" href="{}" target="_blank">{}</a>', url, text)

    @display(description="Body")
    def article(self, blog):
        """Return the body as readers see it."""
        return render_to_string("weblog/admin/article.html", {"body": show_html(blog.body)})
