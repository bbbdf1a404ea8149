"""Functions to run in another process. Most of them use too much of something."""

import os
import time

from backoffice.bounded_child import Refused


def turn_round(source, answer, more=""):
    answer.write(source.read()[::-1] + more.encode())


def refuse(source, answer):
    answer.write(b"half an answer")
    raise Refused("“ä” is no file.")


def take_time(source, answer):
    time.sleep(30)


def take_processor(source, answer):
    while True:
        pass


def take_memory(source, answer):
    answer.write(b"x" * 10**9)


def take_room(source, answer):
    while True:
        answer.write(b"x" * 100_000)


def recurse(source, answer):
    recurse(source, answer)


def crash(source, answer):
    os.abort()


def tell_environment(source, answer):
    answer.write(" ".join(sorted(os.environ)).encode())
