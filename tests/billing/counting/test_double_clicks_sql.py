"""The rule as SQL comes to what the rule in plain Python comes to."""

import datetime as dt
import hashlib
import re
from collections import defaultdict

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.counting.double_clicks import as_microseconds, write_double_clicks
from tests.factories import make_blog, make_click, make_user

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]

WINDOW = 30_000_000  # microseconds
DAY = 86_400_000_000
LINE = re.compile(r'^(?P<address>\S+) .*?\[(?P<at>[^]]+)\] "\S+ (?P<path>\S+)(?P<rest>.*)$')
COLUMNS = ("id", "blog_id", "reader_key", "previous_day_key", "excluded_by", "moment")


def find_double_clicks(views):
    """Return the ids of the clicks that are double, told apart one by one."""
    followers = defaultdict(list)
    for view in views:
        pk, blog, key, key_before, excluded_by, moment = view
        if not excluded_by:
            for reader in {key, key_before} - {None}:
                followers[blog, reader].append((moment, pk))
    return {
        pk
        for pk, blog, key, _, excluded_by, moment in views
        if not excluded_by
        and any(
            (moment, pk) < follower and follower[0] - moment <= WINDOW
            for follower in followers[blog, key]
        )
    }


def ask_database(views):
    """Return {id: is_double} by the SQL, over a table with such rows."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS clicks")
        cursor.execute(
            "CREATE TEMPORARY TABLE clicks (id text, blog_id integer, reader_key text, "
            "previous_day_key text, excluded_by text, moment bigint)"
        )
        marks = ", ".join(["%s"] * len(COLUMNS))
        cursor.executemany(f"INSERT INTO clicks VALUES ({marks})", views)  # noqa: S608
        cursor.execute(write_double_clicks("clicks"))
        names = [column[0] for column in cursor.description]
        place, told = names.index("id"), names.index("is_double")
        return {row[place]: row[told] for row in cursor.fetchall()}


def key_of(reader, day):
    return hashlib.sha256(f"{reader} {day}".encode()).hexdigest()[:32]


def make_view(pk, blog, reader, moment, excluded_by=""):
    """Return a view with the keys that it has: just after midnight, that of the day before too."""
    day, since_midnight = divmod(moment, DAY)
    before = key_of(reader, day - 1) if since_midnight < WINDOW else None
    return (f"{pk:032x}", blog, key_of(reader, day), before, excluded_by, moment)


def assert_alike(views):
    people = {view[0] for view in views if not view[4]}
    double = find_double_clicks(views)
    assert ask_database(views) == {pk: int(pk in double) for pk in people}
    return len(double)


near = st.sampled_from([0, 1, WINDOW - 1, WINDOW, WINDOW + 1, WINDOW // 2, 45_000_000, 61_000_000])
clicks = st.lists(
    st.tuples(
        st.integers(1, 2),  # the blog
        st.sampled_from("ab"),  # the reader
        st.tuples(st.integers(-1, 2), near).map(lambda parts: parts[0] * WINDOW + parts[1]),
        st.sampled_from(["", "", "", "counter: bot"]),
    ),
    max_size=30,
)


@pytest.mark.thorough
@settings(max_examples=200, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(clicks=clicks, ids=st.randoms())
def test_sql_says_what_the_rule_says(clicks, ids):
    """The clicks lie around a midnight, and their ids in any order."""
    keys = list(range(len(clicks)))
    ids.shuffle(keys)
    assert_alike(
        [
            make_view(pk, blog, reader, 20_000 * DAY + since_midnight, excluded_by)
            for pk, (blog, reader, since_midnight, excluded_by) in zip(keys, clicks, strict=True)
        ]
    )


def read_clicks(path):
    """Return each request of a log as a click on its address, whatever it asked for."""
    views, blogs = [], {}
    for pk, line in enumerate(path.read_text(errors="replace").splitlines()):
        if found := LINE.match(line):
            at = dt.datetime.strptime(found["at"], "%d/%b/%Y:%H:%M:%S %z")
            reader = found["address"], found["rest"].rpartition(' "')[2]
            blog = blogs.setdefault(found["path"], len(blogs))
            views.append(make_view(pk, blog, reader, round(at.timestamp()) * 1_000_000))
    return views


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("log", "requests", "double"),
    [
        ("access-log-semicomplete/apache_logs", 10_000, 657),
        ("access-log-basjes/hackers-access.log", 3_456, 1_132),
        ("access-log-samples/beats-apache-test.log", 7, 0),
        ("access-log-samples/beats-nginx-test.log", 7, 1),
        ("access-log-samples/lnav-logfile_shop_access_log.0", 1_000, 41),
        ("access-log-samples/apachelogs-vhost_combined.log", 6, 0),
    ],
)
def test_sql_says_of_real_logs_what_the_rule_says(shared_data, log, requests, double):
    views = read_clicks(shared_data / log)
    found = assert_alike(views)
    assert (len(views), found) == (requests, double)


def test_sql_reads_stored_views():
    """Moments with and without microseconds, and a view that is nobody's click."""
    blog = make_blog()
    clicks = [make_click(blog, seconds) for seconds in (0, 30, 60.000001)]
    make_click(blog, 61, user=make_user())
    moment = as_microseconds("viewed_at")
    views = f"(SELECT view.*, {moment} AS moment FROM billing_blogview view)"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(f"{write_double_clicks(views)} ORDER BY moment", [])
        names = [column[0] for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    moments = [round(click.viewed_at.timestamp() * 1_000_000) for click in clicks]
    assert [(row["moment"], row["is_double"]) for row in rows] == [
        (moments[0], 1),
        (moments[1], 0),
        (moments[2], 0),
    ]


def test_moment_just_before_a_full_second_is_not_rounded_up():
    """SQLite's strftime rounds from .9995 on, which would make 30.2 seconds 29.2."""
    blog = make_blog()
    clicks = [make_click(blog, seconds) for seconds in (0.9997, 31.2)]
    statement = f"SELECT {as_microseconds('viewed_at')} FROM billing_blogview ORDER BY viewed_at"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(statement, [])
        moments = [row[0] for row in cursor.fetchall()]
    assert moments == [round(click.viewed_at.timestamp() * 1_000_000) for click in clicks]
