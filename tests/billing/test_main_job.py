"""The main job on a real blog's log: from its lines to the CSV, to the cent."""

import csv
import datetime as dt
import io
import json
from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal

import pytest
from django.core.management import call_command
from django.utils.text import slugify

from billing.models import Payment, PaymentLine, PayoutBatch, Seal
from billing.payouts.steps import submit_batch
from billing.proof.sealing import chain_head
from tests.factories import approve, make_blog, make_category, make_price, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.postgresql]

PATTERN = r"^/blog/(?P<slug>(?!tags/)[^?#]*)\.html$"
PRICES = {"Tech": 15, "Sports": 10, "Fashion": 5}


@pytest.fixture
def paths(shared_data):
    """Return {slug: (expected views, category, author number)}, split over three and four."""
    file = shared_data / "access-log-semicomplete" / "expected_views.csv"
    with file.open(newline="") as rows:
        return {
            slug_of(row["path"]): (
                int(row["views_200_304_isbot"]),
                list(PRICES)[number % 3],
                number % 4,
            )
            for number, row in enumerate(csv.DictReader(rows))
        }


def slug_of(path):
    captured = path.removeprefix("/blog/").removesuffix(".html")
    return slugify(captured.replace("/", "-").replace(".", "-"))


def test_month_of_a_real_log_is_paid_to_the_cent(paths, shared_data, tmp_path, settings):
    settings.TIME_ZONE = "UTC"
    authors = [make_user(first_name=f"Author {number}") for number in range(4)]
    for name, price in PRICES.items():
        make_price(make_category(name), price, dt.date(2015, 1, 1))
    for slug, (_, category, author) in paths.items():
        make_blog(slug=slug, category=make_category(category), author=authors[author])
    log = shared_data / "access-log-semicomplete" / "apache_logs"
    call_command("import_access_log", log, path_pattern=PATTERN)
    call_command("build_payout_batch", month="2015-05")
    batch = submit_batch(batch=PayoutBatch.objects.get(), by=make_user())
    approve(batch)
    call_command("export_payments", month="2015-05", output=tmp_path / "payments.csv")

    earned = defaultdict(Decimal)
    for views, category, author in paths.values():
        earned[authors[author].pk] += Decimal(views * PRICES[category]) / 1000
    assert sum(views for views, _, _ in paths.values()) == 347
    for payment in Payment.objects.all():
        exact = earned.pop(payment.author_id)
        lines = payment.lines.values_list("views", "price_per_1000", "amount")
        assert sum(amount for _, _, amount in lines) == exact == payment.exact_amount
        assert all(amount == views * price / 1000 for views, price, amount in lines)
        assert payment.amount == exact.quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert sum(earned.values()) == 0
    assert sum(PaymentLine.objects.values_list("views", flat=True)) == 347

    rows = list(csv.DictReader(io.StringIO((tmp_path / "payments.csv").read_text())))
    told = json.loads((tmp_path / "payments.csv.json").read_text())
    assert Decimal(told["total"]) == sum(payment.amount for payment in batch.payments.all())
    assert Decimal(told["total"]) == sum(Decimal(row["amount"]) for row in rows)
    approval = Seal.objects.get(kind=Seal.Kind.APPROVAL)
    assert told["chain_head"] == {"seal": 2, "hash": chain_head().hash}
    assert chain_head().previous_hash == approval.hash
