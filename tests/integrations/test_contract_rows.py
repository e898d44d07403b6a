"""No error row of the contracts is without a test: each names tests that there are, and that are run with its code."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from integrations.apisetu.codes import ERRORS as SETU
from integrations.digilocker.requester.codes import ERRORS as LOCKER
from sandbox.digilocker.errors import ROWS as ANSWERED
from tests.integrations.contract_rows import ROWS, Row
from tests.support.setu import ERROR_ROWS

ROOT = Path(__file__).parents[2]


@cache
def source_of(module: str) -> ast.Module:
    return ast.parse((ROOT / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8"))


def texts_in(module: str) -> set[str]:
    """Every text that a module of tests writes out, by which its cases are made."""
    constants = (one.value for one in ast.walk(source_of(module)) if isinstance(one, ast.Constant))
    return {value for value in constants if isinstance(value, str)}


def named_in(module: str) -> Iterator[str]:
    for one in ast.walk(source_of(module)):
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and one.name.startswith("test_"):
            yield one.name


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.call}-{row.code}")
def test_a_row_names_tests_that_are_there_and_know_its_code(row: Row):
    assert row.tests
    for named in row.tests:
        module, _, function = named.partition(":")
        assert function in set(named_in(module)), named
    # Cases that are made from a table of the code, or of the contract, are checked to hold the code below.
    made_from_a_table = row.code in LOCKER or row.code in SETU
    assert made_from_a_table or any(row.code in texts_in(named.partition(":")[0]) for named in row.tests)


def test_what_the_stand_in_can_answer_is_what_the_list_holds():
    listed = {(row.call, row.code) for row in ROWS if row.contract.startswith("digilocker 3.2")}
    listed |= {(row.call, row.code) for row in ROWS if row.contract.startswith("digilocker 4")}
    answered = {(call, code) for call, codes in ANSWERED.items() for code in codes}
    # Without the scope the owner is not asked: that row has a test of its own in test_error_rows.py.
    assert answered - {("user", "insufficient_scope")} == {one for one in listed if one[0] != "push"}


def test_every_code_that_the_clients_know_is_in_the_list():
    codes = {row.code for row in ROWS}
    assert set(LOCKER) <= codes
    assert {row["error"] for row in ERROR_ROWS} == {row.code for row in ROWS if row.contract == "apisetu 6"}
