"""What CI leaves out of the longer proofs for want of time runs the next time, at the latest the third."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

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
