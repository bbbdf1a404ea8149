from django import forms
from django.contrib import admin
from unfold.decorators import display

from backoffice.base_admin import HistoryAdmin
from backoffice.reasons import in_words
from billing.counting.robot_exceptions import ASK_WHY, save_robot_exception
from billing.counting.robots import describe_lists
from billing.errors import BillingError
from billing.models import RobotException
from billing.own_money import refuse_own_robots

SHORTEST_TEXT = 4  # "bot" alone would turn most robots into people


class RobotExceptionForm(forms.ModelForm):
    """An exception's form. The admin sets `user` on the class that it makes for each request."""

    user = None

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if reason := self.fields.get("reason"):
            reason.validators.append(in_words(ASK_WHY))

    def clean_text(self):
        text = self.cleaned_data["text"]
        if len(text) < SHORTEST_TEXT:
            raise forms.ValidationError(
                f"Too short: too many user agents contain it. Give at least "
                f"{SHORTEST_TEXT} characters."
            )
        return text

    def clean(self):
        try:
            refuse_own_robots(by=self.user)
        except BillingError as error:
            self.add_error(None, str(error))
        return super().clean()


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
        "There is no exception of your own: every user agent on a robot list is a robot, but for "
        "the phones and programs that are known to be people’s."
    )
    empty_list_step = "“Add robot exception” names another."

    def changelist_view(self, request, extra_context=None):
        return super().changelist_view(
            request, {"robot_lists": describe_lists(), **(extra_context or {})}
        )

    def get_form(self, request, obj=None, **kwargs):
        form = super().get_form(request, obj, **kwargs)
        form.user = request.user
        return form

    def save_model(self, request, obj, form, change):
        save_robot_exception(exception=obj, by=request.user)

    @display(description="State", label={"in_force": "success"})
    def in_force(self, exception):
        return ("in_force", "In force") if exception.is_active else ("ended", "Ended")
