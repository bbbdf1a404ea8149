"""The demo publishing house: people, blogs, prices, and three months of views."""

import csv
import datetime as dt
import os
import secrets
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone
from simple_history.utils import get_history_manager_for_model

from backoffice.accounts.models import AccessRequest
from backoffice.accounts.rights import is_guarded_right
from backoffice.accounts.security_log import events_of
from backoffice.accounts.two_people import confirm_access, propose_access
from backoffice.signing import save_signed
from billing.bank.exports import export_payments
from billing.bank.results.recording import record_results
from billing.counting.folding import fold_views
from billing.counting.recording import record_view
from billing.models import Adjustment, BlogView, CategoryPrice, PaymentResult, PayoutBatch
from billing.payees.examples import enter_examples
from billing.payouts.adjustments import save_adjustment
from billing.payouts.batch_checks import find_flags
from billing.payouts.due_months import find_months_to_build
from billing.payouts.holds import hold_payment
from billing.payouts.steps import approve_batch, build_batch, submit_batch
from billing.periods import last_closed_month, month_of, next_month, previous_month
from billing.prices.rules import save_price
from billing.proof.traces import trace_rows
from weblog.models import Blog, Category
from weblog.publishing.new_texts import publish_new_text, start_new_text, submit_new_text

Outcome = PaymentResult.Outcome

FIXTURES = settings.BASE_DIR / "fixtures"

# username, first name, last name, group
PEOPLE = [
    ("admin", "Alma", "Admin", None),
    ("admin.two", "Arne", "Admin", None),
    ("editor", "Edda", "Editor", "Editors"),
    ("finance", "Finn", "Finance", "Finance"),
    ("approver", "April", "Approver", "Approvers"),
    ("auditor", "Audrey", "Auditor", "Auditors"),
    ("demo.ada", "Ada", "Example", "Authors"),
    ("demo.bruno", "Bruno", "Sample", "Authors"),
    ("demo.chiara", "Chiara", "Specimen", "Authors"),
]

JOINED_DAYS_AGO = 200

AGENTS = {
    "firefox": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "chrome": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36",
    "safari": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
    "crawler": "Mozilla/5.0 (compatible; ExampleBot/1.0; +http://example.com/bot)",
}
BROWSERS = ["firefox", "chrome", "safari"]


def is_set_up() -> bool:
    return BlogView.objects.exists()


@transaction.atomic
def set_up(*, accounts_file: Path, at: dt.datetime | None = None) -> None:
    """Fill an empty database. One transaction: an interrupted run leaves nothing behind.

    The first closed month is paid, the second approved. The last is a draft, for people to submit
    and approve.
    """
    at = at or timezone.now()
    groups = sorted(FIXTURES.glob("*groups.json"))
    call_command("loaddata", *groups, verbosity=0)
    joined_at = at - dt.timedelta(days=JOINED_DAYS_AGO)
    _date_roles(joined_at)
    people = {}
    with events_of(joined_at):
        for username, first_name, last_name, group in PEOPLE:
            people[username] = _make_person(username, first_name, last_name, group, at=joined_at)
    enter_examples(people, at=joined_at)
    rest = sorted({*FIXTURES.glob("*.json")} - {*groups})
    call_command("loaddata", *rest, by="finance", verbosity=0)  # who signs for the prices
    _begin_history(Category, by=people["editor"])
    _begin_history(Blog, by=people["editor"])
    _name_a_co_author(people)
    _schedule_a_text(people)
    _raise_a_price(by=people["finance"], month=last_closed_month(at))
    _replay_views(at=at)
    fold_views(at=at)
    _pay_months(people, at=at)
    with events_of(joined_at):
        _set_passwords(people.values(), accounts_file)


def _date_roles(at: dt.datetime) -> None:
    """Make the roles older than the proposals: nobody can confirm a proposal older than a role."""
    for record in get_history_manager_for_model(Group).all():
        record.history_date = at
        record.save()
        trace_rows([record])


def ensure_accounts_file(accounts_file: Path) -> None:
    """Give the demo's people new passwords if the file that holds them is gone."""
    if not accounts_file.exists():
        people = User.objects.filter(username__in=[username for username, *_ in PEOPLE])
        _set_passwords(people, accounts_file)


def _make_person(
    username: str, first_name: str, last_name: str, group: str | None, *, at: dt.datetime
) -> User:
    """Add an account. One administrator proposes money roles and another confirms them."""
    user = User.objects.create_user(
        username,
        f"{username}@example.com",
        first_name=first_name,
        last_name=last_name,
        is_staff=True,
        is_superuser=group is None,
    )
    if group:
        role = Group.objects.get_by_natural_key(group)
        if is_guarded_right(role):
            first, second = User.objects.filter(is_superuser=True).order_by("pk")
            access = propose_access(
                kind=AccessRequest.Kind.GROUP, about=user, group=role, by=first, at=at,
                reason="Joins the house",
            )  # fmt: skip
            if access.outcome == AccessRequest.Outcome.WAITING:  # takes two administrators
                confirm_access(request=access, by=second, at=at)
        else:
            user.groups.add(role)
    return user


def _set_passwords(people: Iterable[User], accounts_file: Path) -> None:
    roles = {username: group or "Superuser" for username, _, _, group in PEOPLE}
    lines = ["Sign in at /admin/ as", ""]
    for user in people:
        password = secrets.token_urlsafe(9)
        user.set_password(password)
        user.save(update_fields=["password"])
        lines.append(f"  {user.username:<12} {password:<14} {roles[user.username]}")
    accounts_file.unlink(missing_ok=True)
    with os.fdopen(os.open(accounts_file, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
        file.write("\n".join([*lines, "", f"These are kept in {accounts_file}.", ""]))


def _begin_history(model, *, by: User) -> None:
    """Write “added” records for the rows of loaddata, which writes no history."""
    model.history.bulk_history_create(
        model.objects.all(), default_user=by, default_change_reason="Set up for the demo"
    )


def _name_a_co_author(people: dict[str, User]) -> None:
    blog = Blog.objects.get_by_natural_key("slowest-swimmer")
    blog._history_user, blog._change_reason = people["editor"], "She swam the second leg."
    blog.co_authors.add(people["demo.chiara"])


def _schedule_a_text(people: dict[str, User]) -> None:
    """Schedule an approved new text of a live blog for the morning a week from now."""
    blog, author = Blog.objects.get_by_natural_key("last-grass-court"), people["demo.bruno"]
    text = start_new_text(blog=blog, by=author)
    text.body += "<p>The club has found two people to learn from him. They begin in May.</p>"
    save_signed(text, by=author, reason="News from the club")
    text = submit_new_text(new_text=text, by=author)
    morning = timezone.localtime().replace(hour=8, minute=0, second=0, microsecond=0)
    publish_new_text(new_text=text, by=people["editor"], at=morning + dt.timedelta(days=7))


def _raise_a_price(*, by: User, month: dt.date) -> None:
    price = CategoryPrice(
        category=Category.objects.get_by_natural_key("fashion"),
        effective_from=month.replace(day=15),
        price_per_1000="5.500",
        note="Agreed with the authors for the autumn season.",
    )
    save_price(price=price, by=by)


def _pay_months(people: dict[str, User], *, at: dt.datetime) -> None:
    """Pay the first closed month, approve the second, draft the last, with all kinds of lines."""
    first, second, last = find_months_to_build(at=at)
    finance = people["finance"]
    _adjust(people["demo.chiara"], "-20.00", "Paid in advance in the spring.", by=finance, at=at)
    batch, _ = build_batch(month=first, at=at)
    _sign(batch, people, at=at)
    export_payments(batch=batch, by=finance, at=at)
    _record_results(batch, failing=people["demo.ada"], by=finance, at=at)

    batch, _ = build_batch(month=second, at=at)
    payment = batch.payments.get(author=people["demo.bruno"])
    hold_payment(payment=payment, by=finance, reason="Waits for a signed contract.", at=at)
    _sign(batch, people, at=at)

    _adjust(people["demo.ada"], "25.00", "Prize of the readers' survey.", by=finance, at=at)
    build_batch(month=last, at=at)


def _adjust(author: User, amount: str, reason: str, *, by: User, at: dt.datetime) -> None:
    adjustment = Adjustment(author=author, amount=Decimal(amount), reason=reason)
    save_adjustment(adjustment=adjustment, by=by, at=at)


def _sign(batch: PayoutBatch, people: dict[str, User], *, at: dt.datetime) -> None:
    submit_batch(batch=batch, by=people["finance"], at=at)
    notes = {flag.code: "Compared with the contracts and the blogs." for flag in find_flags(batch)}
    approve_batch(batch=batch, by=people["approver"], acknowledgements=notes, at=at)


def _record_results(batch: PayoutBatch, *, failing: User, by: User, at: dt.datetime) -> None:
    results = {
        payment.pk: (Outcome.FAILED, "The account is closed.")
        if payment.author == failing
        else (Outcome.PAID, "")
        for payment in batch.payments.payable().select_related("author")
    }
    record_results(batch=batch, results=results, by=by, at=at)


def _replay_views(*, at: dt.datetime) -> None:
    """Record the sample's views in the last three closed months and in the month so far."""
    blogs = Blog.objects.in_bulk(field_name="slug")
    salts: dict[dt.date, bytes] = {}
    first = previous_month(previous_month(last_closed_month(at)))
    growth, month = 70, first
    while month <= month_of(timezone.localdate(at)):
        for viewed_at, slug, address, agent in _sample_views(month, growth):
            if viewed_at < at - dt.timedelta(minutes=1):
                record_view(
                    blog=blogs[slug],
                    viewed_at=viewed_at,
                    ip_address=address,
                    user_agent=AGENTS[agent],
                    salts=salts,
                )
        growth, month = growth + 12, next_month(month)


def _sample_views(month: dt.date, growth: int) -> Iterator[tuple[dt.datetime, str, str, str]]:
    """Yield (viewed_at, slug, address, agent). `growth` scales the number of readers, in %."""
    with (FIXTURES / "demo_views.csv").open() as file:
        for row in csv.DictReader(file):
            day = month + dt.timedelta(days=int(row["day"]) - 1)
            if month_of(day) != month:
                continue
            time = dt.time.fromisoformat(row["time"])
            start = dt.datetime.combine(day, time, tzinfo=timezone.get_default_timezone())
            for reader in range(int(row["readers"]) * growth // 100):
                yield (
                    start + dt.timedelta(seconds=reader * int(row["seconds_apart"])),
                    row["slug"],
                    f"{row['network']}{reader:x}",
                    _agent_of(reader, row["agent"]),
                )


def _agent_of(reader: int, agent: str) -> str:
    """Return the browsers in turn, so that none stands out. A crawler keeps its own agent."""
    if agent not in BROWSERS:
        return agent
    return BROWSERS[(BROWSERS.index(agent) + reader) % len(BROWSERS)]
