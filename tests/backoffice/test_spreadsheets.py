from decimal import Decimal

import pytest
from import_export import fields, widgets

from backoffice.spreadsheets import GuardedResource, guard_cell, unguard_cell

pytestmark = pytest.mark.any_database


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1 For the Veil", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\0=1", "'quoted'", "''"],
)
def test_text_that_starts_a_formula_is_quoted_and_comes_back(text):
    assert guard_cell(text) == f"'{text}"
    assert unguard_cell(guard_cell(text)) == text


@pytest.mark.parametrize("value", ["", "Tech", "1+1", " =1", 5, -5, Decimal("-5.10"), None, True])
def test_anything_else_stays(value):
    assert guard_cell(value) is value
    assert unguard_cell(value) is value


class Row:
    title = "=cmd|' /C calc'!A1"
    amount = Decimal("-5.10")


class RowResource(GuardedResource):
    title = fields.Field(attribute="title")
    amount = fields.Field(attribute="amount", widget=widgets.DecimalWidget())


def test_export_quotes_text_and_leaves_numbers():
    resource = RowResource()
    exported = [resource.export_field(field, Row()) for field in resource.get_export_fields()]
    assert exported == ["'=cmd|' /C calc'!A1", "-5.10"]
