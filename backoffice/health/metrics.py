"""The numbers of /metrics, worked out at each scrape, so that all workers agree.

Counters in a worker's memory would have to be merged between processes, and jobs are processes of
their own. Only errors are counted as they happen: in the files of alerts.
"""

from collections.abc import Iterator

from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from backoffice import alerts
from backoffice.health.registry import DATABASE, collect_metrics, register_metrics, run_checks
from backoffice.jobs import watching


class _Collector:
    def collect(self) -> Iterator[Metric]:
        ready = GaugeMetricFamily(
            "imprint_ready", "1 where a check of /readyz passes.", labels=["check"]
        )
        results = run_checks()
        for name, result in results.items():
            ready.add_metric([name], result.ok)
        yield ready
        yield _count_errors()
        yield from collect_metrics(has_database=results[DATABASE].ok)


def write_metrics() -> bytes:
    """Return all metrics in the text format of Prometheus."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector())
    return generate_latest(registry)


def register_own_metrics() -> None:
    register_metrics("jobs", collect_job_metrics)


def collect_job_metrics() -> Iterator[Metric]:
    at = timezone.now()
    age = GaugeMetricFamily(
        "imprint_job_success_age_seconds", "Since the last success of a job began.", labels=["job"]
    )
    took = GaugeMetricFamily(
        "imprint_job_duration_seconds", "How long its last success took.", labels=["job"]
    )
    failed = GaugeMetricFamily(
        "imprint_job_failed", "1 if the latest run of a job failed.", labels=["job"]
    )
    late = GaugeMetricFamily(
        "imprint_job_problem", "1 if a job is late, hangs or never ran.", labels=["job"]
    )
    watched = watching.watch_list()
    problems = {problem.job for problem in watching.find_problems(at=at, watched=watched)}
    for one in watched:
        late.add_metric([one.name], one.name in problems)
        if one.latest:
            failed.add_metric([one.name], one.latest.status == one.latest.Status.FAILED)
        if (seconds := watching.seconds_since_success(one, at=at)) is not None:
            age.add_metric([one.name], seconds)
        if (run := one.last_success) and run.finished_at:
            took.add_metric([one.name], (run.finished_at - run.started_at).total_seconds())
    yield from (age, took, failed, late)


def _count_errors():
    errors = CounterMetricFamily(
        "imprint_errors", "Errors that were logged on this machine.", labels=["logger"]
    )
    for source, times in sorted(alerts.count_failures().items()):
        errors.add_metric([source], times)
    return errors
