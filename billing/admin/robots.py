from django import forms
from django.contrib import admin
from unfold.decorators import display

from backoffice.base_admin import HistoryAdmin
from billing.counting.robots import describe_lists, forget_exceptions
from billing.models import RobotException

SHORTEST_TEXT = 4  # "bot" alone would turn most robots into people


class RobotExceptionForm(forms.ModelForm):
    def clean_text(self):
        text = self.cleaned_data["text"]
        if len(text) < SHORTEST_TEXT:
            raise forms.ValidationError(
                f"Too short: too many user agents contain it. Give at least "
                f"{SHORTEST_TEXT} characters."
            )
        return text


@admin.register(RobotException)
class RobotExceptionAdmin(HistoryAdmin):
    """This installation's exceptions. Superusers add and end them; nobody deletes one."""

    form = RobotExceptionForm
    list_display = ["text", "reason", "in_force"]
    list_filter = ["is_active"]
    search_fields = ["text", "reason"]
    search_help_text = "Search by text or reason"
    ordering = ["text"]
    sortable_by = ["text"]
    fields = ["text", "reason", "is_active"]
    list_before_template = "billing/views_explained/exceptions_note.html"
    change_form_before_template = "billing/views_explained/exceptions_note.html"
    empty_list_text = (
        "There is no exception: every user agent on a robot list is a robot, as COUNTER asks."
    )

    def changelist_view(self, request, extra_context=None):
        return super().changelist_view(
            request, {"robot_lists": describe_lists(), **(extra_context or {})}
        )

    def save_model(self, request, obj, form, change):
        obj._change_reason = obj.reason
        super().save_model(request, obj, form, change)
        forget_exceptions()

    @display(description="State", label={"in_force": "success"})
    def in_force(self, exception):
        return ("in_force", "In force") if exception.is_active else ("ended", "Ended")
