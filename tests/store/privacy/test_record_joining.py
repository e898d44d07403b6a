"""Every table of a citizen is moved when two records are joined, or is left for a reason that is written down."""

import pytest
from sqlalchemy import UniqueConstraint

from store.privacy.personal_rules import THROUGH, person_tables
from store.privacy.record_joining import LEFT, tables_to_move


def test_what_is_left_is_there_and_everything_else_moves():
    tables = person_tables()
    assert LEFT.keys() <= tables.keys()
    assert set(tables_to_move()) == tables.keys() - LEFT.keys() - THROUGH.keys()
    for name in ("applications", "certificates", "sanctions", "instalments", "appeals", "department_documents"):
        assert name in tables_to_move()


@pytest.mark.parametrize("name", tables_to_move())
def test_no_row_can_stand_in_the_way_of_one_that_moves(name):
    column = person_tables()[name]
    keys = [one for one in column.table.constraints if isinstance(one, UniqueConstraint)]
    unique = [set(one.columns) for one in keys] + [set(one.columns) for one in column.table.indexes if one.unique]
    assert not any(column in columns for columns in [*unique, set(column.table.primary_key.columns)])
