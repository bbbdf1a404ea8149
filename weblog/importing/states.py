"""Whether a post of Markdown is published, and when, by what stands in it. Imports no Django.

Only what is understood counts. Anything else is a problem of that post: a draft must not become
public because its flag was written in an unknown way.
"""

import datetime as dt
import re
from email.utils import parsedate_to_datetime
from pathlib import PurePosixPath

# YAML 1.1, which Jekyll, Hugo before 0.60 and Eleventy read; YAML 1.2 has but true and false.
TRUE = {"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"}
FALSE = {"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"}

# True in one of these holds a post back, as False does in one of the others.
HOLDS_IF_TRUE = (
    *("draft", "isdraft", "is_draft", "private", "hidden", "unlisted", "unpublished", "headless"),
    *("eleventyexcludefromcollections", "noindex_draft", "trashed", "deleted", "protected"),
)
HOLDS_IF_FALSE = ("published", "publish", "ispublished", "is_published", "public", "listed", "live")
SAYS = {
    "published": {"published", "publish", "live", "public", "active", "done", "final"},
    "scheduled": {"scheduled", "future"},
    "in review": {"pending", "in review", "in-review", "in_review", "review"},
    "draft": {"draft", "private", "hidden", "unpublished", "unlisted", "skip", "idea", "wip"},
    "archived": {"archived", "archive", "expired"},
}
STATUS_FIELDS = ("status", "state", "post_status", "visibility")
DATES = ("date", "created", "created_at", "createdat", "date_created", "postdate", "post_date")
RELEASES = (
    *("publishdate", "pubdate", "published", "publish_date", "publish_at", "publishat"),
    *("publishedat", "published_at", "publisheddate", "published_date", "publish-date"),
    *("publishedon", "published_on", "date_published", "datepublished", "releasedate"),
    *("scheduled", "scheduled_at"),
)
EXPIRIES = ("expirydate", "unpublishdate", "expiry_date", "expires", "expire", "expirationdate")
DRAFT_FOLDERS = {"_drafts", "drafts", "_draft", "_trash", ".trash", "_unpublished"}

DATE_LIKE = re.compile(r"\d{4}-\d|\d{4}/\d|\d{1,2} [A-Za-z]|[A-Za-z]{3,9},? \d")
SLASHES = re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})\b")
SHORT_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?=\D|\Z)")
UTC_NAME = re.compile(r" ?(?:UTC|GMT|Z)\Z", re.IGNORECASE)
WORDED = (
    *("%b %d %Y", "%b %d, %Y", "%B %d %Y", "%B %d, %Y", "%d %b %Y", "%d %B %Y", "%d %b, %Y"),
    *("%A, %B %d, %Y", "%a %b %d %Y", "%Y %b %d", "%b %d, %Y %H:%M", "%B %d, %Y %H:%M"),
)


def read_boolean(text: str) -> bool | None:
    """Return what a value of YAML says; None if that is neither true nor false."""
    return True if text in TRUE else False if text in FALSE else None


def read_state(values: dict, path: str) -> tuple[str, list[str]]:
    """Return published, scheduled, in review, archived or draft, and the problems with it."""
    states, problems = [], []
    for name in (*HOLDS_IF_TRUE, *HOLDS_IF_FALSE):
        if name in values and not (name in RELEASES and is_date_like(values[name])):
            said = read_boolean(values[name]) if isinstance(values[name], str) else None
            if said is None:
                problems.append(f"{name}: “{_show(values[name])}” is neither true nor false.")
            elif said is (name in HOLDS_IF_TRUE):
                states.append("draft")
    for name in STATUS_FIELDS:
        if name in values:
            word = values[name].strip().lower() if isinstance(values[name], str) else ""
            state = next((state for state, words in SAYS.items() if word in words), None)
            if state is None:
                problems.append(f"{name}: “{_show(values[name])}” is not known.")
            else:
                states.append(state)
    if values.get("password") or values.get("permalink") == "false" or _is_not_built(values):
        states.append("draft")
    parts = PurePosixPath(path.lower()).parts
    if DRAFT_FOLDERS.intersection(parts[:-1]) or parts[-1].startswith("_"):
        states.append("draft")
    order = ("draft", "in review", "archived", "scheduled")
    return next((state for state in order if state in states), "published"), problems


def _is_not_built(values):
    """Whether Hugo is told to make no page of it (_build, from 0.145 on build)."""
    for name in ("_build", "build"):
        told = values.get(name)
        if isinstance(told, dict) and told.get("render") in ("never", *FALSE):
            return True
    return False


def is_date_like(value) -> bool:
    return isinstance(value, str) and DATE_LIKE.match(value.strip()) is not None


def pick_dates(values: dict) -> list[tuple[str, str]]:
    """Return (name, text) of the dates from which a post may be public; the latest counts."""
    found: list[tuple[str, str]] = []
    for name in (*DATES, *RELEASES):
        value = values.get(name)
        if name in HOLDS_IF_FALSE and not is_date_like(value):
            continue
        if value in (None, ""):
            continue
        if name in DATES[1:] and found:
            continue
        found.append((name, value if isinstance(value, str) else _show(value)))
    return found


def normalise_date(text: str) -> str:
    """Return a date as ISO 8601 writes it where its meaning is plain, and else as it is."""
    text = " ".join(text.split())
    text = SLASHES.sub(r"\1-\2-\3", text, count=1)
    text = UTC_NAME.sub("Z", text) if text[:1].isdigit() and "-" in text[:6] else text
    if matched := SHORT_DAY.match(text):
        return f"{matched[1]}-{matched[2]:0>2}-{matched[3]:0>2}{text[matched.end() :]}"
    for form in WORDED:
        try:
            found = dt.datetime.strptime(text, form)
        except ValueError:
            continue
        return found.isoformat() if "%H" in form else found.date().isoformat()
    try:
        return parsedate_to_datetime(text).isoformat()
    except ValueError:
        return text


def _show(value):
    return str(value)[:60]
