import sys

import pytest
from django.core import mail
from django.core.management import BaseCommand, CommandError

from backoffice import command_line

pytestmark = pytest.mark.any_database


@pytest.fixture
def run(monkeypatch, settings):
    """Return a function that runs a command which raises the given error."""
    settings.ADMINS = ["ines@example.org"]

    def run(error, *, name="some_command", is_terminal=False):
        class Command(BaseCommand):
            requires_system_checks = ()

            def handle(self, **options):
                if error:
                    raise error

        monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal, raising=False)
        monkeypatch.setattr(
            command_line, "execute_from_command_line", lambda argv: Command().run_from_argv(argv)
        )
        command_line.run_command_line(["manage.py", name])

    return run


def test_command_that_works_tells_nobody(run):
    run(None)
    assert mail.outbox == []


@pytest.mark.parametrize("is_terminal", [True, False])
def test_bug_in_a_command_is_mailed_wherever_it_was_typed(run, is_terminal):
    with pytest.raises(ValueError, match="geheim"):
        run(ValueError("geheim"), is_terminal=is_terminal)
    (message,) = mail.outbox
    assert message.subject == "[Imprint] Error: The command some_command failed."
    assert "ValueError" in message.body
    assert "geheim" not in message.body


def test_failure_is_mailed_where_nobody_looks_on(run):
    with pytest.raises(SystemExit):
        run(CommandError("No price for Tech."))
    assert "some_command failed: No price for Tech." in mail.outbox[0].subject


def test_failure_on_a_terminal_was_seen(run):
    with pytest.raises(SystemExit):
        run(CommandError("No price for Tech."), is_terminal=True)
    assert mail.outbox == []


def test_job_that_failed_has_told_it_already(run):
    with pytest.raises(SystemExit):
        run(SystemExit(1), name="run_job")
    assert mail.outbox == []


def test_exit_code_alone_is_told(run):
    with pytest.raises(SystemExit):
        run(SystemExit(3))
    assert "It ended with 3." in mail.outbox[0].subject
