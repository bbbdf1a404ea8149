"""Days that a person types into a form."""

import datetime as dt

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator

FIRST_DAY, LAST_DAY = dt.date(2000, 1, 1), dt.date(2099, 12, 31)


class DayField(forms.DateField):
    """A day from 2000 to 2099: in years 1 and 9999, midnight overflows in some time zones."""

    default_validators = [MinValueValidator(FIRST_DAY), MaxValueValidator(LAST_DAY)]
