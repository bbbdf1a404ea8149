import io

import pytest
from django.core.management.base import OutputWrapper

from backoffice.progress import Progress, draw_bar

pytestmark = pytest.mark.any_database


class Terminal(io.StringIO):
    def isatty(self):
        return True


def show(stream, *lines):
    with Progress(OutputWrapper(stream)) as progress:
        for line in lines:
            progress.show(line)
    return stream.getvalue()


def test_line_is_drawn_over_the_one_before_and_hides_it():
    assert show(Terminal(), "first line", "second") == f"\r{'first line':<79}\r{'second':<79}\n"


def test_nothing_is_drawn_where_nobody_looks():
    assert show(io.StringIO(), "first line") == ""


def test_what_was_never_shown_leaves_no_line_behind():
    assert show(Terminal()) == ""


def test_line_is_cut_at_the_width():
    assert show(Terminal(), "x" * 100) == "\r" + "x" * 79 + "\n"


@pytest.mark.parametrize(
    ("done", "steps", "bar"),
    [
        (0, 0, "[                        ]   0%"),
        (1, 4, "[######                  ]  25%"),
        (7, 7, "[########################] 100%"),
    ],
)
def test_bar_grows_with_what_is_done(done, steps, bar):
    assert draw_bar(done, steps) == bar
