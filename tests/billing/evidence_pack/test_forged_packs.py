import datetime as dt
import json
import runpy
import shutil

import pytest

from billing.models import PaymentLine
from billing.payouts.disputes import answer_dispute, ask_about_line
from billing.proof.digests import encode_canonical, hash_text
from billing.proof.sealing import chain_head
from tests.billing.evidence_pack.forging import forge, list_forgeries, read, reseal_pack, write
from tests.billing.evidence_pack.packs import run, unpack
from tests.factories import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.any_database]


@pytest.fixture
def paid(paid_once):
    """Two paid months; the author of the second asked about a line, and has the answer."""
    lines = PaymentLine.objects.filter(payment__batch=paid_once[1], payment__status="paid")
    line = lines.filter(kind="views").first()
    asked_at = paid_once[1].approved_at + dt.timedelta(days=1)
    dispute = ask_about_line(line=line, author=line.payment.author, text="Only these?", at=asked_at)
    answer_dispute(
        dispute=dispute, outcome="rejected", text="The counts are right.", by=make_user(),
        at=asked_at + dt.timedelta(days=1),
    )  # fmt: skip
    return paid_once


# What the approval's seal does not hold: without a head, a pack that is sealed anew may say it.
ON_THE_WORD_OF_THE_HEAD = {
    "counts.csv",
    "carries.csv",
    "people.csv",
    "price_history.csv",
    "disputes.csv",
}


@pytest.fixture
def pack(paid, tmp_path):
    return unpack(paid[1], tmp_path / "pack")


@pytest.fixture
def passes(pack):
    """Return a function that tells whether verify.py finds nothing wrong in a folder."""
    verify = runpy.run_path(str(pack / "verify.py"))["verify"]

    def passes(folder, head=None):
        try:
            verify(folder, head)
        except Exception:  # as its main() does: any damage ends in one sentence
            return False
        return True

    return passes


def test_no_forged_cell_or_row_passes(pack, passes, tmp_path, some_of):
    assert passes(pack)
    for number, forgery in enumerate(some_of(list_forgeries(pack), 80)):
        forged = shutil.copytree(pack, tmp_path / str(number))
        forge(forged, *forgery, reseal=False)
        assert not passes(forged), forgery


@pytest.mark.thorough
def test_no_pack_that_is_sealed_anew_has_the_known_head(pack, passes, tmp_path, some_of):
    head = chain_head().hash
    assert passes(pack, head)
    passed = set()
    for number, forgery in enumerate(some_of(list_forgeries(pack), 80)):
        forged = shutil.copytree(pack, tmp_path / str(number))
        forge(forged, *forgery, reseal=True)
        assert not passes(forged, head), forgery
        if passes(forged):
            passed.add(forgery)
    assert {name for name, *_ in passed} - ON_THE_WORD_OF_THE_HEAD <= {"batch_history.csv"}
    steps = {number for name, number, _ in passed if name == "batch_history.csv"}
    assert steps <= {4}, "The step to Paid comes after the approval, the others are under its seal."


def give_the_act_to_the_approver(content):
    content["acts"][0][4] = content["approved"][0][0]


def let_the_maker_of_the_adjustment_approve(content):
    acts = content.pop("acts")
    content["approved"][0][0] = next(act[4] for act in acts if act[0] == "adjustment")


def leave_out_the_adjustment(content):
    content["acts"] = [act for act in content["acts"] if act[0] != "adjustment"]


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("forge_seal", "named"),
    [
        (give_the_act_to_the_approver, "who did this: "),
        (let_the_maker_of_the_adjustment_approve, "who approved"),
        (leave_out_the_adjustment, "is no act that was sealed"),
    ],
)
def test_pack_whose_approver_did_an_act_fails_by_name(paid, tmp_path, forge_seal, named):
    pack = unpack(paid[0], tmp_path / "pack")
    path = pack / "sealed.json"
    sealed = json.loads(path.read_text())
    for number, text in sealed.items():
        content = json.loads(text)
        if content["kind"] == "approval":
            forge_seal(content)
            sealed[number] = encode_canonical(content)
    path.write_text(json.dumps(sealed))
    reseal_pack(pack)
    told = run(pack).stdout
    assert told.startswith("FAIL: ")
    assert named in told


def take_out_of_its_file(pack):
    header, *rows = read(pack / "bank_files.csv")
    write(pack / "bank_files.csv", [header, *rows[1:]])


def name_another_payment_of_the_file(pack):
    header, *rows = read(pack / "bank_files.csv")
    rows[0][3], rows[1][3] = rows[1][3], rows[0][3]
    write_digested(pack / "bank_files.csv", header, rows)


def say_the_file_was_of_an_earlier_version(pack):
    header, *rows = read(pack / "bank_files.csv")
    write_digested(pack / "bank_files.csv", header, [["", *row[1:]] for row in rows])


def ask_before_the_submission(pack):
    change_dispute(pack, asked_at="2026-11-01T00:00:00+00:00")


def ask_before_the_approval(pack):
    submitted = find_seal(pack, "approval")["submitted"][1]
    asked_at = dt.datetime.fromisoformat(submitted) + dt.timedelta(microseconds=1)
    at = "2026-11-13T00:00:00+00:00"
    change_seal(pack, "approval", lambda content: content["approved"][0].__setitem__(1, at))
    change_seal(pack, "export", lambda content: content.update(at=at))
    change_dispute(pack, asked_at=asked_at.isoformat())


def ask_about_another_line(pack):
    change_dispute(pack, blog_id="4711")


def answer_an_own_question(pack):
    author = read(pack / "disputes.csv")[1][2]
    change_dispute(pack, answered_by_id=author)


def record_a_result_without_a_file(pack):
    """Say that the result's seal was made before the file's."""
    files = find_seal(pack, "export")["number"]
    results = find_seal(pack, "settlement")["number"]
    sealed = json.loads((pack / "sealed.json").read_text())
    one, other = (json.loads(sealed[str(number)]) for number in (files, results))
    one["number"], other["number"] = results, files
    sealed[str(results)], sealed[str(files)] = encode_canonical(one), encode_canonical(other)
    write_sealed(pack, sealed)
    header, *rows = read(pack / "seals.csv")
    for row in rows:
        if row[0] in (str(files), str(results)):
            row[1] = "settlement" if row[1] == "export" else "export"
    write(pack / "seals.csv", [header, *rows])


def find_seal(pack, kind):
    sealed = json.loads((pack / "sealed.json").read_text())
    return next(c for c in map(json.loads, sealed.values()) if c["kind"] == kind)


def change_seal(pack, kind, change):
    sealed = json.loads((pack / "sealed.json").read_text())
    for number, text in sealed.items():
        content = json.loads(text)
        if content["kind"] == kind:
            change(content)
            sealed[number] = encode_canonical(content)
    write_sealed(pack, sealed)


def write_sealed(pack, sealed):
    text = json.dumps(sealed, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    (pack / "sealed.json").write_text(text)


def change_dispute(pack, **values):
    header, row = read(pack / "disputes.csv")
    cells = dict(zip(header, row, strict=True)) | values
    write_digested(pack / "disputes.csv", header, [list(cells.values())])


def write_digested(path, header, rows):
    rows = [[*row[:-1], hash_text(encode_canonical(row[:-1]))[:16]] for row in rows]
    write(path, [header, *rows])


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("forge_pack", "named"),
    [
        (take_out_of_its_file, "pays another sum than its rows"),
        (name_another_payment_of_the_file, "is no payment of that amount to be paid"),
        (say_the_file_was_of_an_earlier_version, "are not in bank_files.csv"),
        (record_a_result_without_a_file, "has a result of the bank before a file paid it"),
        (ask_before_the_submission, "was in dispute when the batch was submitted"),
        (ask_before_the_approval, "was in a file before its author had the answer"),
        (ask_about_another_line, "is about no line of the batch"),
        (answer_an_own_question, "was answered by its author"),
    ],
)
def test_forged_file_or_dispute_is_named_though_the_pack_is_sealed_anew(
    paid, tmp_path, forge_pack, named
):
    pack = unpack(paid[1], tmp_path / "pack")
    assert run(pack).stdout.startswith("PASS")
    forge_pack(pack)
    reseal_pack(pack)
    told = run(pack).stdout
    assert told.startswith("FAIL: ")
    assert named in told
