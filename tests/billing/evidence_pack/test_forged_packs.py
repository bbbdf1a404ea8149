import json
import runpy
import shutil

import pytest

from billing.proof.digests import encode_canonical
from billing.proof.sealing import chain_head
from tests.billing.evidence_pack.forging import forge, list_forgeries, reseal_pack
from tests.billing.evidence_pack.packs import run, unpack

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.any_database]


@pytest.fixture
def paid(paid_once):
    return paid_once


# What the approval's seal does not hold: without a head, a pack that is sealed anew may say it.
ON_THE_WORD_OF_THE_HEAD = {"counts.csv", "carries.csv", "people.csv", "price_history.csv"}


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
