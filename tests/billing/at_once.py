"""Several people do the same at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from django.db import connection

from billing.errors import BillingError


def at_once(act, number=8):
    """Run `act(n)` in that many threads that start together. Return results and errors."""
    barrier = Barrier(number)

    def run(n):
        try:
            barrier.wait()
            return act(n)
        except BillingError as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(run, range(number)))
