"""The base of all tables that can be imported, and the table of accounts."""

import time

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from import_export import fields, widgets
from import_export.results import RowResult

from backoffice.accounts.pseudonyms import find_pseudonyms
from backoffice.accounts.rights import find_guarded_people
from backoffice.spreadsheets import GuardedResource

MOST_SECONDS = 4  # of a processor, for looking at a table or importing it; thrice by the clock
MOST_PROBLEMS = 50  # as many as a page lists


class ImportedRow(RowResult):
    """The result of a row. `changes` are (column, old, new); `name` is that of the row's object.

    `effects` are sentences on what follows from it beyond the table: whoever confirms says why.
    """

    name = ""
    changes = ()
    effects = ()


class ImportedResource(GuardedResource):
    """The base of resources whose exported rows can be imported again.

    Columns that are only exported have a readonly field. `user` and `reason` go into the history of
    each saved object, with `answer` where a row has effects, for which somebody was asked why.
    `stopped` says why an import looked at no more rows; it changes nothing then.
    """

    stopped = ""

    class Meta(GuardedResource.Meta):
        store_instance = True
        skip_html_diff = True

    def __init__(self, *, user=None, reason="", answer="", **kwargs):
        super().__init__(**kwargs)
        self.user = user
        self.reason = reason
        self.answer = answer

    @classmethod
    def get_row_result_class(cls):
        return ImportedRow

    def prepare(self, dataset):
        """Work out beforehand what takes long: others may wait while `import_data` writes."""

    def import_data(self, dataset, **kwargs):
        self._started, self._began = time.thread_time(), time.monotonic()
        self._problems, self.stopped = 0, ""
        return super().import_data(dataset, **kwargs)

    def import_row(self, row, instance_loader, **kwargs):
        """Import the row, or say once why this one and the rest are not looked at."""
        if self.stopped:
            result = ImportedRow()
            result.import_type = RowResult.IMPORT_TYPE_SKIP
        elif reason := self._find_stop(kwargs["row_number"] - 1):
            self.stopped = reason
            result = ImportedRow()
            result.import_type = RowResult.IMPORT_TYPE_INVALID
            result.validation_error = ValidationError(reason)
        else:
            result = super().import_row(row, instance_loader, **kwargs)
            self._problems += bool(result.errors or result.validation_error)
        return result

    def _find_stop(self, rows):
        if self._problems >= MOST_PROBLEMS:
            return f"From here on nothing was looked at: {MOST_PROBLEMS} rows have problems."
        used, waited = time.thread_time() - self._started, time.monotonic() - self._began
        if used >= MOST_SECONDS or waited >= 3 * MOST_SECONDS:
            return (
                f"From here on nothing was looked at: the {rows:,} rows before took "
                f"{MOST_SECONDS} seconds, and one table may take no more. Split it."
            )
        return ""

    def before_import(self, dataset, **kwargs):
        known = [field.column_name for field in self.get_import_fields()]
        if unknown := [name for name in dataset.headers if name not in known]:
            raise ValidationError(
                f"There is no column “{unknown[0]}”. The columns are {', '.join(known)}."
            )
        if missing := [name for name in self.get_import_id_fields() if name not in dataset.headers]:
            raise ValidationError(f"The column {missing[0]} is missing: it tells the rows apart.")

    def get_read_fields(self):
        """Return the fields that an import writes."""
        return [field for field in self.get_import_fields() if not field.readonly]

    def describe_effects(self, instance):
        """Return sentences on what follows from a row that is about to be saved."""
        return []

    def before_import_row(self, row, **kwargs):
        self._effects = []
        for column, text in row.items():
            if problem := describe_unstorable(text):
                raise ValidationError({column: problem})

    def after_init_instance(self, instance, new, row, **kwargs):
        """Note the values that a save overwrites. Only many-to-many values leave no other copy."""
        self._many_before = {
            field.column_name: "" if new else field.export(instance)
            for field in self.get_read_fields()
            if isinstance(field.widget, widgets.ManyToManyWidget)
        }

    def before_save_instance(self, instance, row, **kwargs):
        self._effects = self.describe_effects(instance)
        instance._history_user = self.user
        why = f"{self.reason}: {self.answer}" if self._effects and self.answer else self.reason
        instance._change_reason = why

    def after_import_row(self, row, row_result, **kwargs):
        """Keep what the preview shows, and release the instances."""
        instance, original = row_result.instance, row_result.original
        row_result.name, row_result.changes = str(instance), []
        if not row_result.is_skip():
            for field in self.get_read_fields():
                old = "" if original is None else field.export(original)
                old = self._many_before.get(field.column_name, old)
                if old != (new := field.export(instance)):
                    row_result.changes.append((field.column_name, old, new))
        row_result.effects = self._effects
        row_result.instance = row_result.original = None


def describe_unstorable(text: str) -> str:
    """Return the part of `text` that no database stores, in words, or ""."""
    if "\0" in text:
        return "There is a NUL character in it. Remove it."
    try:
        text.encode()
    except UnicodeEncodeError:
        return "There is half a character (a lone surrogate) in it. Remove it."
    return ""


TWO_PEOPLE = (
    "This account holds rights over money or accounts: change it on its page in the admin, where "
    "another administrator confirms it."
)


class ActiveWidget(widgets.BooleanWidget):
    def clean(self, value, row=None, **kwargs):
        active = super().clean(value, row, **kwargs)
        if active is None:
            raise ValueError("Write 1 for an active account and 0 for one that can't sign in.")
        return active


class UserResource(ImportedResource):
    """Accounts without their rights. A new account is inactive and has no password and no role."""

    active = fields.Field("is_active", "active", ActiveWidget())

    class Meta(ImportedResource.Meta):
        model = User
        import_id_fields = ["username"]
        fields = ["username", "first_name", "last_name", "email", "active"]
        export_order = import_order = fields

    def before_import(self, dataset, **kwargs):
        super().before_import(dataset, **kwargs)
        self._guarded = {user.pk: user for user in find_guarded_people()}
        self._pseudonyms = find_pseudonyms()

    def after_init_instance(self, instance, new, row, **kwargs):
        super().after_init_instance(instance, new, row, **kwargs)
        if new:
            instance.is_active = False
            instance.set_unusable_password()

    def before_save_instance(self, instance, row, **kwargs):
        super().before_save_instance(instance, row, **kwargs)
        if instance.pk in self._pseudonyms:
            raise ValidationError("This account was anonymised: it stays as it is, for good.")
        if instance._state.adding and instance.is_active:
            raise ValidationError(
                {"active": "A new account is inactive: write 0, and activate it in the admin."}
            )
        if instance == self.user and not instance.is_active:
            raise ValidationError({"active": "That is you. Let somebody else deactivate you."})
        stored = self._guarded.get(instance.pk)
        if stored is None or settings.SINGLE_ADMINISTRATOR:
            return
        if instance.is_active and not stored.is_active:
            raise ValidationError({"active": TWO_PEOPLE})
        if instance.email != stored.email and stored != self.user:
            raise ValidationError({"email": TWO_PEOPLE})
