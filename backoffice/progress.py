"""A bar on a terminal that shows how far a command is."""

from django.core.management.base import OutputWrapper

BAR_WIDTH = 24
LINE_WIDTH = 79  # of a terminal, which is 80 columns wide by default


class Progress:
    """Draws line over line on a terminal, and nothing elsewhere. Use as a context.

    with Progress(self.stderr) as progress:
        progress.show("...")
    """

    def __init__(self, stream: OutputWrapper) -> None:
        self._stream = stream
        self._is_begun = False

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *error: object) -> None:
        if self._is_begun:
            self._stream.write("")

    @property
    def is_seen(self) -> bool:
        return self._stream.isatty()

    def show(self, line: str) -> None:
        """Draw the line over the last one, cut at the width of a terminal."""
        if self.is_seen:
            self._is_begun = True
            line = f"\r{line:<{LINE_WIDTH}.{LINE_WIDTH}}"
            self._stream.write(line, style_func=str, ending="")
            self._stream.flush()


def draw_bar(done: int, steps: int) -> str:
    """Return a bar with its percentage. Without steps it is empty."""
    share = done / (steps or 1)
    return f"[{'#' * int(share * BAR_WIDTH):<{BAR_WIDTH}}] {share:4.0%}"
