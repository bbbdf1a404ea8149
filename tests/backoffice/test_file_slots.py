"""A machine reads few files at once; a request is asked to try again, and a command waits."""

import io
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from django.conf import settings as project

from backoffice import bounded, tables
from backoffice.bounded import Bounds, MachineBusy, run_bounded
from backoffice.limits.queries import limit_queries
from tests.factories import make_category, make_user
from tests.weblog.uploads import confirm, upload
from weblog.html import bounded as html
from weblog.models import Blog
from weblog.pictures import preparing

pytestmark = [pytest.mark.any_database, pytest.mark.slow]

BUSY = "The machine is reading other files. Try again in a minute."


@pytest.fixture(autouse=True)
def one_slot(settings, tmp_path, monkeypatch):
    settings.FILES_AT_ONCE = 1
    settings.HASH_SLOTS_DIR = tmp_path / "locks"
    settings.UPLOAD_DIR = tmp_path / "uploads"
    monkeypatch.setattr(bounded, "MOST_SECONDS", 0.2)
    return settings


def run(data=b"abc"):
    with run_bounded(
        "tests.backoffice.taking:turn_round",
        io.BytesIO(data),
        what="A.xml",
        advice="Split it.",
        bounds=Bounds(seconds=20),
    ) as answer:
        return answer.read()


def test_request_gives_up_after_a_moment_and_then_is_served():
    with limit_queries(seconds=9):
        with bounded._hold_slot(), pytest.raises(MachineBusy, match=re.escape(BUSY)):
            run()
        assert run() == b"cba"


def test_command_waits_as_long_as_it_takes():
    with ThreadPoolExecutor(1) as threads:
        with bounded._hold_slot():
            made = threads.submit(run)
            time.sleep(0.5)
            assert not made.done()
        assert made.result() == b"cba"


def test_never_more_than_the_slots_at_once(one_slot, monkeypatch):
    one_slot.FILES_AT_ONCE = 2
    running, most, lock = 0, 0, threading.Lock()
    wait = bounded._wait

    def count(process, *, seconds):
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.05)
        code = wait(process, seconds=seconds)
        with lock:
            running -= 1
        return code

    monkeypatch.setattr(bounded, "_wait", count)
    with ThreadPoolExecutor(6) as threads:
        assert list(threads.map(run, [b"ab"] * 8)) == [b"ba"] * 8
    assert most <= 2


def test_few_threads_of_a_worker_wait(monkeypatch):
    monkeypatch.setattr(bounded, "_waiting", threading.BoundedSemaphore(2))
    take, tries = bounded._take_slot, Counter()
    all_have_tried = threading.Barrier(8)

    def count(stack):
        tries[threading.get_ident()] += 1
        if tries[threading.get_ident()] == 1:
            all_have_tried.wait()
        return take(stack)

    def try_one(_):
        with limit_queries(seconds=9), pytest.raises(MachineBusy):
            run()

    with bounded._hold_slot(), ThreadPoolExecutor(8) as threads:
        monkeypatch.setattr(bounded, "_take_slot", count)
        list(threads.map(try_one, range(8)))
    assert len(tries) == 8
    assert sum(times > 1 for times in tries.values()) <= 2


HOLDER = """
import fcntl, sys, time
file = open(sys.argv[1], "w")
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(600)
"""


def test_killed_worker_frees_its_slot(one_slot):
    one_slot.HASH_SLOTS_DIR.mkdir()
    lock = one_slot.HASH_SLOTS_DIR / "file-0.lock"
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, lock], stdout=subprocess.PIPE)
    assert holder.stdout.readline() == b"held\n"
    with limit_queries(seconds=9):
        with pytest.raises(MachineBusy):
            run()
        os.kill(holder.pid, signal.SIGKILL)
        holder.communicate()
        assert run() == b"cba"


def test_each_reader_says_it_as_its_own_refusal():
    with bounded._hold_slot(), limit_queries(seconds=9):
        with pytest.raises(tables.TableRefused, match=BUSY):
            tables.read_table(io.BytesIO(b"a,b\n1,2\n"))
        with pytest.raises(preparing.PictureRefused, match=BUSY):
            preparing.encode_picture(preparing.ContentFile(b"GIF89a", name="a.gif"))
        html._clean_apart.cache_clear()
        text = "<p>&amp;" * (html.FEW_TAGS + html.FEW_ENTITIES + 1)
        with pytest.raises(html.TextRefused, match=BUSY):
            html.clean_html(text)
    html.clean_html(text)  # what was said is not remembered


def test_reserved_slot_is_for_the_first_run_and_is_given_back():
    with limit_queries(seconds=9):
        with bounded.reserve_slot():
            with ThreadPoolExecutor(1) as threads:
                assert threads.submit(bounded.take_slot, ExitStack(), "file", [0]).result() is False
            assert run() == b"cba"
            assert run() == b"cba"
        with bounded.reserve_slot():
            pass
        with bounded._hold_slot(), pytest.raises(MachineBusy), bounded.reserve_slot():
            pass
        assert run() == b"cba"


@pytest.mark.django_db
def test_import_waits_with_its_file_for_a_slot(client):
    client.force_login(make_user(is_superuser=True))
    author, category = make_user().username, make_category().slug
    table = f"slug,title,author,category\na,Hi,{author},{category}\n"
    assert upload(client, table).context["may_import"]
    with bounded._hold_slot():
        response = confirm(client)
        assert (response.status_code, response["Retry-After"]) == (503, "60")
        assert BUSY in response.text
        assert not Blog.objects.exists()
    assert confirm(client).status_code == 200
    assert Blog.objects.get().title == "Hi"


@pytest.mark.django_db
def test_upload_without_a_slot_is_refused_in_its_form(client):
    client.force_login(make_user(is_superuser=True))
    with bounded._hold_slot():
        response = upload(client, "title,content\nA,b")
    assert response.status_code == 200
    assert BUSY in response.text


def test_documents_name_the_most_memory():
    from billing.bank.results.apart import MOST_MEMORY

    megabytes = max(MOST_MEMORY, tables.BOUNDS.memory, preparing.BOUNDS.memory) // 10**6
    for name in ("docs/operations.md", ".env.example"):
        assert f"{megabytes} MB" in (project.BASE_DIR / name).read_text()
