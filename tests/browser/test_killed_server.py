"""A server that is killed under a button: the step is whole or none, and the words are there."""

import os
import re
import socket
import subprocess
import sys

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import reverse
from playwright.sync_api import expect

from tests.browser.dying_server import MOMENTS
from tests.browser.writing import WORDS, body_of, confirm, press, write
from tests.deploy.servers import find_free_port, wait_for
from tests.factories import make_blog, make_groups, make_user
from weblog.models import Blog

pytestmark = pytest.mark.thorough

STEPS = [
    ("Save", "draft", "draft"),
    ("Submit for review", "draft", "in_review"),
    ("Publish", "in_review", "published"),
]
OLD = "<p>Once upon a time.</p>"


class Server:
    def __init__(self, folder):
        self.port, self.file, self.process = find_free_port(), folder / "dies", None
        self.log = folder / "server.log"
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self):
        name = connection.settings_dict["NAME"]
        environment = {
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "DATABASE_URL": f"sqlite:///{name}",
        }
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.browser.dying_server", str(self.port), self.file],
                env=os.environ | environment,
                cwd=settings.BASE_DIR,
                stderr=log,
            )
        wait_for(self.is_up, seconds=60)

    def is_up(self):
        assert self.process.poll() is None, self.log.read_text()
        with socket.socket() as sock:
            return sock.connect_ex(("127.0.0.1", self.port)) == 0

    def dies_at(self, moment):
        self.file.write_text(moment)

    def start_again(self):
        assert self.process.wait(timeout=30) == -9
        self.file.unlink()
        self.start()


@pytest.fixture
def server(transactional_db, tmp_path):
    if connection.vendor != "sqlite":
        pytest.skip("the server is told of a file")
    make_groups("10_groups.json")
    server = Server(tmp_path)
    server.start()
    yield server
    server.process.kill()
    server.process.wait()


@pytest.fixture
def edda(page, server):
    client = Client()
    client.get(reverse("admin:login"))  # each sign-in has a token of its own
    client.force_login(make_user("edda", first_name="Edda", groups=["Editors"]))
    cookies = [
        {"name": name, "value": cookie.value, "url": server.url}
        for name, cookie in client.cookies.items()
    ]
    page.context.add_cookies(cookies)


def take_step(page, step):
    if step == "Save":
        page.get_by_role("button", name="Save and continue editing").click()
        page.wait_for_timeout(500)
    else:
        confirm(page)
        alert = page.locator("#dialog").get_by_role("alert").filter(has_text="did not answer")
        expect(alert).to_be_visible()


CASES = [
    *((*STEPS[0], moment) for moment in MOMENTS[1:3]),
    *((*STEPS[1], moment) for moment in MOMENTS[1::2]),
    *((*STEPS[2], moment) for moment in MOMENTS),
]


@pytest.mark.parametrize(("step", "old", "new", "moment"), CASES)
def test_step_is_whole_or_none_and_the_words_are_there(page, server, edda, step, old, new, moment):
    blog = make_blog(title="Night train", status=old, body=OLD)
    address = server.url + reverse("admin:weblog_blog_change", args=[blog.pk])
    page.goto(address)
    write(page)
    if step != "Save":
        press(page, step)
    server.dies_at(moment)
    take_step(page, step)
    server.start_again()

    blog = Blog.objects.get(pk=blog.pk)
    if moment == "after the commit":
        assert WORDS in blog.body
        assert (blog.status, blog.history.count()) == (new, 2)
    else:
        assert (blog.body, blog.status, blog.history.count()) == (OLD, old, 1)

    page.goto(address)
    if moment != "after the commit":
        expect(page.get_by_role("status")).to_contain_text(re.compile("your text|words"))
        put_back = page.get_by_role("button", name="Put it back")
        if put_back.is_visible():
            put_back.click()
        expect(body_of(page)).to_contain_text(WORDS)
        page.get_by_role("button", name="Save and continue editing").click()
        expect(page.get_by_text("was changed successfully")).to_be_visible()
        blog.refresh_from_db()
    expect(page.locator("main, #content-main").first).to_contain_text(WORDS)
    assert WORDS in blog.body
