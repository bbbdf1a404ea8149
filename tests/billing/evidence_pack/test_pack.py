import csv
import datetime as dt
import json
import random
import runpy

import pytest
from django.contrib.auth.models import User

from billing.errors import WrongStatus
from billing.evidence_pack import make_evidence_pack
from billing.models import Seal
from billing.proof.sealing import chain_head
from tests.billing.evidence_pack.packs import run, unpack
from tests.factories import make_price, make_user
from weblog.models import Category

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def paid(paid_once):
    return paid_once


def test_pack_proves_itself_without_the_product(paid, tmp_path):
    for batch in paid:
        result = run(unpack(batch, tmp_path / str(batch.pk)))
        assert result.stdout.startswith("PASS: the batch 2026")
        assert batch.digest in result.stdout
        assert result.returncode == 0


@pytest.mark.any_database
def test_pack_is_checked_as_it_is_packed(paid, tmp_path):
    folder = unpack(paid[1], tmp_path)
    packed = tmp_path / "pack.zip"
    with make_evidence_pack(paid[1]) as file:
        packed.write_bytes(file.read())
    assert run(folder, packed).stdout.startswith("PASS")


@pytest.mark.thorough
def test_same_rows_give_the_same_bytes(paid):
    with make_evidence_pack(paid[0]) as first, make_evidence_pack(paid[0]) as second:
        assert first.read() == second.read()


def test_pack_is_sealed_once_as_long_as_it_says_the_same(paid):
    person = make_user()
    make_evidence_pack(paid[0], by=person).close()
    make_evidence_pack(paid[0]).close()
    seal = paid[0].seals.get(kind="evidence")
    assert json.loads(seal.content)["by"] == person.pk
    User.objects.filter(pk=person.pk).update(last_name="Renamed")
    make_evidence_pack(paid[0]).close()
    assert paid[0].seals.filter(kind="evidence").count() == 1


@pytest.mark.thorough
def test_pack_has_prices_as_approved_and_tells_who_has_another_name_now(paid, tmp_path):
    User.objects.filter(pk=paid[1].approved_by_id).update(last_name="Renamed")
    make_price(Category.objects.get(name="Tech"), "19", dt.date(2026, 12, 1))
    folder = unpack(paid[1], tmp_path)
    told = run(folder).stdout
    assert told.startswith("PASS")
    assert f"Renamed or made anonymous since the approval: user {paid[1].approved_by_id}." in told
    assert "19.000000" not in (folder / "prices.csv").read_text()


@pytest.mark.thorough
@pytest.mark.any_database
def test_head_tells_the_pack_that_was_handed_out(paid, tmp_path):
    approval = paid[0].seals.get(kind="approval").hash
    folder = unpack(paid[0], tmp_path)
    told = run(folder, "--head", chain_head().hash)
    assert (told.returncode, "this is the pack that was handed out" in told.stdout) == (0, True)
    told = run(folder, "--head", approval)
    assert (told.returncode, "It proves the approval" in told.stdout) == (0, True)
    told = run(folder, "--head", "0" * 64)
    assert (told.returncode, told.stdout[:5]) == (1, "FAIL:")
    before = Seal.objects.get(number=paid[1].seals.get(kind="approval").number - 1).hash
    assert run(unpack(paid[1], tmp_path / "second"), "--head", before).returncode == 1


@pytest.mark.any_database
def test_no_pack_before_the_approval(paid):
    paid[0].status = "submitted"
    with pytest.raises(WrongStatus, match="before it is approved"):
        make_evidence_pack(paid[0])


def test_texts_that_look_like_formulas_come_back_as_they_were(paid, tmp_path):
    folder = unpack(paid[0], tmp_path)
    with (folder / "lines.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert {line["blog_title"] for line in lines} >= {"'=1+1", "''quoted'"}
    assert {line["amount"] for line in lines} >= {"-5.000000"}
    assert run(folder).returncode == 0


def cells(folder):
    """Where each byte of the tables' cells stands: (file, place)."""
    for path in sorted(folder.glob("*.csv")):
        text = path.read_bytes()
        start = text.index(b"\r\n") + 2
        yield from (
            (path, place) for place in range(start, len(text)) if text[place] not in b"\r\n,"
        )


@pytest.mark.thorough
@pytest.mark.any_database
def test_any_changed_byte_of_any_cell_is_found_with_its_row(paid, tmp_path):
    folder = unpack(paid[1], tmp_path)
    verify = runpy.run_path(str(folder / "verify.py"))["verify"]
    verify(folder)
    chance = random.Random(1)
    for path, place in chance.sample(list(cells(folder)), 300):
        before = path.read_bytes()
        byte = chance.choice([byte for byte in b"01Z-'=" if byte != before[place]])
        path.write_bytes(before[:place] + bytes([byte]) + before[place + 1 :])
        with pytest.raises(Exception, match=r"\.csv, row [0-9]+ "):
            verify(folder)
        path.write_bytes(before)
    verify(folder)


@pytest.mark.any_database
def test_changed_byte_of_any_other_file_is_found(paid, tmp_path):
    folder = unpack(paid[0], tmp_path / "pack")
    verify = runpy.run_path(str(folder / "verify.py"))["verify"]
    chance = random.Random(2)
    for name in ("batch.json", "sealed.json", "README.txt", "verify.py"):
        before = (folder / name).read_bytes()
        for place in chance.sample(range(len(before)), 20):
            changed = before[:place] + bytes([before[place] ^ 1]) + before[place + 1 :]
            (folder / name).write_bytes(changed)
            with pytest.raises(Exception, match=r"."):
                verify(folder)
        (folder / name).write_bytes(before)


@pytest.mark.thorough
@pytest.mark.any_database
def test_whole_row_that_is_taken_out_is_missed(paid, tmp_path):
    folder = unpack(paid[0], tmp_path)
    for name in ("lines.csv", "payments.csv", "counts.csv", "seals.csv", "prices.csv"):
        before = (folder / name).read_text(newline="")
        rows = before.splitlines(keepends=True)
        (folder / name).write_text("".join(rows[:1] + rows[2:]), newline="")
        result = run(folder)
        assert (result.returncode, result.stdout[:5]) == (1, "FAIL:")
        (folder / name).write_text(before, newline="")
