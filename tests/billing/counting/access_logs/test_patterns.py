"""Patterns that people write, and what they may take."""

import pytest

from billing.counting.access_logs.patterns import OWN_PAGES, compile_path_pattern
from billing.errors import InvalidPathPattern

pytestmark = [pytest.mark.any_database, pytest.mark.slow]


@pytest.mark.parametrize(
    ("pattern", "path", "slug"),
    [
        (OWN_PAGES, "/blogs/a-b/", "a-b"),
        (OWN_PAGES, "/blogs/a-b", ""),
        (r"^/(?P<year>\d+)/(?P<slug>[^/]+)\.html$", "/2026/a.html", "a"),
        (r"^/(?i:BLOG)/(?P<slug>.+?)(?:/page/[0-9]+)?/?$", "/blog/ü/page/2/", "ü"),
        (r"^/(?:(?P<slug>a)|b)$", "/b", ""),
        (r"(?P<slug>.+)", "/" + "a" * 2_000, ""),
        (r"^/(?P<slug>.)$", "/\udce9", "?"),
    ],
)
def test_part_of_the_path_is_found(pattern, path, slug):
    assert compile_path_pattern(pattern)(path) == slug


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("pattern", "path", "slug"),
    [
        (r"^/blog/(?P<slug>(?!tags/)[^?#]*)\.html$", "/blog/a.html", "a"),
        (r"^/blog/(?P<slug>(?!tags/)[^?#]*)\.html$", "/blog/tags/a.html", ""),
        (r"(?P<slug>a+)(?=b)", "/aab", "aa"),
        (r"(?<!a)(?P<slug>b)", "/ab", ""),
        (r"/(?P<slug>a)/\1", "/a/a", "a"),
        (r"(?P<slug>(?:a{900}){900})", "/" + "a" * 1_900, ""),
        ("(?P<slug>\udce9)", "/\udce9", "\udce9"),
    ],
)
def test_look_around_and_references_are_matched_as_well(pattern, path, slug):
    assert compile_path_pattern(pattern)(path) == slug


@pytest.mark.thorough
@pytest.mark.parametrize("pattern", [r"(?P<slug>(a|aa)+)(?!b)c", r"(?P<slug>(.*a){20})\1b"])
def test_what_would_take_for_ever_is_stopped_by_the_clock(monkeypatch, pattern):
    monkeypatch.setattr("billing.counting.access_logs.patterns.MOST_TIME", 20_000_000)
    find_slug = compile_path_pattern(pattern)
    with pytest.raises(InvalidPathPattern, match="takes too long to match"):
        [find_slug("/" + "a" * length + "?") for length in range(1_000, 1_200)]


@pytest.mark.parametrize(
    "pattern", ["(", "(?P<slug>a", "(" * 249, r"(?P<slug>a{99999999999999})", "a", "(?P<slug>" * 50]
)
def test_what_is_no_pattern_is_refused(pattern):
    with pytest.raises(InvalidPathPattern):
        compile_path_pattern(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        r"^/(?P<slug>(a+)+)$",
        r"^/(?P<slug>(a|a)*)b$",
        r"(?P<slug>(.*a){20})b",
        r"(?P<slug>(a?){99})!",
    ],
)
def test_pattern_that_nests_repetitions_takes_no_time(pattern):
    find_slug = compile_path_pattern(pattern)
    for length in range(1_900, 1_950):
        assert find_slug("/" + "a" * length + "?") == ""


def test_pattern_that_is_slow_all_the_same_is_stopped(monkeypatch):
    monkeypatch.setattr("billing.counting.access_logs.patterns.MOST_TIME", 20_000_000)
    find_slug = compile_path_pattern(r"(?P<slug>(x?){90}(x?){90}(x{90}){9})!")
    paths = ("/" + "x" * length for length in range(900, 1_900))
    with pytest.raises(InvalidPathPattern, match="takes too long to match: 0 seconds"):
        sum(bool(find_slug(path)) for path in paths)
