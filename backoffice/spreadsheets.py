"""Keeps spreadsheets from taking cells for formulas (OWASP ASVS 5.0, 1.2.10)."""

from import_export import resources, widgets

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0")
GUARDED_STARTS = (*FORMULA_STARTS, "'")


def guard_cell(value):
    """Put a quote before text that would start a formula. Return anything else unchanged.

    Only str changes, so a number stays a number. Text that starts with a quote gets another one, so
    that unguard_cell restores every title exactly.
    """
    if isinstance(value, str) and value.startswith(GUARDED_STARTS):
        return f"'{value}"
    return value


def unguard_cell(value):
    """Undo guard_cell. Keep a quote that it would not have put there: 'Tis the season."""
    if isinstance(value, str) and value.startswith("'") and value[1:].startswith(GUARDED_STARTS):
        return value[1:]
    return value


class GuardedResource(resources.ModelResource):
    """The base of every import-export resource. Each one lists its fields."""

    class Meta:
        clean_model_instances = True
        skip_unchanged = True
        report_skipped = True
        use_bulk = False

    def export_field(self, field, instance, **kwargs):
        value = super().export_field(field, instance, **kwargs)
        return value if isinstance(field.widget, widgets.NumberWidget) else guard_cell(value)
