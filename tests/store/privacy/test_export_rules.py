"""Every column of a table that names a citizen is either handed out to her or withheld by a decision."""

import json
from pathlib import Path

from store.privacy.export_rules import HANDED_OUT
from store.privacy.personal_rules import person_tables

WITHHELD: dict[str, str] = json.loads((Path(__file__).parent / "withheld.json").read_text(encoding="utf-8"))
"""By table, what a citizen is not handed out."""


def test_every_column_of_a_citizen_is_either_handed_out_or_withheld():
    for name, column in person_tables().items():
        shown, withheld = HANDED_OUT.get(name, frozenset()), frozenset(WITHHELD.get(name, "").split())
        assert not shown & withheld, name
        assert shown | withheld == set(column.table.c.keys()), (
            f"{name}: put each column into store/privacy/export_rules.py or tests/store/privacy/withheld.json"
        )


def test_no_entry_is_left_of_a_table_that_is_gone():
    assert HANDED_OUT.keys() | WITHHELD.keys() == person_tables().keys()


def test_nothing_of_the_officers_own_is_handed_out():
    officers = {"officer_id", "decided_by", "proposed_by", "answered_by", "actor_id", "granted_by", "made_by"}
    assert {name for name, columns in HANDED_OUT.items() if columns & officers} == set()
    whole = {"second_opinions", "claims", "delay_reasons", "finance_cases", "finance_case_events", "payment_approvals"}
    assert not whole & HANDED_OUT.keys()
