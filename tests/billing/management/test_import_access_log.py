import bz2
import gzip
import hashlib
import sys
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from billing.management.commands.import_access_log import describe_progress
from billing.models import AccessLogImport, BlogView
from tests.factories import make_blog, make_line
from weblog.models import OldAddress

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


@pytest.mark.any_database
def test_pages_are_our_own_unless_told(blog, log):
    output = run(log)
    assert output.startswith("1 lines received from access.log\n        1 counted\n")
    assert AccessLogImport.objects.get().path_pattern == "^/blogs/(?P<slug>[-a-zA-Z0-9_]+)/$"


def test_view_under_a_former_slug_counts_for_the_blog_and_a_redirect_does_not(blog, log):
    other = make_blog()
    OldAddress.objects.create(slug="arp", blog=blog)
    OldAddress.objects.create(slug=blog.slug, blog=other)
    lines = [
        make_line("GET /blogs/arp/ HTTP/1.1", host="192.0.2.2"),
        make_line("GET /blogs/arp/ HTTP/1.1", host="192.0.2.3", status="301"),
        make_line(host="192.0.2.4"),
        make_line("GET /blogs/never/ HTTP/1.1"),
    ]
    log.write_bytes(b"\n".join(lines))
    output = run(log)
    assert "2 counted\n" in output
    assert "1 not a successful GET\n" in output
    assert "1 unknown blog\n" in output
    assert {view.blog for view in BlogView.objects.all()} == {blog}


@pytest.mark.any_database
def test_path_pattern_tells_the_pages(blog, log):
    log.write_bytes(make_line("GET /blog/arp/security.html HTTP/1.1"))
    assert "1 not a page\n" in run(log)
    assert "1 counted\n" in run(log, "--path-pattern", r"^/blog/(?P<slug>.*)\.html$")


@pytest.mark.any_database
def test_gzip_is_imported(blog, log):
    log.write_bytes(gzip.compress(make_line()))
    assert "1 counted\n" in run(log)


@pytest.mark.any_database
@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress])
def test_log_is_read_from_standard_input(blog, monkeypatch, pack):
    data = pack(make_line())
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(data)))
    assert run("-").startswith("1 lines received from standard input\n        1 counted\n")
    assert AccessLogImport.objects.get().sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.any_database
def test_trusted_proxies_are_those_of_the_settings_unless_told(blog, log):
    with log.open("ab") as file:
        for host in (1, 2):
            file.write(make_line(time="17/May/2015:12:00:00 +0000", more=f' "203.0.113.{host}"'))
            file.write(b"\n")
    assert "1 double click\n" in run(log, "--dry-run")
    assert "0 double click\n" in run(log, "--dry-run", "--trusted-proxies", 1)


@pytest.mark.any_database
def test_progress_is_drawn_on_a_terminal_alone(blog, log):
    errors = StringIO()
    call_command("import_access_log", str(log), stdout=StringIO(), stderr=errors)
    assert errors.getvalue() == ""
    errors.isatty = lambda: True
    call_command("import_access_log", str(log), stdout=StringIO(), stderr=errors)
    bar = "[" + "#" * 24 + "] 100% 1 lines, "
    assert errors.getvalue().startswith("\r" + bar)
    assert errors.getvalue().endswith(" \n")


@pytest.mark.any_database
@pytest.mark.parametrize(
    ("bytes_read", "lines", "seconds", "text"),
    [
        (25, 5000, 10, "[######                  ]  25% 5,000 lines, 500/s, 0:30 left"),
        (1, 5000, 60, "[                        ]   1% 5,000 lines, 83/s, 99:00 left"),
        (100, 5000, 0, "[########################] 100% 5,000 lines, 5,000/s, 0:00 left"),
        (101, 5000, 2, "5,000 lines, 2,500/s"),
    ],
)
def test_progress_tells_the_time_left(bytes_read, lines, seconds, text):
    assert describe_progress(bytes_read, 100, lines, seconds) == text


def test_dry_run_says_so_and_writes_nothing(blog, log):
    output = run(log, "--dry-run")
    assert "1 counted\n" in output
    assert output.endswith("\nDry run: nothing was written.\n")
    assert not BlogView.objects.exists()


@pytest.mark.any_database
def test_help_shows_the_default_pattern(capsys):
    with pytest.raises(SystemExit) as end:
        call_command("import_access_log", "--help")
    assert end.value.code in (0, None)
    assert "/blogs/" in capsys.readouterr().out


@pytest.mark.any_database
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
    assert not AccessLogImport.objects.exists()  # nothing of it came in
    log.write_bytes(whole)
    assert "100 counted\n" in run(log)


def test_report_of_the_sample_has_every_heading():
    for slug in ("paper-notebook", "night-train-latency", "slowest-swimmer"):
        make_blog(slug=slug)
    make_blog(slug="learning-to-see-keyboards", status="draft")
    assert run(SAMPLE) == (
        "44 lines received from sample_access.log\n"
        "       22 counted\n"
        "        0 not yet counted\n"
        "        4 double click\n"
        "        5 robot\n"
        "        0 remark\n"
        "        2 malformed: line 29, 35\n"
        "        4 not a successful GET\n"
        "        3 not a page\n"
        "        1 unknown blog\n"
        "        1 blog not published\n"
        "        1 in the future\n"
        "        0 past retention\n"
        "        1 already imported\n"
    )


def test_log_of_an_unknown_format_ends_with_the_formats_that_are_known(log):
    log.write_bytes(b"at=info method=GET path=/blogs/a/\n" * 5)
    with pytest.raises(CommandError, match=r"(?s)It begins:\n    at=info .*Known formats: .*IIS"):
        run(log)
    assert not AccessLogImport.objects.exists()
