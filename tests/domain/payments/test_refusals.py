"""What follows of a whole batch that PFMS rejected: released only for a positive reason, else held or contradicted."""

from dataclasses import replace

import pytest

from domain.payments.refusals import Refusal, RefusalCodes, RefusalEffect

KNOWN = RefusalCodes(date_past=frozenset({"DBE0019"}))
LATE = Refusal(codes=("DBE0019",), lines={}, many=2, late=True, seen_taken=False, moved=False, released_before=False)


def test_a_batch_whose_day_is_past_is_released_once():
    assert LATE.effect(KNOWN) is RefusalEffect.RELEASED
    assert replace(LATE, released_before=True).effect(KNOWN) is RefusalEffect.HELD


def test_no_code_says_that_a_day_is_past_unless_pfms_has_told_which():
    assert LATE.effect(RefusalCodes()) is RefusalEffect.HELD


@pytest.mark.parametrize("codes", [(), ("DBE0002",), ("XYZ9",), ("DBE0019", "XYZ9")])
def test_a_late_refusal_for_any_other_reason_is_held(codes: tuple[str, ...]):
    assert replace(LATE, codes=codes).effect(KNOWN) is RefusalEffect.HELD


def test_the_code_counts_only_where_the_day_is_past_here_too():
    assert replace(LATE, late=False).effect(KNOWN) is RefusalEffect.HELD


@pytest.mark.parametrize("codes", [("DBE0019",), (), ("XYZ9",)])
def test_a_late_refusal_of_a_file_that_was_seen_taken_contradicts(codes: tuple[str, ...]):
    assert replace(LATE, codes=codes, seen_taken=True).effect(KNOWN) is RefusalEffect.CONTRADICTED


def test_a_late_refusal_of_a_file_that_was_seen_taken_contradicts_also_where_it_names_wrong_lines():
    refusal = replace(LATE, codes=("DBE0003",), lines={"E1": ("DBE0015",)}, seen_taken=True)

    assert refusal.effect(KNOWN) is RefusalEffect.CONTRADICTED


@pytest.mark.parametrize(
    "change", [{"codes": ("DBE0004",)}, {"codes": (), "lines": {"E1": ("TBE0004",)}}, {"moved": True}]
)
def test_what_pfms_has_already_is_never_released(change: dict):
    assert replace(LATE, **change).effect(KNOWN) is RefusalEffect.CONTRADICTED


def test_lines_that_are_named_with_a_known_code_explain_the_refusal():
    refusal = replace(LATE, codes=("DBE0003",), lines={"E1": ("DBE0015",), "E2": ("DBE0003",)}, late=False)

    assert refusal.effect(KNOWN) is RefusalEffect.LINES_WRONG
    assert refusal.own_codes(KNOWN) == {"E1": "DBE0015"}


@pytest.mark.parametrize(
    "lines",
    [
        {"E1": ("XYZ9",)},
        {"E1": ("DBE0015",), "E2": ("XYZ9",)},
        {"E1": ("DBE0001",), "E2": ("DBE0001",)},
    ],
)
def test_lines_with_unknown_codes_and_lines_that_are_malformed_alike_explain_nothing(lines: dict):
    assert replace(LATE, codes=("DBE0003",), lines=lines).effect(KNOWN) is RefusalEffect.HELD


def test_a_code_that_pfms_told_for_lines_explains_as_those_of_the_table():
    known = RefusalCodes(of_a_line=frozenset({"XYZ9"}))

    assert replace(LATE, codes=(), lines={"E1": ("XYZ9",)}).effect(known) is RefusalEffect.LINES_WRONG
