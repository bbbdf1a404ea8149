"""Whether a post of Markdown is published, and when, by what stands in it. Imports no Django.

Only what is understood counts. Anything else is a problem of that post: a draft must not become
public because its flag was written in an unknown way.
"""

import datetime as dt
import re
from collections.abc import Collection
from email.utils import parsedate_to_datetime
from pathlib import PurePosixPath
from typing import Any

# YAML 1.1, which Jekyll, Hugo before 0.60 and Eleventy read; YAML 1.2 has but true and false.
TRUE = {"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"}
FALSE = {"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"}

# Names of values, without the signs between their words: publish_on is publishOn and publish-on.
# True in one of these holds a post back, as False does in one of the others.
HOLDS_IF_TRUE = {
    *("draft", "isdraft", "draftmode", "private", "isprivate", "hidden", "ishidden", "unlisted"),
    *("isunlisted", "unpublished", "isunpublished", "headless", "eleventyexcludefromcollections"),
    *("noindexdraft", "trashed", "deleted", "protected", "wip", "embargoed", "ignored"),
}
HOLDS_IF_FALSE = {
    *("published", "publish", "ispublished", "public", "ispublic", "listed", "live", "islive"),
    *("render", "routable", "visible", "isvisible", "enabled", "isenabled", "active", "isactive"),
    "dgpublish",  # of Obsidian
}
SAYS = {
    "published": {"published", "publish", "live", "public", "active", "done", "final"},
    "scheduled": {"scheduled", "future"},
    "in review": {"pending", "in review", "in-review", "in_review", "review"},
    "draft": {"draft", "private", "hidden", "unpublished", "unlisted", "skip", "idea", "wip"},
    "archived": {"archived", "archive", "expired"},
}
STATUS_FIELDS = {
    *("status", "state", "poststatus", "publishstatus", "publishingstatus", "publicationstatus"),
    *("contentstatus", "visibility"),
}
DATES = ("date", "created", "createdat", "datecreated", "createdate", "postdate")
RELEASES = {
    *("pubdate", "pubdatetime", "pubtime", "publishdate", "publishdatetime", "publishtime"),
    *("publishat", "publishon", "published", "publishedat", "publishedon", "publisheddate"),
    *("publisheddatetime", "publishedtime", "publishfrom", "datepublished", "datepublish"),
    *("publicationdate", "publicationdatetime", "dateofpublication", "posted", "postedat"),
    *("postedon", "dateposted", "releasedate", "releaseat", "releaseon", "releasedat"),
    *("releasedon", "scheduled", "scheduledat", "scheduledfor", "scheduledate", "scheduleddate"),
    *("schedule", "embargo", "embargodate", "embargountil", "embargoeduntil", "golive"),
    *("golivedate", "goliveat", "liveat", "livedate", "livefrom", "availablefrom", "visiblefrom"),
}
EXPIRIES = {
    *("expiry", "expirydate", "expires", "expiresat", "expireson", "expire", "expireat"),
    *("expireon", "expiredate", "expirationdate", "expiration", "unpublishdate", "unpublishat"),
    *("unpublishon", "dateunpublish", "archiveat", "archiveon", "archivedate", "removeat"),
    *("availableuntil", "visibleuntil", "publishuntil", "publisheduntil", "liveuntil"),
}
# Names of all values that say whether and from when a post is public.
OF_STATE = HOLDS_IF_TRUE | HOLDS_IF_FALSE | STATUS_FIELDS | RELEASES | EXPIRIES
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


def is_false(value: Any) -> bool:
    """Whether a value says no; Eleventy's permalink may be a list or several addresses, too."""
    return isinstance(value, str) and value in FALSE


def join_words(name: str) -> str:
    """Return the name of a value in one form: publish_on, publish-on and publishOn are one."""
    return re.sub(r"[-_. ]", "", name.lower())


def find_fields(values: dict, names: Collection[str]) -> list[tuple[str, Any]]:
    """Return (name, value) of the values with one of these names, however its words are joined."""
    return [(name, value) for name, value in values.items() if join_words(name) in names]


def read_state(values: dict, path: str) -> tuple[str, list[str]]:
    """Return published, scheduled, in review, archived or draft, and the problems with it."""
    states, problems = [], []
    for name, value in find_fields(values, HOLDS_IF_TRUE | HOLDS_IF_FALSE):
        if not (join_words(name) in RELEASES and is_date_like(value)):
            said = read_boolean(value) if isinstance(value, str) else None
            if said is None:
                problems.append(f"{name}: “{_show(value)}” is neither true nor false.")
            elif said is (join_words(name) in HOLDS_IF_TRUE):
                states.append("draft")
    for name, value in find_fields(values, STATUS_FIELDS):
        word = value.strip().lower() if isinstance(value, str) else ""
        state = next((state for state, words in SAYS.items() if word in words), None)
        if state is None:
            problems.append(f"{name}: “{_show(value)}” is not known.")
        else:
            states.append(state)
    if values.get("password") or is_false(values.get("permalink")) or _is_not_built(values):
        states.append("draft")
    if _is_place_of_drafts(path):
        states.append("draft")
    order = ("draft", "in review", "archived", "scheduled")
    return next((state for state in order if state in states), "published"), problems


def _is_place_of_drafts(path):
    """Whether it lies in a folder of drafts, or has the name of one: _post.md, post.draft.md."""
    *folders, name = PurePosixPath(path.lower()).parts
    return bool(DRAFT_FOLDERS.intersection(folders)) or name[0] == "_" or ".draft." in name


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
    pairs = list(_spread_dates(values))
    made = [pair for name in DATES for pair in pairs if join_words(pair[0]) == name and pair[1]]
    found = made[:1]  # the first of them tells
    for name, value in pairs:
        if not value or join_words(name) not in RELEASES:
            continue
        if join_words(name) not in HOLDS_IF_FALSE or is_date_like(value):
            found.append((name, value))
    return [(name, value if isinstance(value, str) else _show(value)) for name, value in found]


def _spread_dates(values):
    """Yield (name, value), and of several dates under one name (MkDocs) each that is known."""
    for name, value in values.items():
        inner = isinstance(value, dict) and join_words(name) in DATES
        known = find_fields(value, {*DATES, *RELEASES}) if inner else []
        yield from known or [(name, value)]


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
