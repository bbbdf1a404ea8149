"""What the home page shows about jobs, to people who may see their runs."""

from collections.abc import Iterator

from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone

from backoffice.home import Section, register_sections
from backoffice.jobs.watching import Watched, find_problems, sum_up, watch_list


def offer_home() -> None:
    register_sections("jobs", list_sections, order=90)


def list_sections(user: User) -> Iterator[Section]:
    if not user.has_perm("backoffice.view_jobrun"):
        return
    watched = watch_list()
    if problems := _list_problems(watched):
        template = "backoffice/home/job_problems.html"
        yield Section("job_problems", template, problems, is_warning=True)
    runs = [one.latest for one in watched if one.latest]
    yield Section("job_runs", "backoffice/home/job_runs.html", runs)


def _list_problems(watched: list[Watched]) -> list[dict[str, str]]:
    at = timezone.now()
    problems = sum_up(find_problems(at=at, watched=watched), watched, at=at)
    link = reverse("admin:backoffice_jobrun_changelist")
    names = {one.name for one in watched}
    return [
        {"text": one.text, "link": f"{link}?name={one.job}" if one.job in names else link}
        for one in problems
    ]
