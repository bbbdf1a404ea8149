"""Every page and action of the admin, with rows to open it on."""

import datetime as dt

from axes.models import AccessAttempt
from django.apps import apps
from django.contrib import admin
from django.core.management import call_command
from django.urls import reverse

from backoffice.models import AccessRequest, JobRun, Mail
from billing.bank.by_hand import propose_hand_payment, withdraw_hand_payment
from billing.bank.exports import export_payments
from billing.models import (
    AccessLogImport,
    Adjustment,
    Finding,
    Hold,
    RobotException,
    Verification,
)
from billing.payouts import steps
from billing.payouts.adjustments import save_adjustment
from billing.payouts.attachments import look_at_file
from billing.payouts.comments import add_comment
from billing.payouts.disputes import ask_about_line
from tests.factories import (
    approve,
    make_blog,
    make_category,
    make_click,
    make_count,
    make_payee,
    make_price,
    make_retired_total,
    make_user,
)
from weblog.models import ImportedAuthor, Picture
from weblog.publishing.new_texts import start_new_text

AT = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
# Each of these has a test of its own.
NOT_PAGES = {"login", "logout", "autocomplete", "view_on_site", "backoffice_audittrail_export"}
NOT_PAGES |= {"backoffice_savedfilter_save", "backoffice_savedfilter_forget"}
NOT_PAGES |= {"backoffice_list_download"}
# Pages that take a row of another model than their name says.
ROWS = {
    "billing_payoutbatch_attachment": "billing.batchattachment",
    "billing_categoryprice_timeline": "weblog.category",
    "billing_earnings_blog": "weblog.blog",
    "billing_statement_page": "billing.payment",
    "billing_statement_pdf": "billing.payment",
}


def make_rows(before_batch=lambda category: None):
    call_command("loaddata", "10_groups", "30_billing_groups", verbosity=0)
    category = make_category("Tech")
    blog = make_blog(category=category)
    start_new_text(blog=blog, by=blog.author)
    Picture.objects.create(
        file="pictures/2026/11/x.png", alt_text="A", uploaded_by=blog.author, width=1, height=1
    )
    ImportedAuthor.objects.create(
        account=make_user(), name="Ann Other", file_name="site.xml", imported_at=AT
    )
    make_price(category, "10")
    make_count(blog, 1000)
    make_click(blog)
    adjustment = Adjustment(author=blog.author, amount=5, reason="A correction")
    save_adjustment(adjustment=adjustment, by=make_user(), at=AT)
    Hold.objects.create(
        author=make_user(), kind="hold", reason="Asked", created_by=make_user(), created_at=AT
    )
    before_batch(category)
    batch, _ = steps.build_batch(month=dt.date(2026, 10, 1), at=AT)
    steps.submit_batch(batch=batch, by=make_user(), at=AT)
    approve(batch, at=AT)
    proposal = propose_hand_payment(
        payment=batch.payments.get(author=blog.author), means="cash", paid_on=AT.date(),
        reason="No bank", by=make_user(), at=AT,
    )  # fmt: skip
    withdraw_hand_payment(proposal=proposal, by=make_user(), reason="A test", at=AT)
    note = look_at_file(name="note.txt", content=b"Look at this")
    add_comment(batch=batch, text="Looked at", files=[note], by=make_user(), at=AT)
    export_payments(batch=batch, at=AT)
    JobRun.objects.create(name="fold_views", started_at=AT)
    Mail.objects.create(
        kind="other", address="ada@example.org", subject="News", text="Read on.",
        message_id="<1@testserver>", state="failed", reason="Refused", made_at=AT,
    )  # fmt: skip
    AccessRequest.objects.create(
        kind="superuser", about=blog.author, reason="Asked", asked_by=make_user(), asked_at=AT
    )
    AccessAttempt.objects.create(username="edda", ip_address="192.0.2.9", failures_since_start=5)
    AccessLogImport.objects.create(file_name="access.log", path_pattern="x", started_at=AT)
    Finding.objects.create(
        kind="spike",
        month=AT,
        blog=blog,
        author=blog.author,
        views=9,
        numbers={"before": 3},
        found_at=AT,
    )
    RobotException.objects.create(text="CUBOT", reason="A phone.")
    ask_about_line(
        line=batch.payments.get(author=blog.author).lines.get(kind="views"),
        author=blog.author,
        text="Only a thousand?",
        at=AT,
    )
    Verification.objects.create(started_at=AT, steps=1)
    make_payee(blog.author, kind="agent", at=AT)
    make_retired_total(dt.date(2025, 1, 1), "robot", 1)


def list_doors():
    for name, arguments in url_names(admin.site.get_urls()):
        if name == "app_list":
            for label in ("auth", "axes", "backoffice", "weblog", "billing"):
                yield f"app_list_{label}", reverse("admin:app_list", args=[label])
        elif not arguments:
            yield name, reverse(f"admin:{name}")
        elif name == "backoffice_audittrail_entry":
            pk = JobRun.objects.latest("pk").pk
            yield name, reverse(f"admin:{name}", args=[f"backoffice.jobrun:{pk}"])
        else:
            app_label, model_name, _ = name.split("_", 2)
            model = ROWS.get(name) or f"{app_label}.{model_name}"
            row = apps.get_model(model).objects.order_by("pk").last()
            pks = [row.pk]
            if name.endswith("_simple_history"):
                pks.append(row.history.first().history_id)
            yield name, reverse(f"admin:{name}", args=pks)


def url_names(patterns):
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            yield from url_names(pattern.url_patterns)
        elif pattern.name and pattern.name not in NOT_PAGES:
            yield pattern.name, pattern.pattern.regex.groups
