"""The main job in a real browser: from a reader's view to the auditor who finds everything."""

import csv
import datetime as dt
import hashlib
import re
from decimal import Decimal
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from billing.counting.folding import fold_views
from billing.models import BlogView, PaymentExport, PayoutBatch
from tests.browser.pages import SCREENS_AND_THEMES, assert_fits, note_errors, open_in, press

COMPARED = "Compared with the contracts."
PICTURES = {
    ("prices", 1440, "light"): "prices",
    ("home-page", 1440, "dark"): "home-dark",
    ("statement", 390, "light"): "batch-phone",
}


def test_view_becomes_a_payment_that_two_people_signed(
    page, live_server, sign_in, demo, take_picture, tmp_path
):
    page.goto(live_server.url)
    page.get_by_role("link", name="Small screens, long reads").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Small screens, long reads")
    take_picture(page, "blog")
    view = BlogView.objects.pending().get(blog__slug="small-screens-long-reads")
    fold_views(at=timezone.now() + dt.timedelta(minutes=1))
    view.refresh_from_db()
    assert view.outcome == BlogView.Outcome.COUNTED

    finance = sign_in("finance")
    take_picture(finance, "home")
    finance.get_by_role("link", name="is a draft to check and submit").click()
    batch = PayoutBatch.objects.drafts().get()
    expect(finance.get_by_text("Check the payments, then submit")).to_be_visible()
    take_picture(finance, "batch", full_page=True)
    press(finance, "Submit", answer=COMPARED)
    expect(finance.get_by_text("somebody else has to approve it").first).to_be_visible()
    expect(finance.get_by_role("link", name=re.compile("Approve$"))).to_have_count(0)
    response = finance.goto(
        live_server.url + reverse("admin:billing_payoutbatch_approve", args=[batch.pk])
    )
    assert response.status == 403

    approver = sign_in("approver")
    approver.get_by_role("link", name="waits for an approver").click()
    press(approver, "Approve", answer=COMPARED, password="nonsense")
    expect(approver.get_by_text("This is not your password.")).to_be_visible()
    approver.get_by_label("Your password").fill(demo["approver"])
    approver.locator("#dialog button[type=submit]").click()
    expect(approver.get_by_text("is approved. Finance can export it now.")).to_be_visible()
    batch.refresh_from_db()
    assert batch.status == PayoutBatch.Status.APPROVED

    finance.goto(live_server.url + reverse("admin:billing_payoutbatch_change", args=[batch.pk]))
    finance.get_by_role("link", name="Export", exact=True).click()
    with finance.expect_download() as download:
        finance.get_by_role("button", name="Make the file").click()
    path = Path(tmp_path, "payments.csv")
    download.value.save_as(path)
    export = PaymentExport.objects.get(batch=batch)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == export.sha256
    payments = list(csv.DictReader(path.read_text().splitlines()))
    assert sum(Decimal(row["amount"]) for row in payments) == export.total

    finance.get_by_role("link", name="Record bank results").click()
    reference = payments[0]["reference"]
    finance.get_by_label(f"Result: {reference}").select_option("failed")
    finance.get_by_label(f"Why it failed: {reference}").fill("Account closed")
    finance.get_by_label("All other payments were made").check()
    finance.get_by_role("button", name="Record these results").click()
    expect(finance.get_by_text("but for 1 that failed")).to_be_visible()
    batch.refresh_from_db()
    assert batch.status == PayoutBatch.Status.PAID

    auditor = sign_in("auditor")
    auditor.get_by_role("link", name="Audit trail").click()
    for who, what in [("Finn Finance", "Submitted"), ("April Approver", "Approved")]:
        row = auditor.get_by_role("row").filter(has_text=who).filter(has_text=what)
        expect(row.first).to_be_visible()
    take_picture(auditor, "audit")


@pytest.mark.thorough
def test_every_page_fits_its_screen_and_raises_no_error(sign_in, live_server, take_picture):
    page = sign_in("admin")
    errors = note_errors(page.context)
    batch = PayoutBatch.objects.drafts().get()
    pages = {
        "home-page": reverse("admin:index"),
        "blogs": reverse("admin:weblog_blog_changelist"),
        "add-blog": reverse("admin:weblog_blog_add"),
        "batches": reverse("admin:billing_payoutbatch_changelist"),
        "statement": reverse("admin:billing_payoutbatch_change", args=[batch.pk]),
        "results": reverse("admin:billing_payoutbatch_results", args=[batch.pk]),
        "results-file": reverse("admin:billing_payoutbatch_results_file", args=[batch.pk]),
        "payment": reverse("admin:billing_payment_change", args=[batch.payments.first().pk]),
        "prices": reverse("admin:billing_categoryprice_changelist"),
        "add-price": reverse("admin:billing_categoryprice_add"),
        "views": reverse("admin:billing_blogview_changelist"),
        "audit-trail": reverse("admin:backoffice_audittrail_changelist"),
        "job-runs": reverse("admin:backoffice_jobrun_changelist"),
        "site": reverse("weblog:blog_list"),
    }
    for screen, themes in SCREENS_AND_THEMES:
        page.set_viewport_size(screen)
        for name, path in pages.items():
            for theme in open_in(page, live_server.url + path, themes):
                assert_fits(page)
                assert (name, errors) == (name, [])
                if picture := PICTURES.get((name, screen["width"], theme)):
                    page.reload()
                    take_picture(page, picture)
