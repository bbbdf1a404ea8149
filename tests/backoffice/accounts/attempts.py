"""Attempts to sign in with a wrong password."""

from django.test import Client
from django.urls import reverse

HOME, AWAY = "192.0.2.1", "198.51.100.7"
WRONG = "not the password"


def try_password(username, password=WRONG, *, address=HOME, client=None, **headers):
    return (client or Client()).post(
        reverse("admin:login"),
        {"username": username, "password": password, "next": reverse("admin:index")},
        REMOTE_ADDR=address,
        **headers,
    )


def fail(username, times, **where):
    return [try_password(username, **where).status_code for _ in range(times)]
