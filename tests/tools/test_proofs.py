"""What CI leaves out of the longer proofs for want of time runs the next time, at the latest the third."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.support.postgres_sample import EACH, keep_chosen, left_out
from tools.proofs import PROOFS, Run, drawn_order

SCRIPT = Path(__file__).parents[2] / "tools" / "proofs.py"


def begun(left_out: dict[str, int], places: int) -> tuple[list[str], dict[str, int]]:
    """The proofs of one run in whose time so many can begin, and what it writes down."""
    taken: list[str] = []
    run = Run("ci", places, left_out, clock=lambda: len(taken))
    while (proof := run.take_proof()) is not None:
        taken.append(proof)
    return taken, run.left_out()


@pytest.mark.parametrize("places", [0, 1, 5, 8, len(PROOFS)])
def test_every_proof_runs_at_least_each_third_time(places: int) -> None:
    left_out: dict[str, int] = {}
    runs = []
    for _ in range(9):
        taken, left_out = begun(left_out, places)
        runs.append(set(taken))

    assert all(set(PROOFS) == set().union(*runs[first : first + 3]) for first in range(7))


def test_what_was_left_out_goes_first() -> None:
    first, left_out = begun({}, 5)
    second, _ = begun(left_out, 5)

    assert (first, second) == (list(PROOFS[:5]), list(PROOFS[5:10]))


def test_where_nothing_is_known_the_commit_draws_the_first_of_all_proofs() -> None:
    drawn = [drawn_order(f"{commit:08x}") for commit in range(len(PROOFS))]

    assert {order[0] for order in drawn} == set(PROOFS)
    assert all(sorted(order) == sorted(PROOFS) for order in drawn)


@pytest.mark.integration
def test_the_record_of_one_run_is_read_by_the_next(tmp_path: Path) -> None:
    make, record, ran = tmp_path / "make", tmp_path / "kept" / "record.json", tmp_path / "ran"
    make.write_text(f'#!/bin/sh\nfor last; do :; done\necho "$last" >> {ran}\n')
    make.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PROOF_RECORD": str(record), "PROOF_MINUTES": "0"}

    said = [subprocess.check_output([sys.executable, SCRIPT], cwd=tmp_path, env=environment) for _ in range(3)]

    assert [b"left out for want of time" in line for line in said] == [True, True, False]
    assert sorted(ran.read_text().split()) == sorted(PROOFS)
    assert set(json.loads(record.read_text()).values()) == {0}


def test_the_rules_of_a_file_are_tried_on_postgresql_by_its_first_test_and_each_sixth() -> None:
    both = [f"tests/actions/test_fees.py::test_{n}[{db}-EMAIL]" for n in range(13) for db in ("sqlite", "postgres")]

    taken = sorted(set(both) - left_out(both), key=both.index)

    assert [name for name in taken if "postgres" in name] == [both[1 + 2 * EACH * n] for n in range(3)]
    assert [name for name in taken if "sqlite" in name] == both[::2]


@pytest.mark.parametrize(
    "names",
    [
        ["tests/store/test_rows.py::test_a[sqlite]", "tests/store/test_rows.py::test_a[postgres]"],
        ["tests/race/test_fees.py::test_a[sqlite]", "tests/race/test_fees.py::test_a[postgres]"],
        ["tests/actions/test_locks.py::test_a[postgres]", "tests/actions/test_locks.py::test_b"],
    ],
)
def test_what_the_store_does_and_what_exists_for_postgresql_alone_is_never_left_out(names: list[str]) -> None:
    assert left_out([name.replace("_a", f"_a{n}") for n in range(9) for name in names]) == set()


def test_make_test_and_make_postgres_together_run_every_test(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"tests/schema/test_homes.py::test_{n}[{db}]" for n in range(9) for db in ("sqlite", "postgres")]
    taken_away: list[Any] = []
    hook = SimpleNamespace(pytest_deselected=lambda *, items: taken_away.append(items))

    def kept(asked: str) -> list[str]:
        monkeypatch.setenv("ON_POSTGRES", asked)
        items: list[Any] = [SimpleNamespace(nodeid=name) for name in names]
        keep_chosen(cast("Any", SimpleNamespace(hook=hook)), items)
        return [item.nodeid for item in items]

    sample, rest = kept("sample"), kept("rest")

    assert sorted(sample + rest) == sorted(kept(""))
    assert [len(items) for items in taken_away] == [len(rest), len(sample)]
