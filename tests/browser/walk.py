"""Each page that each role may open, by the URL conf, on rows that the database has."""

import re
from hashlib import sha256
from itertools import islice
from typing import NamedTuple

from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import FieldDoesNotExist
from django.test import Client
from django.urls import NoReverseMatch, reverse

from backoffice.accounts import urls as accounts
from backoffice.accounts.models import SecurityEvent
from backoffice.trail.views import SECURITY
from tests.doors import ROWS, url_names
from tests.factories import make_user
from weblog import urls as weblog
from weblog.models import Blog

ROLES = ["Administrators", "Finance", "Approvers", "Auditors", "Editors", "Authors", "No role"]
READERS = "Readers"  # who are not signed in
# A picture of each of these looks unlike the others.
STATES = ["status", "state", "kind", "outcome"]
MOST_ROWS = 8
# What is another in each answer though the page is the same: tokens, and who looks at it.
ALWAYS_NEW = re.compile(r'(csrfmiddlewaretoken" value="|data-key="|nonce=")[^"]*')


class Page(NamedTuple):
    name: str
    url: str
    is_dialog: bool
    is_refused: bool
    looks: str  # the same for two pages that show the same
    body: bytes
    headers: dict[str, str]


def find_person(role):
    """Return who shows a role's pages: the first of the demo's people who has it."""
    if role == READERS:
        return None
    if role == "No role":
        return User.objects.filter(username="no.role").first() or make_user("no.role")
    if role == "Administrators":
        return User.objects.filter(is_superuser=True).order_by("pk").first()
    return User.objects.filter(groups__name=role, is_active=True).order_by("pk").first()


def list_pages(role, only="", most_rows=MOST_ROWS):
    """Return the pages of a role. Nothing is written: each is asked for by GET.

    `only` is an expression for their names. Of a table without states they are of `most_rows`.
    """
    client = Client(headers={"accept-language": "en"})
    person = find_person(role)
    if person:
        client.force_login(person)
    pages = {}
    for name, addresses in list_addresses(most_rows) if person else list_open_addresses():
        asked = [one for one in addresses if re.search(only, f"{name}{one[0]}")]
        found = [page for one in asked if (page := _open(client, person, name, *one))]
        if found and found[0].is_dialog:  # one will do: that which has nothing against it
            found = sorted(found, key=lambda page: page.is_refused)[:1]
        elif name.endswith("history"):
            found = found[:1]
        for page in found:
            pages.setdefault(page.looks, page)
    return list(pages.values())


def list_addresses(most_rows):
    """Yield each page's name and {state: address} of the rows that it can be opened on."""
    for name, arguments in url_names(admin.site.get_urls()):
        if name == "app_list":
            labels = sorted({model._meta.app_label for model in admin.site._registry})
            yield name, [(f"-{label}", reverse("admin:app_list", args=[label])) for label in labels]
        elif not arguments:
            yield name, [("", reverse(f"admin:{name}"))]
        elif name == "backoffice_audittrail_entry":
            event = SecurityEvent.objects.latest("pk")
            yield name, [("", reverse(f"admin:{name}", args=[f"{SECURITY}:{event.pk}"]))]
        else:
            app_label, model_name, _ = name.split("_", 2)
            model = apps.get_model(ROWS.get(name) or f"{app_label}.{model_name}")
            yield name, list(_list_rows(name, model, arguments, most_rows))
    for pattern in accounts.urlpatterns:
        if pattern.name.startswith("password_reset") or pattern.name == "admin_password_reset":
            continue  # for those who are not signed in
        try:
            yield pattern.name, [("", reverse(pattern.name))]
        except NoReverseMatch:  # asks for a token out of a mail
            continue


def list_open_addresses():
    """Yield the same of the pages for readers, and of those that lead into the admin."""
    blog = Blog.objects.live().order_by("pk").first()
    keys = {"blog_detail": blog.slug, "category_blogs": blog.category.slug}
    for pattern in weblog.urlpatterns:
        arguments = [keys.get(pattern.name, blog.author_id)] if _asks(pattern) else []
        if pattern.name not in ("picture", "sitemap_section"):
            yield pattern.name, [("", reverse(f"weblog:{pattern.name}", args=arguments))]
    yield "login", [("", reverse("admin:login"))]
    for pattern in accounts.urlpatterns:
        if pattern.name.startswith("password_reset") and not _asks(pattern):
            yield pattern.name, [("", reverse(pattern.name))]


def _asks(pattern):
    return bool(pattern.pattern.regex.groups)


def _list_rows(name, model, arguments, most_rows):
    for state, row in _choose_rows(model, most_rows):
        pks = [row.pk]
        if arguments > 1:
            pks += [version.history_id for version in row.history.all()[:1]]
        if len(pks) == arguments:
            yield state, reverse(f"admin:{name}", args=pks)


def _choose_rows(model, most_rows):
    rows = model._default_manager.order_by("-pk")
    fields = [field for field in STATES if _has_field(model, field)]
    for field in fields[:1]:
        for value in islice(rows.order_by(field).values_list(field, flat=True).distinct(), 9):
            if row := rows.filter(**{field: value}).first():
                yield f"-{value or 'none'}", row
    if not fields:
        yield from (("", row) for row in rows[:most_rows])


def _has_field(model, name):
    try:
        return not model._meta.get_field(name).is_relation
    except FieldDoesNotExist:
        return False


def _open(client, person, name, state, url):
    response = client.get(url)
    is_page = response.status_code == 200 and response["Content-Type"].startswith("text/html")
    if not is_page or response.streaming:
        return None
    html = response.content.decode()
    is_dialog = 'id="dialog"' in html and "<html" not in html
    if not is_dialog and "<html" not in html:
        return None
    shown = html.partition('id="main"')[2] or html
    for own in (person.email, person.get_full_name(), person.username) if person else ():
        shown = shown.replace(own, "") if own else shown
    looks = sha256(ALWAYS_NEW.sub("", shown).encode()).hexdigest()
    return Page(
        name=f"{name}{state}",
        url=url,
        is_dialog=is_dialog,
        is_refused='role="alert"' in html,
        looks=looks,
        body=response.content,
        headers=dict(response.items()),
    )


def give_session(context, person, url):
    """Sign a person in, in a browser's context."""
    client = Client()
    client.force_login(person)
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": url}])


def show(page, url, shown):
    """Open a page of the walk; a dialog over the page of what it is about, as its button does.

    The browser is given what the walk has read, so that each page is rendered once.
    """
    page.route(
        url + shown.url,
        lambda route: route.fulfill(status=200, headers=shown.headers, body=shown.body),
        times=1,
    )
    if not shown.is_dialog:
        return page.goto(url + shown.url)
    page.goto(url + re.sub(r"[^/]+/$", "", shown.url), wait_until="load")
    page.evaluate(
        """url => htmx.ajax("GET", url, {target: "#modal-content", select: "#dialog"})
            .then(() => Alpine.$data(document.body).openModal = true)""",
        shown.url,
    )
    return page.locator("#dialog").wait_for()
