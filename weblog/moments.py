"""Moments and durations in words."""

import datetime as dt

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timesince import timesince


def format_moment(moment: dt.datetime) -> str:
    """Return day and time in the site's time zone."""
    return date_format(timezone.localtime(moment), "DATETIME_FORMAT")


def format_wait(since: dt.datetime) -> str:
    """Return how long something has waited, roughly: "3 days"."""
    if timezone.now() - since < dt.timedelta(minutes=1):
        return "less than a minute"
    return timesince(since, depth=1)
