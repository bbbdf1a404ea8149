"""Every verb of money, and every relation of a person to the money: refused or allowed."""

import ast
import contextlib
import datetime as dt
import importlib
import inspect
import io
from decimal import Decimal
from pathlib import Path

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.urls import reverse

import billing
from backoffice.accounts.security_log import events_of, record_event
from backoffice.models import SecurityEvent
from backoffice.signing import save_signed
from billing.bank.by_hand import (
    confirm_hand_payment,
    propose_hand_payment,
    withdraw_hand_payment,
)
from billing.bank.exports import export_payments
from billing.bank.results.recording import record_results
from billing.counting.access_logs.importing import import_access_log
from billing.counting.access_logs.patterns import OWN_PAGES
from billing.counting.robot_exceptions import save_robot_exception
from billing.errors import FourEyesViolation, WrongStatus
from billing.evidence_pack import make_evidence_pack
from billing.findings import decisions
from billing.models import (
    AccessLogImport,
    Adjustment,
    CategoryPrice,
    DisputeAnswer,
    Finding,
    Hold,
    PayeeAuthor,
    PayeeDetails,
    Payment,
    PaymentExport,
    PaymentResult,
    PayoutBatch,
    RobotException,
    Verification,
)
from billing.money_verbs import NO_VERBS, VERBS, make_table
from billing.payees.changes import (
    add_payee,
    confirm_payee,
    enter_details,
    link_author,
    show_details,
    withdraw_changes,
)
from billing.payees.reading import name_waiting
from billing.payouts import holds, steps
from billing.payouts.adjustments import save_adjustment, withdraw_adjustment
from billing.payouts.disputes import answer_dispute, ask_about_line
from billing.payouts.price_withdrawal import withdraw_price
from billing.payouts.requests import recall_batch
from billing.prices.rules import save_price
from billing.verification import start_verification, verify_payouts
from tests.billing.batches import AT, OCTOBER, SEPTEMBER
from tests.billing.pages import press
from tests.factories import (
    approve,
    describe_payee,
    make_blog,
    make_category,
    make_count,
    make_line,
    make_payee,
    make_price,
    make_user,
)

pytestmark = [pytest.mark.django_db, pytest.mark.any_database, pytest.mark.slow]

ROOMS = Path(billing.__file__).parent
NOT_OF_THE_DOMAIN = {"admin", "forms", "migrations", "management", "demo", "own_money.py"}
WHY = "Agreed with the editors"
CONFIRMED = {"_form_submitted": "True", "reason": WHY, "confirm_password": "secret"}


# The registry and the code


def find_functions_that_say_by():
    """Yield the dotted path of each public function of billing's rooms with an argument `by`."""
    for file in sorted(ROOMS.rglob("*.py")):
        relative = file.relative_to(ROOMS)
        if NOT_OF_THE_DOMAIN & set(relative.parts):
            continue
        module = ".".join(relative.with_suffix("").parts).removesuffix(".__init__")
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                arguments = [*node.args.args, *node.args.kwonlyargs]
                if "by" in {argument.arg for argument in arguments}:
                    yield f"{module}.{node.name}"


def test_each_function_that_says_by_whom_is_a_verb_or_none():
    named = {verb.path for verb in VERBS} | NO_VERBS.keys()
    assert set(find_functions_that_say_by()) == named


def test_finance_page_has_the_table_of_verbs():
    assert make_table() in Path("docs/finance.md").read_text()


# A house in which every verb can be done

BY_HAND = {"means": "cash", "paid_on": dt.date(2026, 11, 22), "reason": "No bank account yet"}


class House:
    """An exported September and a draft of October that pay for a blog, and what they rest on."""

    def __init__(self, author, relate_before, relate):
        self.category = make_category("Tech")
        make_price(self.category, "10")
        self.blog = make_blog(category=self.category, author=author, title="Kernel diary")
        self.payee = make_payee(author, at=AT, by=make_user())
        self.agent = make_payee(make_user(), kind="agent", at=AT)
        relate_before(self)
        make_count(self.blog, 1000, dt.date(2026, 9, 10))
        draft, _ = steps.build_batch(month=SEPTEMBER, at=AT)
        submitted = steps.submit_batch(batch=draft, by=make_user(), at=AT)
        self.september = approve(submitted, at=AT)
        export_payments(batch=self.september, at=AT)
        self.coming_price = make_price(self.category, "10", dt.date(2026, 11, 20))
        self.decided = self.find("second")
        decisions.accept_finding(finding=self.decided, by=make_user(), reason=WHY, at=AT)
        relate(self)
        make_count(self.blog, 1000, dt.date(2026, 10, 10))
        self.adjustment = Adjustment(author=self.blog.author, amount=Decimal(5), reason=WHY)
        save_adjustment(adjustment=self.adjustment, by=make_user(), at=AT)
        self.october, _ = steps.build_batch(month=OCTOBER, at=AT)
        self.payment = self.october.payments.get(author=author)
        self.finding = self.find("first")  # the next search finds no more of it

    def find(self, fingerprint):
        return Finding.objects.create(
            kind="spike", month=OCTOBER, blog=self.blog, author=self.blog.author, views=1,
            fingerprint=fingerprint, found_at=AT, numbers={"before": 0},
        )  # fmt: skip

    def ask(self):
        line = self.payment.lines.get(kind="views")
        return ask_about_line(line=line, author=self.payment.author, text="Only these?", at=AT)

    def hold(self):
        return holds.hold_payment(payment=self.payment, by=make_user(), reason=WHY, at=AT)

    def change_details(self):
        enter_details(payee=self.payee, data=describe_payee(), by=make_user(), at=AT)
        return self.payee

    def propose(self):
        """Say that the payment of October, approved by now, was made by hand."""
        approve(self.submit(), at=AT)
        return propose_hand_payment(payment=self.payment, by=make_user(), at=AT, **BY_HAND)

    def submit(self):
        return steps.submit_batch(batch=self.october, by=make_user(), at=AT)

    @property
    def results(self):
        return {self.september.payments.get().pk: ("failed", "Account closed")}

    @property
    def log(self):
        return io.BytesIO(make_line(f"GET /blogs/{self.blog.slug}/ HTTP/1.1"))

    def new_price(self):
        day = dt.date(2026, 11, 25)
        return CategoryPrice(category=self.category, effective_from=day, price_per_1000=99)


def act(function):
    """Return an act that takes the house's draft of October."""
    return lambda house, by: function(batch=house.october, by=by, at=AT)


def decide(function, which="finding"):
    return lambda house, by: function(finding=getattr(house, which), by=by, reason=WHY, at=AT)


def order(function):
    return lambda house, by: function(payment=house.payment, by=by, reason=WHY, at=AT)


def on_hold(do):
    """Return an act on a hold that somebody else began."""
    return lambda house, by: do(house, by, house.hold())


# Of each verb: what it is in the domain.
BY_DOMAIN = {
    "record_results": lambda house, by: record_results(
        batch=house.september, results=house.results, by=by, at=AT
    ),
    "propose_hand_payment": lambda house, by: (
        approve(house.submit(), at=AT),
        propose_hand_payment(payment=house.payment, by=by, at=AT, **BY_HAND),
    ),
    "confirm_hand_payment": lambda house, by: confirm_hand_payment(
        proposal=house.propose(), by=by, at=AT
    ),
    "withdraw_hand_payment": lambda house, by: withdraw_hand_payment(
        proposal=house.propose(), by=by, reason=WHY, at=AT
    ),
    "accept_finding": decide(decisions.accept_finding),
    "exclude_views": decide(decisions.exclude_views),
    "reopen_finding": decide(decisions.reopen_finding, "decided"),
    "save_adjustment": lambda house, by: save_adjustment(
        adjustment=Adjustment(author=house.blog.author, amount=Decimal(9), reason=WHY), by=by
    ),
    "withdraw_adjustment": lambda house, by: withdraw_adjustment(
        adjustment=house.adjustment, by=by, reason=WHY
    ),
    "hold_payment": order(holds.hold_payment),
    "pay_out_payment": order(holds.pay_out_payment),
    "release_payment": on_hold(lambda house, by, hold: order(holds.release_payment)(house, by)),
    "end_hold": on_hold(lambda house, by, hold: holds.end_hold(hold=hold, by=by, reason=WHY)),
    "save_price": lambda house, by: save_price(price=house.new_price(), by=by),
    "withdraw_price": lambda house, by: withdraw_price(
        price=house.coming_price, by=by, reason=WHY, at=AT
    ),
    "import_access_log": lambda house, by: import_access_log(
        file=house.log, file_name="a.log", path_pattern=OWN_PAGES, at=AT, by=by, trusted_proxies=0
    ),
    "save_robot_exception": lambda house, by: save_robot_exception(
        exception=RobotException(text="CUBOT", reason=WHY), by=by
    ),
    "answer_dispute": lambda house, by: answer_dispute(
        dispute=house.ask(), outcome="rejected", text=WHY, by=by, at=AT
    ),
    "add_payee": lambda house, by: add_payee(
        kind="agent", authors=[house.blog.author], data=describe_payee(), by=by, at=AT
    ),
    "enter_details": lambda house, by: enter_details(
        payee=house.payee, data=describe_payee(), by=by, at=AT
    ),
    "link_author": lambda house, by: link_author(
        payee=house.agent, author=house.blog.author, by=by, at=AT
    ),
    "confirm_payee": lambda house, by: confirm_payee(
        payee=house.change_details(), by=by, note=WHY, seen=name_waiting(house.payee), at=AT
    ),
    "withdraw_changes": lambda house, by: withdraw_changes(
        payee=house.change_details(), by=by, reason=WHY, at=AT
    ),
    "show_details": lambda house, by: show_details(
        details=house.payee.versions.get(), by=by, reason=WHY, at=AT
    ),
    "approve_batch": lambda house, by: approve(house.submit(), by=by, at=AT),
    "submit_batch": act(steps.submit_batch),
    "build_closed_months": lambda house, by: steps.build_closed_months(by=by, at=AT),
    "build_batch": lambda house, by: steps.build_batch(month=OCTOBER, by=by, at=AT),
    "rebuild_batch": act(steps.rebuild_batch),
    "return_batch": lambda house, by: steps.return_batch(batch=house.submit(), by=by, reason=WHY),
    "recall_batch": lambda house, by: recall_batch(
        batch=steps.submit_batch(batch=house.october, by=by, at=AT), by=by, reason=WHY
    ),
    "cancel_batch": lambda house, by: steps.cancel_batch(batch=house.october, by=by, reason=WHY),
    "export_payments": lambda house, by: export_payments(batch=house.september, by=by),
    "make_evidence_pack": lambda house, by: make_evidence_pack(house.september, by=by).close(),
    "verify_payouts": lambda house, by: verify_payouts(by=by),
    "start_verification": lambda house, by: start_verification(by=by),
}


def post(name, *keys, **data):
    return lambda client, house: client.post(
        reverse(f"admin:billing_{name}", args=[getattr(house, key).pk for key in keys]),
        CONFIRMED | data,
    )


def post_log(client, house):
    url = reverse("admin:billing_accesslogimport_import")
    file = SimpleUploadedFile("a.log", house.log.read())
    fields = {"step": "preview", "path_pattern": OWN_PAGES, "trusted_proxies": "0", "file": file}
    page = client.post(url, fields)
    name = client.session.get(f"upload:{url}", {}).get("name", "")
    return client.post(url, {"step": "confirm", "name": name}) if name else page


def post_price(client, house):
    url = reverse("admin:billing_categoryprice_add")
    data = {
        "category": house.category.pk, "effective_from": "2026-11-25", "price_per_1000": "99",
        "note": WHY,
    }  # fmt: skip
    page = client.post(url, data)
    return client.post(url, data | {"seen": page.context["adminform"].form.seen})


def post_adjustment(client, house):
    data = {"author": house.blog.author.pk, "amount": "9", "reason": WHY, "version": ""}
    return client.post(reverse("admin:billing_adjustment_add"), data)


def press_on(batch, button, *, prepare=lambda house: None):
    def do(client, house):
        prepare(house)
        return press(client, getattr(house, batch), button, confirm_password="secret")

    return do


def end(client, house):
    house.held = house.hold()
    return post("hold_end", "held")(client, house)


def post_proposal(button):
    def do(client, house):
        house.proposal = house.propose()
        return post(f"handpayment_{button}", "proposal")(client, house)

    return do


def make_result_row(payment):
    """Return what the table of results sends for a payment that failed."""
    row = f"row-{payment.pk}"
    return {"row": payment.pk, f"{row}-outcome": "failed", f"{row}-reason": "Account closed"}


def reject(client, house):
    house.dispute = house.ask()
    return post("dispute_reject", "dispute")(client, house)


def release(client, house):
    house.hold()
    return post("payment_release", "payment")(client, house)


# Of each verb: what it is on a page. Verbs without a page of their own have none.
BY_PAGE = {
    "record_results": lambda client, house: post(
        "payoutbatch_results", "september", **make_result_row(house.september.payments.get())
    )(client, house),
    "propose_hand_payment": lambda client, house: (
        approve(house.submit(), at=AT)
        and post("payment_by_hand", "payment", **BY_HAND)(client, house)
    ),
    "confirm_hand_payment": lambda client, house: post_proposal("confirm")(client, house),
    "withdraw_hand_payment": lambda client, house: post_proposal("withdraw")(client, house),
    "accept_finding": post("finding_accept", "finding"),
    "reopen_finding": post("finding_reopen", "decided"),
    "save_adjustment": post_adjustment,
    "withdraw_adjustment": post("adjustment_withdraw", "adjustment"),
    "hold_payment": post("payment_hold", "payment"),
    "pay_out_payment": post("payment_pay_out", "payment"),
    "release_payment": release,
    "end_hold": end,
    "answer_dispute": reject,
    "save_price": post_price,
    "withdraw_price": post("categoryprice_withdraw", "coming_price"),
    "import_access_log": post_log,
    "save_robot_exception": post("robotexception_add", text="CUBOT", is_active="on"),
    "add_payee": lambda client, house: client.post(
        reverse("admin:billing_payee_enter"),
        CONFIRMED | describe_payee(kind="agent", author=house.blog.author.pk),
    ),
    "enter_details": lambda client, house: post("payee_details", "payee", **describe_payee())(
        client, house
    ),
    "link_author": lambda client, house: post("payee_link", "agent", author=house.blog.author.pk)(
        client, house
    ),
    "confirm_payee": lambda client, house: post(
        "payee_confirm", "payee", seen=name_waiting(house.change_details())
    )(client, house),
    "withdraw_changes": lambda client, house: (
        house.change_details() and post("payee_withdraw", "payee")(client, house)
    ),
    "approve_batch": press_on("october", "approve", prepare=House.submit),
    "submit_batch": press_on("october", "submit"),
    "rebuild_batch": press_on("october", "rebuild"),
    "return_batch": press_on("october", "return", prepare=House.submit),
    "cancel_batch": press_on("october", "cancel"),
    "export_payments": press_on("september", "export"),
    "start_verification": post("verification_verify"),
}
NO_PAGE = {
    "make_evidence_pack",
    "build_batch",
    "build_closed_months",
    "verify_payouts",
    "exclude_views",
    "show_details",  # its page shows them at once: test_payee_pages.py
    "recall_batch",  # of one's own submission: test_requests.py
}


# How a person comes to each relation: before September was approved, and after it.


def nothing(house, person):
    pass


def write_along(house, person):
    house.blog.co_authors.add(person)


def set_price(house, person):
    price = CategoryPrice(
        category=house.category, effective_from=dt.date(2026, 10, 5), price_per_1000=20
    )
    save_price(price=price, by=person)


def withdraw(house, person):
    adjustment = Adjustment(author=house.blog.author, amount=Decimal(-3), reason=WHY)
    save_adjustment(adjustment=adjustment, by=make_user(), at=AT)
    withdraw_adjustment(adjustment=adjustment, by=person, reason=WHY, at=AT)


def import_log(house, person):
    line = make_line(f"GET /blogs/{house.blog.slug}/ HTTP/1.1", time="12/Oct/2026:10:05:03 +0000")
    import_access_log(
        file=io.BytesIO(line), file_name="october.log", path_pattern=OWN_PAGES, at=AT, by=person,
        trusted_proxies=0,
    )  # fmt: skip


def hold_and_release(house, person):
    hold = Hold(author=house.blog.author, kind="hold", reason=WHY, created_by=person, created_at=AT)
    save_signed(hold, by=person, reason=WHY)
    holds.end_hold(hold=hold, by=person, reason=WHY, at=AT)


def decide_a_finding(house, person):
    decisions.accept_finding(finding=house.find("third"), by=person, reason=WHY, at=AT)


def move_the_blog(house, person):
    house.blog.category = make_category("Sports")
    make_price(house.blog.category, "10")
    save_signed(house.blog, by=person, reason="Fits better")


def be_given_a_password(house, person):
    with events_of(AT - dt.timedelta(hours=1)):
        record_event(SecurityEvent.Kind.PASSWORD_CHANGED, about=person, by=make_user())


OWN = {verb.path.rpartition(".")[2] for verb in VERBS if verb.own == "refused"}
APPROVING = {"approve_batch"}
SIGNING = {"approve_batch", "submit_batch", "record_results"}
SIGNING |= {"propose_hand_payment", "confirm_hand_payment"}
SIGNING |= {"recall_batch"}  # of one's own submission: who may not submit has none
RELATIONS = {
    "payee": (nothing, nothing, OWN),
    "co-author": (write_along, nothing, OWN),
    "price setter": (nothing, set_price, APPROVING),
    "withdrawer": (nothing, withdraw, APPROVING),
    "importer": (nothing, import_log, APPROVING),
    "holder": (nothing, hold_and_release, APPROVING),
    "finder": (nothing, decide_a_finding, APPROVING),
    "category mover": (nothing, move_the_blog, APPROVING),
    "whose password somebody else set": (nothing, be_given_a_password, SIGNING),
    "nobody to it": (nothing, nothing, set()),
}


def make_house(person, relation):
    before, after, refused = RELATIONS[relation]
    author = person if relation == "payee" else make_user()
    house = House(author, lambda house: before(house, person), lambda house: after(house, person))
    return house, refused


@pytest.fixture
def person():
    return make_user("person", is_superuser=True)


@contextlib.contextmanager
def taken_back():
    """Take back whatever a verb did, so that the next one finds the same house."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def test_each_verb_is_tried_in_the_domain_and_on_its_page():
    verbs = {verb.path.rpartition(".")[2] for verb in VERBS}
    assert verbs == BY_DOMAIN.keys() == BY_PAGE.keys() | NO_PAGE
    for verb in VERBS:
        module, _, name = verb.path.rpartition(".")
        assert inspect.isfunction(getattr(importlib.import_module(f"billing.{module}"), name))


@pytest.mark.thorough
@pytest.mark.parametrize("relation", RELATIONS)
def test_verb_is_refused_or_allowed_in_the_domain_as_the_table_says(person, relation):
    house, expected = make_house(person, relation)
    refused, wrong = set(), set()
    for verb, do in BY_DOMAIN.items():
        with taken_back():
            try:
                with transaction.atomic():
                    do(house, person)
            except FourEyesViolation:
                refused.add(verb)
            except WrongStatus:  # a finding about a whole month can't be excluded, by anybody
                wrong.add(verb)
    assert refused == expected
    assert wrong == {"exclude_views"} - expected


@pytest.fixture
def clock():
    with time_machine.travel(AT):
        yield


MODELS = (
    AccessLogImport, Adjustment, CategoryPrice, Finding, Hold, PayeeAuthor, PayeeDetails, Payment,
    PaymentExport, PaymentResult, PayoutBatch, RobotException, Verification, DisputeAnswer,
)  # fmt: skip
CHANGES_NOTHING = {"export_payments"}  # the file is there, and is given again


def facts():
    return [list(model.objects.order_by("pk").values()) for model in MODELS]


@pytest.mark.thorough
@pytest.mark.parametrize("relation", RELATIONS)
def test_verb_is_refused_or_allowed_on_its_page_as_the_table_says(
    client, settings, tmp_path, clock, person, relation
):
    settings.UPLOAD_DIR = tmp_path
    house, expected = make_house(person, relation)
    refused = set()
    for verb, do in BY_PAGE.items():
        with taken_back():
            client.force_login(person)
            before = facts()
            response = do(client, house)
            done = response.status_code == 302 or "HX-Redirect" in response
            if not done:
                text = response.text
                assert "omebody else" in text, f"{verb}: {text}"
                refused.add(verb)
            elif verb not in CHANGES_NOTHING:
                assert facts() != before, verb
    assert refused == expected & BY_PAGE.keys()
