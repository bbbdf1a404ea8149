import json

from django.contrib import admin
from django.utils.html import format_html
from django.utils.text import Truncator
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from backoffice.base_admin import ReadOnlyAdmin
from billing.admin.searches import MoneySearch
from billing.models import Seal

CHARACTERS_SHOWN = 100_000
KIND_COLOURS = {
    "approval": "success",
    "settlement": "info",
    "export": "",
    "evidence": "",
    "upgrade": "warning",
}


@admin.register(Seal)
class SealAdmin(MoneySearch, ReadOnlyAdmin):
    """A read-only list of the seals, link by link."""

    list_display = ["number", "kind_label", "month", "short_hash", "at"]
    list_select_related = ["batch"]
    list_filter = [("kind", ChoicesDropdownFilter)]
    months_searched = ["batch__month"]
    search_fields = ["=number", "hash__startswith"]
    search_help_text = "Search by number, by month, or by how the hash begins"
    ordering = ["-number"]
    sortable_by = ["number"]
    fields = ["number", "kind", "month", "at", "full_hash", "hash_before", "what_was_sealed"]
    readonly_fields = fields
    empty_list_text = (
        "Nothing is sealed yet. The first approval of a payout batch makes the first seal; each "
        "approval, each exported file, each evidence pack and each record of bank "
        "results adds one."
    )

    class Media:
        css = {"all": ["billing/statement.css"]}

    @display(description="Kind", label=KIND_COLOURS)
    def kind_label(self, seal):
        return seal.kind, seal.get_kind_display()

    @display(description="Batch", ordering="batch__month")
    def month(self, seal):
        return str(seal.batch)

    @display(description="Hash")
    def short_hash(self, seal):
        return format_html('<span class="bo-mono">{}</span>', seal.hash[:16])

    @display(description="Hash")
    def full_hash(self, seal):
        return format_html('<span class="bo-mono">{}</span>', seal.hash)

    @display(description="Hash of the seal before")
    def hash_before(self, seal):
        return format_html('<span class="bo-mono">{}</span>', seal.previous_hash)

    @display(description="What was sealed")
    def what_was_sealed(self, seal):
        """Return the content, indented; unchanged if it is not valid JSON."""
        try:
            text = json.dumps(json.loads(seal.content), indent=2, ensure_ascii=False)
        except ValueError:
            text = seal.content
        shown = Truncator(text).chars(CHARACTERS_SHOWN)
        return format_html('<pre class="bl-content bo-mono">{}</pre>', shown)
