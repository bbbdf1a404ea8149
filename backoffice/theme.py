"""The look of the admin, and its pages that show no model.

Settings load this module, so it must not import a model or the admin.
"""

from urllib.parse import urlencode

from django.apps import apps
from django.conf import settings
from django.templatetags.static import static
from django.urls import reverse

from backoffice.navigation import build_navigation, list_account_pages


def list_pages():
    """Return the address, name and view of pages that show no model, of the installed apps."""
    pages = [
        (
            "audit-trail/",
            "backoffice_audittrail_changelist",
            "backoffice.trail.views.AuditTrailView",
        ),
        (
            "audit-trail/export/",
            "backoffice_audittrail_export",
            "backoffice.trail.views.TrailFileView",
        ),
        (
            "audit-trail/<str:name>/",
            "backoffice_audittrail_entry",
            "backoffice.trail.views.TrailEntryView",
        ),
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
    "ACCOUNT": {"navigation": lambda request: list_account_pages(request.user)},
    "LOGIN": {"image": lambda request: static("backoffice/login.svg")},
    "STYLES": [
        lambda request: static("backoffice/admin.css"),
        lambda request: static("backoffice/phone.css"),
        lambda request: static("backoffice/print.css"),
    ],
    "SCRIPTS": [
        lambda request: static("backoffice/theme.js"),
        lambda request: static("backoffice/access.js"),
        lambda request: static("backoffice/passkeys.js"),
        lambda request: name_sign_in_script(request),
    ],
    "ENVIRONMENT": name_environment,
    "DASHBOARD_CALLBACK": "backoffice.home.build_home",
    "SIDEBAR": {"show_search": True, "navigation": build_navigation},
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
