"""Formats by their keys, in the order in which they came."""

from typing import Protocol

from django.core.exceptions import ImproperlyConfigured


class _Keyed(Protocol):
    @property
    def key(self) -> str: ...


class Registry[Format: _Keyed](dict[str, Format]):
    def __init__(self, noun: str):
        super().__init__()
        self.noun = noun

    def register(self, format: Format) -> None:
        """Take a format in, after those that are there. Raises ImproperlyConfigured."""
        if format.key in self:
            raise ImproperlyConfigured(f"There are two {self.noun}s with the key “{format.key}”.")
        self[format.key] = format
