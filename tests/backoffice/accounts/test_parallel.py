"""Many attempts at one moment: each wrong password counts, and each code works once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import time_machine
from axes.models import AccessAttempt
from django.db import connection
from django.db.models import Sum
from django.test import Client

from tests.backoffice.accounts.signing_in import (
    code_now,
    enter_code,
    enter_password,
    give_app,
    give_codes,
    is_signed_in,
    make_person,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

MANY = 8


def at_once(act, items):
    barrier = Barrier(len(items))

    def run(item):
        barrier.wait(timeout=60)
        try:
            return act(item)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(items)) as pool:
        return list(pool.map(run, items))


def test_each_wrong_password_of_a_crowd_counts():
    edda = make_person("edda")
    clients = [Client() for _ in range(MANY)]
    answers = at_once(lambda client: enter_password(client, edda, "wrong").status_code, clients)
    assert set(answers) <= {200, 429}
    counted = AccessAttempt.objects.aggregate(sum=Sum("failures_since_start"))["sum"]
    refused_unread = MANY - counted  # locked already: not tried, not counted
    assert counted >= 5
    assert refused_unread <= answers.count(429)
    assert enter_password(Client(), edda).status_code == 429


@pytest.mark.thorough
@pytest.mark.parametrize("kind", ["app", "recovery code"])
def test_code_lets_one_of_a_crowd_in(kind, settings):
    settings.AXES_FAILURE_LIMIT = settings.SIGN_IN_FAILURES_OF_ACCOUNT = 100
    edda = give_app(make_person("edda"))
    codes = give_codes(edda)
    clients = [Client() for _ in range(MANY)]
    with time_machine.travel("2026-11-27 10:00:05+00:00", tick=False):
        for client in clients:
            enter_password(client, edda)
        code = code_now() if kind == "app" else codes[0]
        at_once(lambda client: enter_code(client, code), clients)
        assert [is_signed_in(client) for client in clients].count(True) == 1
