"""HTML that is clean wherever it comes from: a form, an import, a fixture, a shell."""

from django.core.exceptions import ValidationError
from django.db import models

from weblog.errors import TextRefused
from weblog.html import clean_html


def validate_html(value: str) -> None:
    try:
        clean_html(value)
    except TextRefused as error:
        raise ValidationError(str(error)) from error


class CleanHTMLField(models.TextField):
    """A TextField of HTML that is cleaned on the way to its table.

    Not in pre_save, which loaddata and update() do not call. What can't be cleaned is told to
    whoever fills in a form, and stops everybody else: TextRefused.
    """

    default_validators = [validate_html]

    def formfield(self, **kwargs):
        # In the form as well, whose own checks compare the text before the model's are asked.
        return super().formfield(**{"validators": [validate_html], **kwargs})

    def get_db_prep_save(self, value, connection):
        if isinstance(value, str):
            value = clean_html(value)
        return super().get_db_prep_save(value, connection)
