"""The look of the admin, and the sidebar of each role.

Settings load this module, so it must not import a model or the admin.
"""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.apps import apps
from django.conf import settings
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string


@dataclass(frozen=True)
class Link:
    """A sidebar link to the list of a model, or to a page that is named like one."""

    title: str
    icon: str
    model: str
    permission: str = ""  # unless it is that to view the model
    count: str = ""  # dotted path of a function: what it returns stands beside the title


NAVIGATION = {
    "Weblog": [
        Link("Blogs", "article", "weblog.blog"),
        Link(
            "To review",
            "rate_review",
            "weblog.review",
            permission="weblog.publish_blog",
            count="weblog.reviews.count_waiting",
        ),
        Link("New texts", "edit_note", "weblog.newtext"),
        Link("Pictures", "image", "weblog.picture"),
        Link("Categories", "category", "weblog.category"),
        Link("Imported authors", "how_to_reg", "weblog.importedauthor"),
    ],
    "Billing": [
        Link("Payout batches", "account_balance_wallet", "billing.payoutbatch"),
        Link("Payments", "payments", "billing.payment"),
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
            count="billing.payouts.disputes.count_open",
        ),
        Link("Payments by hand", "payments", "billing.handpayment"),
        Link("Adjustments", "exposure", "billing.adjustment"),
        Link("Holds and pay-outs", "front_hand", "billing.hold"),
        Link(
            "Payees",
            "account_balance",
            "billing.payee",
            count="billing.payees.reading.count_unconfirmed",
        ),
        Link("Findings", "troubleshoot", "billing.finding"),
        Link("Prices", "sell", "billing.categoryprice"),
        Link("Monthly views", "calendar_month", "billing.monthlyviewcount"),
        Link("Daily views", "today", "billing.dailyviewcount"),
        Link("Views", "visibility", "billing.blogview"),
        Link("Access log imports", "upload_file", "billing.accesslogimport"),
        Link("Payment exports", "download", "billing.paymentexport"),
        Link("Books", "menu_book", "billing.books", permission="billing.view_booksexport"),
    ],
    "Control": [
        Link("Audit trail", "manage_search", "backoffice.audittrail"),
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
        ),
        Link("Seals", "link", "billing.seal"),
        Link("Robot exceptions", "robot_2", "billing.robotexception"),
        Link("Job runs", "schedule", "backoffice.jobrun"),
        Link("Mails", "mail", "backoffice.mail"),
    ],
    "Administration": [
        Link("Users", "person", "auth.user"),
        Link("Groups", "group", "auth.group"),
        Link(
            "Access requests",
            "how_to_reg",
            "backoffice.accessrequest",
            count="backoffice.accounts.request_admin.count_waiting",
        ),
        Link("Failed sign-ins", "lock", "axes.accessattempt"),
    ],
}


def build_navigation(request):
    """Return the sidebar of whoever asks: what they may open, of the apps that are installed."""
    index = reverse("admin:index")
    home = {"title": "Home", "icon": "space_dashboard", "link": index}
    sections = [{"items": [home | {"active": request.path == index}]}]
    for title, links in NAVIGATION.items():
        items = [item for link in links if (item := _build_item(link, request))]
        if items:
            sections.append({"title": title, "separator": True, "items": items})
    return sections


def _build_item(link, request):
    app_label, model_name = link.model.split(".")
    permission = link.permission or f"{app_label}.view_{model_name}"
    try:
        url = reverse(f"admin:{app_label}_{model_name}_changelist")
    except NoReverseMatch:
        return None
    if not request.user.has_perm(permission):
        return None
    item = {
        "title": link.title,
        "icon": link.icon,
        "link": url,
        "active": request.path.startswith(url),
    }
    if link.count:
        item["badge"] = import_string(link.count)()
        item["badge_variant"] = "primary"
    return item


def list_pages():
    """Return the address, name and view of pages that show no model, of the installed apps."""
    pages = [
        ("audit-trail/", "backoffice_audittrail_changelist", "backoffice.audit.AuditTrailView"),
        ("account/", "backoffice_account", "backoffice.accounts.views.AccountView"),
        (
            "account/extract/",
            "backoffice_account_extract",
            "backoffice.accounts.extract_views.ExtractView",
        ),
        ("review/", "weblog_review_changelist", "weblog.admin.reviews.ReviewQueueView"),
        ("mails/", "backoffice_own_mails", "backoffice.mailing.views.OwnMailsView"),
    ]
    if apps.is_installed("billing"):
        view = "billing.admin.views_explained.ViewsExplainedView"
        pages.append(("views-explained/", "billing_views_explained_changelist", view))
        own = "billing.admin.own_payee.OwnPayeeView"
        pages.append(("payment-details/", "billing_own_payee", own))
        room = "billing.admin.statements"
        pages += [
            ("statements/", "billing_statement_changelist", f"{room}.StatementsView"),
            ("statements/<int:pk>/", "billing_statement_page", f"{room}.StatementView"),
            ("statements/<int:pk>/pdf/", "billing_statement_pdf", f"{room}.StatementPdfView"),
            ("statements/year/", "billing_statement_year", f"{room}.StatementYearView"),
            (
                "statements/year/pdf/",
                "billing_statement_year_pdf",
                f"{room}.StatementYearPdfView",
            ),
        ]
        room = "billing.admin.earnings"
        pages += [
            ("earnings/", "billing_earnings_changelist", f"{room}.EarningsView"),
            ("earnings/blogs/<int:pk>/", "billing_earnings_blog", f"{room}.BlogViewsView"),
        ]
        pages += [
            ("books/", "billing_books_changelist", "billing.admin.books.BooksView"),
            ("books/balances/", "billing_books_balances", "billing.admin.balances.BalancesView"),
            ("books/years/", "billing_books_years", "billing.admin.years.YearsView"),
        ]
    return pages


def list_account_pages(request):
    """Return what everyone finds under their own name."""
    pages = [("Your account", "backoffice_account")]
    if apps.is_installed("billing") and request.user.has_perm("billing.enter_own_payee"):
        pages.append(("Your payment details", "billing_own_payee"))
    pages += [("Mails to me", "backoffice_own_mails"), ("Change password", "password_change")]
    return [{"title": title, "link": reverse(f"admin:{name}")} for title, name in pages]


def name_environment(request):
    return ["Demo", "warning"] if settings.DEBUG else None


def name_sign_in_script(request):
    """Return the script that ends a page with its sign-in, with whose it is and how long it may
    rest: no script stands in a page."""
    user = getattr(request, "user", None)
    facts = {"home": reverse("admin:index"), "idle": settings.SESSION_IDLE_MINUTES}
    if user is not None and user.is_authenticated:
        facts["user"] = user.pk
    return f"{static('backoffice/sign_in.js')}?{urlencode(facts)}"


UNFOLD = {
    "SITE_TITLE": lambda request: settings.PRODUCT_NAME,
    "SITE_HEADER": lambda request: settings.PRODUCT_NAME,
    "SITE_SUBHEADER": "Publishing back-office",
    "SITE_ICON": lambda request: static("backoffice/icon.svg"),
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": lambda request: static("backoffice/icon.svg"),
        },
    ],
    "SITE_VIEWS": list_pages,
    "ACCOUNT": {"navigation": list_account_pages},
    "LOGIN": {"image": lambda request: static("backoffice/login.svg")},
    "STYLES": [lambda request: static("backoffice/admin.css")],
    "SCRIPTS": [
        lambda request: static("backoffice/theme.js"),
        lambda request: static("backoffice/passkeys.js"),
        lambda request: name_sign_in_script(request),
    ],
    "ENVIRONMENT": name_environment,
    "DASHBOARD_CALLBACK": "backoffice.home.build_home",
    "SIDEBAR": {"show_search": True, "navigation": build_navigation},
    "COMMAND": {
        "search_models": [
            "weblog.blog",
            "weblog.category",
            "billing.payoutbatch",
            "billing.payment",
            "auth.user",
        ],
    },
    "BORDER_RADIUS": "6px",
    "COLORS": {
        "base": {
            "50": "oklch(98.4% .003 200)",
            "100": "oklch(96.4% .004 200)",
            "200": "oklch(92.2% .006 202)",
            "300": "oklch(86.4% .009 204)",
            "400": "oklch(71.5% .016 206)",
            "500": "oklch(53.5% .02 208)",
            "600": "oklch(44% .021 210)",
            "700": "oklch(36.5% .021 212)",
            "800": "oklch(27.5% .019 214)",
            "900": "oklch(20.5% .016 216)",
            "950": "oklch(14% .013 218)",
        },
        # White text on 600 has a contrast of 6.5:1, 500 on a dark page one of 6:1.
        "primary": {
            "50": "oklch(97.6% .013 192)",
            "100": "oklch(94.4% .03 192)",
            "200": "oklch(88.8% .055 191)",
            "300": "oklch(81% .08 191)",
            "400": "oklch(73% .098 190)",
            "500": "oklch(66% .1 190)",
            "600": "oklch(47% .08 191)",
            "700": "oklch(41% .07 192)",
            "800": "oklch(35% .058 193)",
            "900": "oklch(29.5% .047 194)",
            "950": "oklch(21% .034 195)",
        },
        "font": {
            "subtle-light": "var(--color-base-500)",
            "subtle-dark": "var(--color-base-400)",
            "default-light": "var(--color-base-700)",
            "default-dark": "var(--color-base-300)",
            "important-light": "var(--color-base-950)",
            "important-dark": "var(--color-base-50)",
        },
    },
}
