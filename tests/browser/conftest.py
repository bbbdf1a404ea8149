import contextlib
import fcntl
import json
import os
import re
import shutil
import sqlite3
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection
from django.test import Client
from playwright.sync_api import expect

from tests.factories import FIREFOX, make_user

# The one without windows first: a page costs it a sixth of the time.
PROGRAMS = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"]
CHROMIUM = next(filter(None, map(shutil.which, PROGRAMS)), None)
# Fields of dates have the language of the browser, whatever that of a page.
ARGUMENTS = ["--no-sandbox", "--lang=en-GB"]

expect.set_options(timeout=20_000)  # a busy machine is slow, not wrong

# Playwright's own event loop makes Django take the whole thread for asynchronous.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


def pytest_collection_modifyitems(items):
    if CHROMIUM is None:
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="No Chromium on this machine."))


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": ARGUMENTS}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args):
    return {
        **browser_context_args,
        "user_agent": FIREFOX,  # a person's: the headless one's own name is a robot's
        "viewport": {"width": 1440, "height": 900},
        "color_scheme": "light",
        "timezone_id": "Europe/Berlin",
        "locale": "en-GB",
    }


@pytest.fixture(scope="session")
def demo_file(tmp_path_factory):
    """Where the first test of a run that asks for the demo leaves a copy of its database."""
    folder = tmp_path_factory.getbasetemp()
    return (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "demo.sqlite3"


@pytest.fixture
def demo(transactional_db, demo_file):
    """The demo's publishing house, as {username: password}.

    To set it up takes half a minute of the processor, so all workers share one.
    """
    if not apps.is_installed("billing"):
        return make_weblog_alone()
    passwords = demo_file.with_suffix(".json")
    with demo_file.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not passwords.exists():
            found = set_up_demo(demo_file)
            passwords.write_text(json.dumps(found))
            return found
    connection.ensure_connection()
    with contextlib.closing(sqlite3.connect(demo_file)) as copy:
        copy.backup(connection.connection)
    ContentType.objects.clear_cache()
    return json.loads(passwords.read_text())


def set_up_demo(copy_to):
    from billing.demo import set_up

    accounts_file = copy_to.with_suffix(".txt")
    set_up(accounts_file=accounts_file)
    with contextlib.closing(sqlite3.connect(copy_to)) as copy:
        connection.connection.backup(copy)
    return dict(re.findall(r"^  (\S+) +(\S+) +\S+$", accounts_file.read_text(), re.MULTILINE))


def make_weblog_alone():
    """Make the demo's editor, authors and blogs, without anything of billing."""
    people = {
        "editor": ("Edda", "Editor", "Editors"),
        "demo.ada": ("Ada", "Example", "Authors"),
        "demo.bruno": ("Bruno", "Sample", "Authors"),
        "demo.chiara": ("Chiara", "Specimen", "Authors"),
    }
    fixtures = settings.BASE_DIR / "fixtures"
    call_command("loaddata", fixtures / "10_groups.json", verbosity=0)
    for username, (first_name, last_name, group) in people.items():
        make_user(username, first_name=first_name, last_name=last_name, groups=[group])
    blogs = (fixtures / "20_categories.json", fixtures / "40_demo_blogs.json")
    call_command("loaddata", *blogs, verbosity=0)
    return dict.fromkeys(people, "secret")


@pytest.fixture
def sign_in(browser, browser_context_args, live_server, demo):
    """Return a function that opens the home page of a person, in a browser of their own.

    They are signed in already: test_signing_in.py types what is to be typed.
    """
    contexts = []

    def sign_in(username, **options):
        context = browser.new_context(**browser_context_args | options)
        contexts.append(context)
        client = Client()
        client.force_login(User.objects.get_by_natural_key(username))
        name = settings.SESSION_COOKIE_NAME
        cookie = {"name": name, "value": client.cookies[name].value, "url": live_server.url}
        context.add_cookies([cookie])
        page = context.new_page()
        page.goto(f"{live_server.url}/admin/")
        expect(page.get_by_role("heading", name="What waits for you")).to_be_visible()
        return page

    yield sign_in
    for context in contexts:
        context.close()


@pytest.fixture
def take_picture():
    """Return a function that saves a picture of the page, if SCREENSHOTS names a folder."""
    folder = os.environ.get("SCREENSHOTS")

    def take_picture(page, name, **options):
        if folder:
            page.wait_for_timeout(800)  # the chart moves into place
            page.screenshot(path=Path(folder) / f"{name}.png", **options)

    return take_picture
