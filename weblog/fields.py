"""HTML that is clean wherever it comes from: a form, an import, a fixture, a shell."""

import nh3
from django.db import models


class CleanHTMLField(models.TextField):
    """A TextField of HTML that drops scripts, styles and event handlers on the way to its table.

    Not in pre_save, which loaddata and update() do not call.
    """

    def get_db_prep_save(self, value, connection):
        if isinstance(value, str):
            value = nh3.clean(value)
        return super().get_db_prep_save(value, connection)
