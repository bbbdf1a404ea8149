"""The sidebar of each role, and the pages by their names.

Settings load this module, so it must not import a model or the admin.
"""

from dataclasses import dataclass

from django.apps import apps
from django.db.models import CharField, Count, QuerySet, Value
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string


@dataclass(frozen=True)
class Link:
    """A sidebar link to the list of a model, or to a page that is named like one."""

    title: str
    icon: str
    model: str
    permission: str = ""  # unless it is that to view the model
    count: str = ""  # dotted path of a function: its number, or that of its rows, stands beside
    waiting: str = ""  # what narrows its list down to what is counted
    words: str = ""  # other words by which people look for it


NAVIGATION = {
    "Weblog": [
        Link("Blogs", "article", "weblog.blog", words="texts posts articles drafts"),
        Link(
            "To review",
            "rate_review",
            "weblog.review",
            permission="weblog.publish_blog",
            count="weblog.publishing.reviews.find_tables",
        ),
        Link("New texts", "edit_note", "weblog.newtext"),
        Link("Pictures", "image", "weblog.picture", words="images"),
        Link("Categories", "category", "weblog.category"),
        Link("Imported authors", "how_to_reg", "weblog.importedauthor"),
    ],
    "Billing": [
        Link(
            "Payout batches",
            "account_balance_wallet",
            "billing.payoutbatch",
            count="billing.sidebar.find_submitted",
            waiting="status__exact=submitted",
            words="months payouts approve submit",
        ),
        Link("Payments", "payments", "billing.payment", words="paid failed held due"),
        Link(
            "Your earnings",
            "savings",
            "billing.earnings",
            permission="billing.view_own_statement",
        ),
        Link(
            "Statements",
            "receipt_long",
            "billing.statement",
            permission="billing.view_own_statement",
        ),
        Link(
            "Disputes",
            "contact_support",
            "billing.dispute",
            count="billing.sidebar.find_open_disputes",
            waiting="state=open",
        ),
        Link(
            "Payments by hand",
            "payments",
            "billing.handpayment",
            count="billing.sidebar.find_proposed",
            waiting="state=proposed",
        ),
        Link("Adjustments", "exposure", "billing.adjustment"),
        Link(
            "Holds and pay-outs",
            "front_hand",
            "billing.hold",
            count="billing.sidebar.find_open_holds",
            waiting="state=open",
            words="on hold",
        ),
        Link(
            "Payees",
            "account_balance",
            "billing.payee",
            count="billing.payees.reading.find_unconfirmed",
            waiting="state=unconfirmed",
            words="bank details iban",
        ),
        Link(
            "Findings",
            "troubleshoot",
            "billing.finding",
            count="billing.sidebar.find_open_findings",
            waiting="status__exact=open",
            words="fraud robots spikes",
        ),
        Link("Prices", "sell", "billing.categoryprice", words="rates cpm categories"),
        Link("Monthly views", "calendar_month", "billing.monthlyviewcount", words="counts"),
        Link("Daily views", "today", "billing.dailyviewcount", words="counts"),
        Link("Views", "visibility", "billing.blogview", words="clicks readers"),
        Link("Access log imports", "upload_file", "billing.accesslogimport"),
        Link("Payment exports", "download", "billing.paymentexport", words="bank files sepa"),
        Link(
            "Books",
            "menu_book",
            "billing.books",
            permission="billing.view_booksexport",
            words="journal ledger accounts balances years datev xero",
        ),
    ],
    "Control": [
        Link(
            "Audit trail", "manage_search", "backoffice.audittrail", words="history log changes who"
        ),
        Link(
            "Views explained",
            "fact_check",
            "billing.views_explained",
            permission="billing.view_blogview",
        ),
        Link(
            "Verifications",
            "verified_user",
            "billing.verification",
            permission="billing.verify_payoutbatch",
            words="verify proof check",
        ),
        Link("Seals", "link", "billing.seal", words="chain proof"),
        Link("Robot exceptions", "robot_2", "billing.robotexception"),
        Link("Job runs", "schedule", "backoffice.jobrun", words="cron jobs"),
        Link("Mails", "mail", "backoffice.mail"),
    ],
    "Administration": [
        Link("Users", "person", "auth.user", words="accounts people"),
        Link("Groups", "group", "auth.group", words="roles rights permissions"),
        Link(
            "Access requests",
            "how_to_reg",
            "backoffice.accessrequest",
            count="backoffice.accounts.request_admin.find_waiting",
        ),
        Link("Failed sign-ins", "lock", "axes.accessattempt"),
    ],
}


# The theme asks each link for these. What a template does not find, it looks for in dir().
THEME_ASKS_FOR = {"icon_template": "", "link_callback": None, "link_attrs": ""}


def build_navigation(request):
    """Return the sidebar of whoever asks: what they may open, of the apps that are installed."""
    index = reverse("admin:index")
    home = {"title": "Home", "icon": "space_dashboard", "link": index}
    sections = [{"items": [home | {"active": request.path == index}]}]
    shown = {title: [*_list_open(links, request.user)] for title, links in NAVIGATION.items()}
    numbers = _count_waiting([link for links in shown.values() for link, _ in links], request)
    for title, links in shown.items():
        items = [_build_item(link, url, request, numbers) for link, url in links]
        if items:
            sections.append({"title": title, "separator": True, "items": items})
    return sections


def find_pages(user, words):
    """Yield (title, section, address, icon) of the pages with each of `words` in their names."""
    for section, links in NAVIGATION.items():
        for link, url in _list_open(links, user):
            named = f"{section} {link.title} {link.words}".lower()
            if all(word in named for word in words):
                yield link.title, section, url, link.icon
    for page in list_account_pages(user):
        if all(word in page["title"].lower() for word in words):
            yield page["title"], "Your account", page["link"], "person"


def _list_open(links, user):
    """Yield the links that the user may follow, each with its address."""
    for link in links:
        app_label, model_name = link.model.split(".")
        permission = link.permission or f"{app_label}.view_{model_name}"
        try:
            url = reverse(f"admin:{app_label}_{model_name}_changelist")
        except NoReverseMatch:
            continue
        if user.has_perm(permission):
            yield link, url


def _build_item(link, url, request, numbers):
    item = {
        "title": link.title,
        "icon": link.icon,
        "link": url,
        "active": request.path.startswith(url),
        **THEME_ASKS_FOR,
    }
    if number := numbers.get(link.count):
        item["badge"] = number
        item["badge_variant"] = "primary"
        item["link"] = f"{url}?{link.waiting}" if link.waiting else url
    return item


def _count_waiting(links, request):
    """Return {path of the function: number}. Once for each request: pages draw it twice.

    Rows, of one table or several, are counted in one query for all links.
    """
    numbers = request.__dict__.setdefault("sidebar_counts", {})
    rows = []
    for path in {link.count: None for link in links if link.count not in {"", *numbers}}:
        found = import_string(path)()
        numbers[path] = 0
        tables = [found] if isinstance(found, QuerySet) else found
        rows += [_count_as(path, table) for table in tables]
    if rows:
        both = rows[0].union(*rows[1:], all=True).order_by() if rows[1:] else rows[0]
        for row in both:
            numbers[row["path"]] += row["number"]
    return numbers


def _count_as(path, rows):
    named = rows.order_by().annotate(path=Value(path, output_field=CharField())).values("path")
    return named.annotate(number=Count("pk", distinct=True)).values("path", "number")


def list_account_pages(user):
    """Return what everyone finds under their own name."""
    pages = [("Your account", "backoffice_account")]
    if apps.is_installed("billing") and user.has_perm("billing.enter_own_payee"):
        pages.append(("Your payment details", "billing_own_payee"))
    pages += [("Mails to me", "backoffice_own_mails"), ("Change password", "password_change")]
    return [{"title": title, "link": reverse(f"admin:{name}")} for title, name in pages]
