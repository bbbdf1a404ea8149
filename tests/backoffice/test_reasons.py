import pytest
from django.core.exceptions import ValidationError

from backoffice.reasons import (
    explain_missing_sentence,
    explain_missing_word,
    has_sentence,
    has_word,
    in_a_sentence,
    in_words,
)


@pytest.mark.parametrize(
    "text",
    [
        *("typo", "Tippfehler", "No.", "ok", "IV", "AC04: closed"),
        *("重复", "错", "돈", "い", "خطأ", "في", "שגוי", "दो", "कि", "ของ"),
    ],
)
def test_a_word_in_any_script_is_a_reason(text):
    assert has_word(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "  \n", ".", "…", "– –", "???", "-", "_", "123.45", "1 2 3", "🙂", "👍🏽", "❤️"),
        *("x", "xx", "Xx", "aaa", "x1", "x y z", "n/a", "é", "e\u0301", "ー", "Ⅳ", "\u200bx\u200b"),
    ],
)
def test_signs_numbers_and_one_letter_are_no_reason(text):
    assert not has_word(text)


def test_who_wrote_nothing_is_told_what_to_write():
    ask = "Say why: the auditors read it."
    assert explain_missing_word("  ", ask) == ask
    assert explain_missing_word(" . ", ask) == "“.” says nothing. Say why: the auditors read it."
    assert explain_missing_word("." * 60, ask) == f"“{'.' * 40}” says nothing. {ask}"
    assert explain_missing_word("Wrong month", ask) == ""


def test_field_of_a_form_refuses_it_too():
    in_words("Say why.")("Wrong month")
    with pytest.raises(ValidationError, match=r"“x” says nothing\. Say why\."):
        in_words("Say why.")("x")


@pytest.mark.parametrize(
    "text", ["Looked at.", "No, wrong", "Sie schreibt für uns", "重复", "她写的"]
)
def test_two_words_are_a_sentence_in_any_script(text):
    assert has_sentence(text)


@pytest.mark.parametrize("text", ["", ".", "ok", "Checked!", "ok .", "x ok", "Geprüft 12", "错"])
def test_word_alone_is_no_sentence(text):
    assert not has_sentence(text)


def test_who_wrote_a_word_is_asked_for_a_sentence():
    ask = "Write your answer."
    assert explain_missing_sentence("ok", ask) == "“ok” is no sentence. Write your answer."
    assert explain_missing_sentence(".", ask) == "“.” says nothing. Write your answer."
    assert explain_missing_sentence("It is right", ask) == ""
    in_a_sentence(ask)("It is right")
    with pytest.raises(ValidationError, match="is no sentence"):
        in_a_sentence(ask)("ok")
