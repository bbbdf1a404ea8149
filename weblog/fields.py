"""HTML that is clean wherever it comes from: a form, an import, a fixture, a shell."""

from django.db import models

from weblog.html import clean_html


class CleanHTMLField(models.TextField):
    """A TextField of HTML that is cleaned on the way to its table.

    Not in pre_save, which loaddata and update() do not call.
    """

    def get_db_prep_save(self, value, connection):
        if isinstance(value, str):
            value = clean_html(value)
        return super().get_db_prep_save(value, connection)
