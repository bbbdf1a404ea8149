"""Amounts are written alike wherever the house writes: €25.00, the exact ones €12.015.

billing.money.format_amount writes them; what pages say is in billing/test_written_alike.py.
"""

import re

import pytest

from tests.written import list_docs, list_files

pytestmark = pytest.mark.any_database

CODES = "EUR|USD|GBP|CHF|JPY"
OTHER_FORMS = re.compile(
    rf"\d\s?[€£]|[€£]\s\d|(?<![\w{{%(\"'`])\$\s\d|\b\d[\d,.]*\s(?:{CODES})\b|\b(?:{CODES})\s?\d"
    r"|[€£$]\d[\d,]*(?![\d,.]*\d)(?!\w)"
)
# Numbers of views go through the filter `number`, amounts through `amount` and `exact_amount`.
IN_TEMPLATES = re.compile(r"""\|(?:floatformat|intcomma)\b|\|stringformat:["'][^"']*f["']""")
IN_PYTHON = re.compile(r":[,_]?\.[23][fF]\}|%\.[23]f\b|\bfloatformat\(|\bintcomma\(")
DRAWN = {"billing/home/finance.py"}  # numbers of a chart; the table beside it has the amounts


@pytest.mark.parametrize(
    "text",
    ["€ 25.00", "25.00 €", "25 EUR", "EUR 25.00", "USD25", "in $ 5.00", "€25", "€1,000", "£5 each"],
)
def test_other_forms_are_found(text):
    assert OTHER_FORMS.search(text)


@pytest.mark.parametrize("text", ["€25.00", "-$4.125", "€1,234.50.", "USD, EUR", "[$]", "202610-1"])
def test_the_form_of_the_house_is_not_found(text):
    assert not OTHER_FORMS.search(text)


@pytest.mark.thorough
def test_no_text_has_an_amount_in_another_form():
    files = [*list_files(".html", ".txt", ".py", ".po"), *list_docs()]
    assert [(name, m[0]) for name, text in files for m in OTHER_FORMS.finditer(text)] == []


@pytest.mark.thorough
def test_templates_and_code_leave_the_form_to_one_function():
    templates = [*list_files(".html", ".txt")]
    assert [(name, m[0]) for name, text in templates for m in IN_TEMPLATES.finditer(text)] == []
    files = [(name, text) for name, text in list_files(".py") if name not in DRAWN]
    assert [(name, m[0]) for name, text in files for m in IN_PYTHON.finditer(text)] == []
