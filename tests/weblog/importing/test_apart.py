"""What a page takes of one file is bounded before the work is done, not by it."""

import io
import json
import zipfile

import pytest

from backoffice.bounded_child import Refused
from tests.weblog.posts import make_ghost, make_item, make_wxr, make_zip
from weblog.errors import ImportRefused
from weblog.importing import apart, containers, ghost_tables, markdown_files, wordpress_items
from weblog.importing.formats import open_source

MOST = 5
MARKDOWN = {f"{number}.md": "---\ntitle: A\n---\nText" for number in range(MOST + 1)}


def read(reader, data):
    answer = io.BytesIO()
    apart.run_apart(io.BytesIO(data), answer, reader.__module__, reader.__name__, "/media/")
    return answer.getvalue()


@pytest.fixture(autouse=True)
def few(monkeypatch):
    monkeypatch.setattr(apart, "MOST_RECORDS", MOST)


@pytest.mark.parametrize(
    ("reader", "data"),
    [
        (wordpress_items.read_items, make_wxr(*(make_item(n) for n in range(1, MOST + 2)))),
        (ghost_tables.read_rows, make_ghost(*({} for _ in range(MOST + 1)))),
        (markdown_files.read_zip, make_zip(MARKDOWN)),
    ],
)
def test_too_many_records_are_refused_before_the_first_is_read(reader, data, monkeypatch):
    monkeypatch.setattr(apart, "clean_body", None)
    with pytest.raises(Refused, match="holds more than"):
        read(reader, data)


def test_directory_of_a_zip_is_read_up_to_the_bound_whatever_it_says_of_itself(monkeypatch):
    made = []

    class Entry(zipfile.ZipInfo):
        def __init__(self, *args, **kwargs):
            made.append(args)
            super().__init__(*args, **kwargs)

    data = bytearray(make_zip({f"{number}.md": "" for number in range(10 * MOST)}))
    end = data.rindex(b"PK\x05\x06")
    data[end + 8 : end + 12] = b"\1\0\1\0"  # one file, it says
    monkeypatch.setattr(zipfile, "ZipInfo", Entry)
    with pytest.raises(containers.TooManyRecords):
        containers.list_names(io.BytesIO(data), most=MOST)
    assert len(made) == MOST + 1


def test_zip_of_very_many_files_is_refused_in_words_at_the_page():
    with pytest.raises(ImportRefused, match=r"^a\.zip holds more than"):
        open_source(io.BytesIO(make_zip(MARKDOWN)), "a.zip", is_apart=True)


def test_command_reads_more_files_than_a_page():
    source = open_source(io.BytesIO(make_zip(MARKDOWN)), "a.zip")
    assert len(list(source.read_posts())) == MOST + 1


def test_json_of_very_many_small_lists_is_refused_before_it_is_parsed(monkeypatch):
    small = '{"db": [{"data": {"posts": [' + "{}," * (MOST * ghost_tables.OBJECTS_FOR_EACH) + "{}]"
    monkeypatch.setattr(json, "loads", None)
    with pytest.raises(Refused, match="holds more than"):
        read(ghost_tables.read_rows, f"{small}}}}}]}}".encode())
