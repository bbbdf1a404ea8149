"""What every admin of the back-office shares, so that no admin has to remember it.

Order of the bases: `class BlogAdmin(ExportAdmin, HistoryAdmin)`.
"""

from django.contrib import messages
from django.contrib.admin import ShowFacets
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IS_POPUP_VAR, IncorrectLookupParameters
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ERROR_FLAG, ORDER_VAR
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import PermissionDenied
from django.db.models import DateTimeField
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.text import capfirst
from import_export.admin import ExportMixin
from import_export.formats.base_formats import CSV, JSON, XLSX
from simple_history.admin import SimpleHistoryAdmin
from unfold.contrib.filters.admin import RangeDateFilter
from unfold.contrib.filters.forms import RangeDateForm

from backoffice.accounts.security_log import record_download
from backoffice.changelists import (
    DeclaredChangeList,
    could_be_pk,
    could_be_value,
    is_plain,
    list_filter_parameters,
    shorten_search,
)
from backoffice.changes import describe_version
from backoffice.days import DayField
from backoffice.empty_lists import EmptyListAdmin
from backoffice.export_form import ExportForm
from backoffice.signing import is_changed
from backoffice.trail.objects import read_object_trail

WRONG_DAY = (
    "A day of the filter can’t be read, or is not from 2000 to 2099, so the list does not go by "
    "it. Write 2026-12-31, or 31/12/2026."
)


class DayRangeForm(RangeDateForm):
    def __init__(self, name, *args, **kwargs):
        super().__init__(name, *args, **kwargs)
        for field_name, field in self.fields.items():
            self.fields[field_name] = DayField(label="", required=False, widget=field.widget)


class DayRangeFilter(RangeDateFilter):
    """From one day to another, both included, for dates and for moments in local time.

    As shipped (Unfold 0.110) days are read in American order whatever the language, and the last
    day of a range of moments ends as it begins. Its filter of moments fails in year 1.
    """

    form_class = DayRangeForm

    def queryset(self, request, queryset):
        form = self.form_class(name=self.field_path, data=self.used_parameters)
        if not form.is_valid():
            _say_once(request, WRONG_DAY)
        date = "__date" if isinstance(self.field, DateTimeField) else ""
        for bound, lookup in (("from", "gte"), ("to", "lte")):
            if day := form.cleaned_data.get(f"{self.field_path}_{bound}"):
                queryset = queryset.filter(**{f"{self.field_path}{date}__{lookup}": day})
        return queryset


def _say_once(request, text):
    """Warn of it on this page, however often a list asks its filters."""
    if not getattr(request, "was_warned_of_day", False):
        request.was_warned_of_day = True
        messages.warning(request, text)


class KeyAutocomplete(AutocompleteSelect):
    """Shows again what was chosen. As shipped (Django 6.1) a form with "x" in it is a 500."""

    def optgroups(self, name, value, attr=None):
        model = self.field.remote_field.model
        keys = [key for key in value if not key or could_be_pk(model, key)]
        return super().optgroups(name, keys, attr)


class BackofficeAdmin(EmptyListAdmin):
    """Lists that stay fast, forms that warn, and nothing that is deleted."""

    list_per_page = 25
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    list_filter_submit = True
    list_fullwidth = True
    warn_unsaved_form = True
    # The theme asks for these in each row of a list. What it does not find, it looks for in dir().
    list_sections = ()

    def has_delete_permission(self, request, obj=None):
        return False

    def get_changelist(self, request, **kwargs):
        return DeclaredChangeList

    def lookup_allowed(self, lookup, value, request):
        """Only what the filters of the list make, in their very words: see changelists."""
        return is_plain(str(value)) and lookup in list_filter_parameters(self, request)

    def get_search_results(self, request, queryset, search_term):
        return super().get_search_results(request, queryset, shorten_search(search_term))

    def changelist_view(self, request, extra_context=None):
        if ERROR_FLAG in request.GET:
            text = "This list has no such filter or page. It shows everything."
            self.message_user(request, text, messages.WARNING)
        return super().changelist_view(request, extra_context)

    def response_action(self, request, *args, **kwargs):
        keys = request.POST.getlist(ACTION_CHECKBOX_NAME)
        if all(could_be_pk(self.model, key) for key in keys):
            return super().response_action(request, *args, **kwargs)
        self.message_user(request, "This list has no such row. Choose again.", messages.WARNING)
        return None  # the list, as it is

    def get_object(self, request, object_id, from_field=None):
        if not could_be_pk(self.model, object_id):
            return None
        return super().get_object(request, object_id, from_field)

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        if object_id is not None and not could_be_pk(self.model, unquote(object_id)):
            raise Http404
        return super().changeform_view(request, object_id, form_url, extra_context)

    def history_view(self, request, object_id, extra_context=None):
        """Show what the audit trail tells of the object, with or without a history of its own."""
        instance = self.get_object(request, unquote(object_id))
        if instance is None:
            raise Http404
        if not self.has_view_permission(request, instance):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            **read_object_trail(instance, request, self.admin_site),
            "title": f"History of {instance}",
            "subtitle": None,
            "module_name": str(capfirst(self.opts.verbose_name_plural)),
            "object": instance,
            "opts": self.opts,
            "preserved_filters": self.get_preserved_filters(request),
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        is_part = "HX-Request" in request.headers  # of the object's own page
        name = "part" if is_part else "object"
        return TemplateResponse(
            request,
            f"backoffice/trail/{name}.html",
            context | {"history": request.path},
            headers={"Vary": "HX-Request"},
        )

    def render_change_form(self, request, context, *args, **kwargs):
        context["adminform"].form.reader_request = request  # see backoffice.readonly
        return super().render_change_form(request, context, *args, **kwargs)

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", KeyAutocomplete(db_field, self.admin_site))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_changeform_initial_data(self, request):
        """Leave out of what an address fills in whatever no row could have for its key."""
        initial = super().get_changeform_initial_data(request)
        return {
            name: value for name, value in initial.items() if could_be_value(self.opts, name, value)
        }

    def _get_obj_does_not_exist_redirect(self, request, opts, object_id):
        """Answer 404, where Django leads home: what is not there is not somebody's to know of."""
        raise Http404


class ReadOnlyAdmin(BackofficeAdmin):
    """Rows that other code writes: they can be read, by those who may, and no more."""

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False


class HistoryAdmin(SimpleHistoryAdmin, BackofficeAdmin):
    """A history to read. Nothing is written back through it.

    As shipped (simple-history 3.13.0) a POST to a version's page saves that version for whoever
    may view, past read-only fields and past get_queryset.
    """

    shows_versions_as_typed = False  # in the fields of the form, for long texts with formats

    def history_view(self, request, object_id, extra_context=None):
        return BackofficeAdmin.history_view(self, request, object_id, extra_context)

    def history_form_view(self, request, object_id, version_id, extra_context=None):
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        versions = self.model.history.model
        is_version = could_be_pk(versions, version_id)
        if not is_version or self.get_object(request, object_id) is None:
            raise Http404
        if not self.shows_versions_as_typed:
            version = get_object_or_404(versions, pk=version_id)
            extra_context = {"values": describe_version(version), **(extra_context or {})}
        return super().history_form_view(request, object_id, version_id, extra_context)

    def save_model(self, request, obj, form, change):
        """Save only what changed: Save without a change is no act of anybody."""
        of_many = {field.name for field in self.opts.many_to_many} & {*form.changed_data}
        request.saved_nothing = not (not change or of_many or is_changed(obj))
        if not request.saved_nothing:
            super().save_model(request, obj, form, change)

    def save_related(self, request, form, formsets, change):
        if any(formset.has_changed() for formset in formsets):
            request.saved_nothing = False
        super().save_related(request, form, formsets, change)

    def response_change(self, request, obj):
        """Say it where nothing was changed. As shipped it “was changed successfully”."""
        goes_on_here = {"_continue", "_save"} & {*request.POST} and IS_POPUP_VAR not in request.POST
        if not (getattr(request, "saved_nothing", False) and goes_on_here):
            return super().response_change(request, obj)
        text = f"Nothing was changed: “{obj}” is as it was."
        self.message_user(request, text, messages.INFO)
        if "_continue" in request.POST:
            return HttpResponseRedirect(request.get_full_path())
        return self.response_post_save_change(request, obj)


class ExportAdmin(ExportMixin, BackofficeAdmin):
    """Export for those who hold the model's own export permission. Set `resource_classes`."""

    export_form_class = ExportForm
    formats = [CSV, XLSX, JSON]

    def export_action(self, request):
        try:
            return super().export_action(request)
        except IncorrectLookupParameters:
            opts = self.opts
            url = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
            return HttpResponseRedirect(f"{url}?{ERROR_FLAG}=1")

    def init_request_context_data(self, request, form):
        opts, query = self.opts, request.GET.copy()
        query.pop(ERROR_FLAG, None)
        url = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
        return super().init_request_context_data(request, form) | {
            "title": f"Export {opts.verbose_name_plural}",
            "list_url": f"{url}?{query.urlencode()}" if query else url,
            "is_narrowed": any(query[name] for name in query if name != ORDER_VAR),
        }

    def _do_file_export(self, file_format, request, queryset, export_form=None):
        """Hand out the file, and note in the trail who took which, with its SHA-256."""
        response = super()._do_file_export(file_format, request, queryset, export_form)
        name = self.get_export_filename(request, queryset, file_format)
        what = f"{capfirst(self.opts.verbose_name_plural)}, {name}"
        count = queryset.count()
        record_download(name=what, content=response.content, by=request.user, count=count)
        return response

    def get_export_queryset(self, request):
        queryset = super().get_export_queryset(request)
        related = self.get_list_select_related(request)
        return queryset.select_related(*related) if related else queryset
