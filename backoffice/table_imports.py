"""Import and export of a model's rows as tables: the page, and the base of admins that have it."""

import hashlib
import json

from django import forms
from django.db import transaction
from django.urls import path
from django.utils.functional import cached_property
from import_export.results import RowResult

from backoffice.base_admin import ExportAdmin
from backoffice.dialogs import ReasonField
from backoffice.import_pages import SHOWN, ImportView
from backoffice.resources import MOST_SECONDS
from backoffice.table_cells import MOST_ROWS
from backoffice.tables import TableRefused, read_table
from backoffice.uploads import keep_upload, open_upload

MOST_EFFECTS = 200  # as many rows that ask why as one file may have: a person reads them all


class AnswerForm(forms.Form):
    answer = ReasonField(
        label="Why?",
        max_length=500,
        missing="Say why, and import the file again.",
        help_text="Kept in the history of each of these rows, beside the change.",
    )


class OtherEffects(Exception):
    """What would follow is not what the page showed."""


class TableImportView(ImportView):
    """Imports CSV, XLSX or JSON into the rows of the admin's first resource."""

    template_name = "backoffice/table_import.html"

    @cached_property
    def answer_form(self):
        """The reason for rows with effects, once the page has asked for it."""
        return AnswerForm(self.request.POST if self.request.POST.get("seen") else None)

    @property
    def title(self):
        return f"Import {self.model_admin.opts.verbose_name_plural}"

    def look(self, file, file_name):
        table, resource = self.read(file, file_name)
        result = _import(table, resource, dry_run=True)
        problems = list(_describe_problems(table, result))
        rows = [
            (number, row)
            for number, row in zip(table.numbers, result.rows, strict=False)
            if row.changes
        ]
        asking = _list_asking(table, result)
        return {
            "problems": problems[:SHOWN],
            "problem_count": len(problems),
            "totals": _count(result),
            "rows": rows[:SHOWN],
            "row_count": len(rows),
            "asking": asking,
            "seen": _digest(asking),
            "may_import": not problems,
        }

    def confirm(self):
        """Import the file. Rows with effects need a reason, and to be those that were shown."""
        if self.request.POST.get("seen") and not self.answer_form.is_valid():
            return self.look_again()
        try:
            return super().confirm()
        except OtherEffects:
            waiting = self.request.session[self.session_key]
            with open_upload(
                waiting["name"], sha256=waiting["sha256"], by=self.request.user
            ) as file:
                found = self.look(file, waiting["file_name"])
            return self.show(form=self.form_class(), waiting=waiting, is_other=True, **found)

    def run(self, file, file_name):
        table, resource = self.read(file, file_name)
        with transaction.atomic():
            result = _import(table, resource, dry_run=False)
            if problem := next(_describe_problems(table, result), None):
                where, what = problem
                raise TableRefused(f"Nothing was imported. {where}: {what}")
            if _digest(_list_asking(table, result)) != self.request.POST.get("seen", ""):
                self._keep_again(file)
                raise OtherEffects
        totals = _count(result)
        return (
            f"{file_name}: {totals['new']:,} new, {totals['update']:,} changed, "
            f"{totals['skip']:,} as they were."
        )

    def _keep_again(self, file):
        """Keep the file for another preview: confirming has taken it."""
        file.seek(0)
        name, sha256 = keep_upload(chunks=file, by=self.request.user)
        waiting = self.request.session[self.session_key] | {"name": name, "sha256": sha256}
        self.request.session[self.session_key] = waiting

    def read(self, file, file_name):
        """Return the table, and the resource that imports it. Takes seconds and writes nothing."""
        table = read_table(file)
        resource = self.model_admin.resource_classes[0](
            user=self.request.user,
            reason=f"Imported from {file_name}",
            answer=self.answer_form.cleaned_data["answer"] if self.answer_form.is_valid() else "",
        )
        resource.prepare(table.dataset)
        return table, resource

    def show(self, **context):
        resource = self.model_admin.resource_classes[0]()
        fields = resource.get_import_fields()
        context |= {
            "columns": [field.column_name for field in fields if not field.readonly],
            "exported_only": [field.column_name for field in fields if field.readonly],
            "key": resource.get_import_id_fields()[0],
            "most_rows": f"{MOST_ROWS:,}",
            "most_seconds": MOST_SECONDS,
            "note": self.model_admin.import_note,
            "answer_form": self.answer_form,
        }
        return super().show(**context)


def _import(table, resource, *, dry_run):
    return resource.import_data(
        table.dataset,
        dry_run=dry_run,
        use_transactions=True,
        rollback_on_validation_errors=True,
        retain_instance_in_row_result=True,
    )


def _list_asking(table, result):
    rows = zip(table.numbers, result.rows, strict=False)
    return [(number, row) for number, row in rows if row.effects]


def _digest(asking):
    """Return a digest of what rows with effects change, as shown, or "" if there are none."""
    if not asking:
        return ""
    told = json.dumps([[number, row.name, row.changes] for number, row in asking])
    return hashlib.sha256(told.encode(errors="surrogatepass")).hexdigest()


def _count(result):
    names = (RowResult.IMPORT_TYPE_NEW, RowResult.IMPORT_TYPE_UPDATE, RowResult.IMPORT_TYPE_SKIP)
    return {name: result.totals[name] for name in names}


def _describe_problems(table, result):
    """Yield (where, what) of each problem, so that a person can fix it."""
    for error in result.base_errors:
        yield "Row 1", " ".join(getattr(error.error, "messages", [str(error.error)]))
    if result.base_errors:
        return
    for number, row in zip(table.numbers, result.rows, strict=True):
        for error in row.errors:
            yield f"Row {number}", str(error.error)
        if row.validation_error is None:
            continue
        for column, texts in row.validation_error.update_error_dict({}).items():
            where = f"Row {number}" if column == "__all__" else f"Row {number}, {column}"
            for text in texts:
                yield where, " ".join(text.messages)
    asking = _list_asking(table, result)
    if len(asking) > MOST_EFFECTS:
        number, _ = asking[MOST_EFFECTS]
        yield (
            f"Row {number}",
            f"More than {MOST_EFFECTS} rows need a reason that a person has read them for. "
            "Split the file.",
        )


class ImportAdmin(ExportAdmin):
    """Import and export, each for holders of the model's own permission for it.

    The first of `resource_classes` is an ImportedResource.
    """

    import_export_change_list_template = "admin/import_export/change_list_import_export.html"
    import_note = ""

    def has_import_permission(self, request):
        return request.user.has_perm(f"{self.opts.app_label}.import_{self.opts.model_name}")

    def get_urls(self):
        view = TableImportView.as_page(self, guard=self.guard_import)
        name = f"{self.opts.app_label}_{self.opts.model_name}_import"
        return [path("import/", view, name=name), *super().get_urls()]

    def guard_import(self, view):
        """Return the view with a further condition, if the import needs more than a permission."""
        return view

    def changelist_view(self, request, extra_context=None):
        extra_context = {"has_import_permission": self.has_import_permission(request)} | (
            extra_context or {}
        )
        return super().changelist_view(request, extra_context)
