"""A step of a payout that dies on the way, or that many take at once: in processes of their own.

The processes are forked from one that has Django ready, so that each takes little time.
"""

import datetime as dt
import itertools
import multiprocessing
import os
import signal
from decimal import Decimal

import django
import time_machine
from django.apps import apps

if not apps.ready:
    django.setup()

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection

from billing.bank.by_hand import confirm_hand_payment, propose_hand_payment, withdraw_hand_payment
from billing.bank.exports import export_payments
from billing.errors import BillingError
from billing.models import Dispute, HandPayment, PaymentLine, PayoutBatch
from billing.payouts import steps
from billing.payouts.attachments import File
from billing.payouts.comments import add_comment
from billing.payouts.disputes import answer_dispute, ask_about_line
from tests.factories import approve

OCTOBER = dt.date(2026, 10, 1)
AT = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)

PROCESSES = multiprocessing.get_context("forkserver")

# What is sealed says when each step was made: a rerun has to come at the same moment.
at_that_moment = time_machine.travel(AT, tick=False)


@at_that_moment
def build(person):
    return steps.build_batch(month=OCTOBER, by=person, at=AT)


@at_that_moment
def submit(person):
    return steps.submit_batch(batch=_october(), by=person, at=AT)


@at_that_moment
def approve_october(person):
    return approve(_october(), by=person, at=AT)


@at_that_moment
def propose_by_hand(person):
    payment = _october().payments.payable().in_order().first()
    facts = {"means": "cash", "paid_on": AT.date(), "reason": "No account yet"}
    return propose_hand_payment(payment=payment, by=person, at=AT, **facts)


@at_that_moment
def confirm_by_hand(person):
    proposal = HandPayment.objects.get(payment__batch=_october())
    return confirm_hand_payment(proposal=proposal, by=person, at=AT)


@at_that_moment
def withdraw_by_hand(person):
    proposal = HandPayment.objects.get(payment__batch=_october())
    return withdraw_hand_payment(proposal=proposal, by=person, reason="Not so", at=AT)


@at_that_moment
def ask_about_october(person):
    line = PaymentLine.objects.filter(payment__batch=_october(), payment__author=person).first()
    return ask_about_line(line=line, author=person, text="Only these?", at=AT)


@at_that_moment
def answer_with_an_adjustment(person):
    return answer_dispute(
        dispute=Dispute.objects.get(), outcome="accepted", text="A day was missing",
        amount=Decimal(3), by=person, at=AT,
    )  # fmt: skip


@at_that_moment
def comment_with_files(person):
    files = [File(f"{name}.txt", "text/plain", b"As agreed", False) for name in ("one", "two")]
    return add_comment(batch=_october(), text="See both", by=person, files=files, at=AT)


@at_that_moment
def export_october(person):
    return export_payments(batch=_october(), by=person, at=AT)


def _october():
    return PayoutBatch.objects.standing().get(month=OCTOBER)


def die_in(act, person, step):
    """Let a process act, killed at a step; return how it ended: 0 if unharmed.

    Two steps are the moments before and after a statement, or before and after a COMMIT.
    """
    process = _start(_act_until, act, person.pk, step)
    process.join()
    return process.exitcode


def _act_until(act, person, fatal_step):
    moments = itertools.count()

    def take_step():
        if next(moments) == fatal_step:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(execute, *arguments):
        take_step()
        result = execute(*arguments)
        take_step()
        return result

    commit = connection._commit
    connection._commit = lambda: around(commit)
    with connection.execute_wrapper(around):
        act(User.objects.get(pk=person))


def act_at_once(act, people):
    """Let each of the people act in a separate process. Return each one's error, or None."""
    barrier, answers = PROCESSES.Barrier(len(people)), PROCESSES.SimpleQueue()
    processes = [_start(_act_and_tell, act, person.pk, barrier, answers) for person in people]
    told = [answers.get() for _ in processes]
    for process in processes:
        process.join()
    return told


def _act_and_tell(act, person, barrier, answers):
    person = User.objects.get(pk=person)
    barrier.wait(60)
    try:
        act(person)
    except BillingError as error:
        answers.put(str(error))
    except Exception as error:
        answers.put(error)
    else:
        answers.put(None)


def _start(target, *arguments):
    PROCESSES.set_forkserver_preload([__name__])
    process = PROCESSES.Process(
        target=_run, args=(connection.settings_dict["NAME"], target, *arguments)
    )
    process.start()
    return process


def _run(database, target, *arguments):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    connection.settings_dict["NAME"] = database
    connection.ensure_connection()
    target(*arguments)
