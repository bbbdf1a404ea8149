"""A field that cleans HTML from every source: form, import, fixture, shell."""

from django.core.exceptions import ValidationError
from django.db import models

from weblog.errors import TextRefused
from weblog.html.bounded import clean_html


def validate_html(value: str) -> None:
    try:
        clean_html(value)
    except TextRefused as error:
        raise ValidationError(str(error)) from error


class CleanHTMLField(models.TextField):
    """A TextField of HTML that is cleaned on the way to its table.

    It does not use pre_save, which loaddata and update() skip. For HTML that can't be cleaned a
    form shows an error; other writers get TextRefused.
    """

    default_validators = [validate_html]

    def formfield(self, **kwargs):
        # Clean in the form too, because its own checks compare the text before the model's checks
        # run.
        return super().formfield(**{"validators": [validate_html], **kwargs})

    def get_db_prep_save(self, value, connection):
        if isinstance(value, str):
            value = str(clean_html(value))  # its own type says nothing to a database
        return super().get_db_prep_save(value, connection)
