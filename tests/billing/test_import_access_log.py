import gzip
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from billing.models import AccessLogImport, BlogView
from tests.factories import make_blog, make_line

pytestmark = pytest.mark.django_db

SAMPLE = Path(settings.BASE_DIR) / "fixtures" / "sample_access.log"


def run(*arguments):
    output = StringIO()
    call_command("import_access_log", *map(str, arguments), stdout=output)
    return output.getvalue()


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "access.log"
    path.write_bytes(make_line() + b"\n")
    return path


@pytest.fixture
def blog():
    return make_blog(slug="arp-security")


def test_pages_are_our_own_unless_told(blog, log):
    output = run(log)
    assert output.startswith("1 lines received from access.log\n        1 counted\n")
    assert AccessLogImport.objects.get().path_pattern == "^/blogs/(?P<slug>[-a-zA-Z0-9_]+)/$"


def test_path_pattern_tells_the_pages(blog, log):
    log.write_bytes(make_line("GET /blog/arp/security.html HTTP/1.1"))
    assert "1 not a page\n" in run(log)
    assert "1 counted\n" in run(log, "--path-pattern", r"^/blog/(?P<slug>.*)\.html$")


def test_gzip_is_imported(blog, log):
    log.write_bytes(gzip.compress(make_line()))
    assert "1 counted\n" in run(log)


def test_dry_run_says_so_and_writes_nothing(blog, log):
    output = run(log, "--dry-run")
    assert "1 counted\n" in output
    assert output.endswith("\nDry run: nothing was written.\n")
    assert not BlogView.objects.exists()


def test_help_shows_the_default_pattern(capsys):
    with pytest.raises(SystemExit) as end:
        call_command("import_access_log", "--help")
    assert end.value.code in (0, None)
    assert "/blogs/" in capsys.readouterr().out


def test_failures_are_told_in_one_sentence(blog, log, tmp_path):
    with pytest.raises(CommandError, match=r"nothing\.log can't be read: No such file"):
        run(tmp_path / "nothing.log")
    with pytest.raises(CommandError, match="no group named slug"):
        run(log, "--path-pattern", "blog")


def test_gzip_that_breaks_off_can_be_imported_again_once_it_is_whole(blog, log):
    whole = gzip.compress(b"\n".join(make_line(host=f"192.0.2.{host}") for host in range(100)))
    log.write_bytes(whole[:-20])
    with pytest.raises(CommandError, match="breaks off"):
        run(log)
    assert AccessLogImport.objects.get().finished_at is None
    log.write_bytes(whole)
    assert "100 counted\n" in run(log)


def test_report_of_the_sample_has_every_heading():
    for slug in ("paper-notebook", "night-train-latency", "slowest-swimmer"):
        make_blog(slug=slug)
    make_blog(slug="learning-to-see-keyboards", status="draft")
    assert run(SAMPLE) == (
        "40 lines received from sample_access.log\n"
        "       18 counted\n"
        "        0 not yet counted\n"
        "        4 double click\n"
        "        4 robot\n"
        "        3 malformed: line 29, 35, 38\n"
        "        4 not a successful GET\n"
        "        3 not a page\n"
        "        1 unknown blog\n"
        "        1 blog not published\n"
        "        1 in the future\n"
        "        1 already imported\n"
    )
