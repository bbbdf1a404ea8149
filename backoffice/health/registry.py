"""The registry of health checks and metrics. Each app registers its own in ready()."""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from django.db import DatabaseError, InterfaceError, connection
from prometheus_client.core import Metric

logger = logging.getLogger(__name__)

DATABASE = "database"


@dataclass(frozen=True)
class Result:
    """The answer of a check. Administrators read the detail: keep it short and without secrets."""

    ok: bool
    detail: str = ""
    numbers: dict[str, float | None] = field(default_factory=dict)


Check = Callable[[], Result | dict[str, Result]]
Collector = Callable[[], Iterable[Metric]]


@dataclass(frozen=True)
class _Registered:
    check: Check
    needs_database: bool
    is_told: bool


_checks: dict[str, _Registered] = {}
_collectors: dict[str, tuple[Collector, bool]] = {}


def register_check(
    name: str, check: Check, *, needs_database: bool = True, is_told: bool = True
) -> None:
    """Let /readyz ask `check`, which answers with one result, or with several by name.

    A failure of one that `is_told` is mailed to ADMINS; others are told where they happen.
    """
    _checks[name] = _Registered(check, needs_database, is_told)


def register_metrics(name: str, collector: Collector, *, needs_database: bool = True) -> None:
    """Let /metrics show what `collector` yields, worked out at each scrape."""
    _collectors[name] = collector, needs_database


def run_checks() -> dict[str, Result]:
    """Return the result of every check. A check that raises has failed."""
    results = {DATABASE: _check_database()}
    for name, registered in _checks.items():
        if registered.needs_database and not results[DATABASE].ok:
            results[name] = Result(False, "not tried: the database does not answer")
        else:
            results |= _run(name, registered.check)
    return results


def tell_failing_checks() -> None:
    """Log failing checks, which mails ADMINS once an hour. Jobs and requests call this often."""
    for name, registered in _checks.items():
        if not registered.is_told:
            continue
        for part, result in _run(name, registered.check).items():
            if not result.ok:
                logger.error(
                    "The check %s fails: %s",
                    part,
                    result.detail or "see /readyz",
                    extra={"kind": f"check {part}"},
                )


def _check_database():
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, InterfaceError) as error:
        return Result(False, type(error).__name__)
    return Result(True)


def _run(name, check):
    try:
        answer = check()
    except Exception as error:
        logger.exception("The check %s failed.", name)
        return {name: Result(False, type(error).__name__)}
    return {name: answer} if isinstance(answer, Result) else answer


def collect_metrics(*, has_database: bool) -> Iterator[Metric]:
    """Yield all metrics. If a collector raises, log it and leave it out."""
    for name, (collector, needs_database) in _collectors.items():
        if needs_database and not has_database:
            continue
        try:
            yield from list(collector())
        except Exception:
            logger.exception("The metrics of %s could not be worked out.", name)
