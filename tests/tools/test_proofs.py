"""What `make test` leaves out is run by one proof, and a proof that CI leaves out at the latest the third time."""

import itertools
import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.support.shares import CASED, CASES, CHECKED, EACH, MAKE_TEST, PROVED, PROVED_ALONE, keep_chosen, shares
from tools.proofs import PROOFS, Run, drawn_order, touched

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "tools" / "proofs.py"
MADE_BY = dict(re.findall(r"^([a-z-]+):.*\n\t(.*)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
"""What each target of the Makefile runs first."""


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

    assert (first, second) == (list(PROOFS)[:5], list(PROOFS)[5:10])


def test_what_a_change_touches_goes_first_and_only_what_was_left_out_twice_before_it() -> None:
    hurries = touched(["CHANGELOG.md", "store/migrations/versions/1033.py"])

    run = Run("ci", 0, {"pii": 2, "fuzz": 1}, hurries=hurries)

    assert hurries == {"race", "postgres", "mig"}
    assert run.waiting[:5] == ["pii", "race", "postgres", "mig", "fuzz"]


def test_what_a_proof_hurries_for_is_there() -> None:
    assert [part for parts in PROOFS.values() for part in parts if not (ROOT / part).exists()] == []


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
    assert set(json.loads(record.read_text())["left_out"].values()) == {0}


def of_make_test(names: list[str]) -> list[str]:
    return [name for name, share in shares(names).items() if share == MAKE_TEST]


def both(name: str, *cases: int) -> list[str]:
    """The names of a test that exists for both databases, once without cases."""
    return [f"{name}[{db}{'-' * bool(cases)}{case}]" for case in cases or ("",) for db in ("sqlite", "postgres")]


@pytest.mark.parametrize(("folder", "each"), EACH.items())
def test_a_file_is_tried_on_postgresql_by_its_first_test_and_by_one_of_so_many(folder: str, each: int) -> None:
    names = [name for n in range(2 * each + 1) for name in both(f"{folder}test_fees.py::test_{n}")]

    taken = of_make_test(names)

    assert [name for name in taken if "postgres" in name] == [names[1 + 2 * each * n] for n in range(3)]
    assert [name for name in taken if "sqlite" in name] == names[::2]


@pytest.mark.parametrize(
    "names",
    [
        both("tests/integrations/test_rows.py::test_a"),
        ["tests/actions/test_locks.py::test_a[postgres]", "tests/actions/test_locks.py::test_b"],
        [f"tests/domain/test_days.py::test_day[{n}]" for n in range(9)],
    ],
)
def test_what_is_in_no_such_folder_what_postgresql_alone_has_and_rules_of_the_domain_are_never_left_out(
    names: list[str],
) -> None:
    assert of_make_test(names) == names


def test_the_first_cases_of_a_test_are_tried_and_the_others_by_make_cases() -> None:
    names = [f"tests/schema/test_homes.py::test_a[{n}]" for n in range(CASES + 2)]

    assert list(shares(names).values()) == [MAKE_TEST] * CASES + ["cases"] * 2


def test_of_each_test_a_case_is_tried_on_each_database_whose_turn_it_is() -> None:
    names = both("tests/store/test_rows.py::test_a", 1, 2)

    assert of_make_test(names) == names[:2]


def test_what_reads_the_code_is_run_by_make_check_alone() -> None:
    recipe = (ROOT / "Makefile").read_text("utf-8").partition("\ncheck:")[2].partition("\n\n")[0]

    assert set(shares([f"{CHECKED}test_names.py::test_a"]).values()) == {"check"}
    assert f"pytest {CHECKED.rstrip('/')} " in recipe


def test_of_a_file_that_a_proof_runs_whole_the_first_test_is_tried_on_each_database() -> None:
    names = [name for n in range(3) for name in both(f"tests/race/test_fees.py::test_{n}", 1, 2)]

    assert list(shares(names).values()) == [MAKE_TEST] * 2 + ["race"] * 10


@pytest.mark.parametrize("path", PROVED_ALONE)
def test_what_needs_the_running_demo_is_run_by_its_proof_alone(path: str) -> None:
    names = [f"{path}test_fees.py::test_{n}" if path.endswith("/") else f"{path}::test_{n}" for n in range(2)]

    assert set(shares(names).values()) == {PROVED[path]}


@pytest.mark.parametrize(("path", "proof"), PROVED.items())
def test_what_make_test_leaves_to_a_proof_is_run_by_it_whole_and_in_turn(path: str, proof: str) -> None:
    words = MADE_BY[proof].split()

    assert path.rstrip("/") in words
    assert not any(word.startswith(("SHARE=", "-k")) for word in words)
    assert proof in PROOFS
    assert (ROOT / path).exists()


@pytest.mark.parametrize(("proof", "folders"), [("postgres", tuple(EACH)), ("cases", CASED), ("long", ["tests"])])
def test_what_make_test_leaves_of_a_folder_is_the_share_of_a_proof_that_collects_the_folder(
    proof: str, folders: Sequence[str]
) -> None:
    words = MADE_BY[proof].split()

    assert f"@SHARE={proof}" in words
    assert proof in PROOFS
    assert {folder.rstrip("/") for folder in folders} <= set(words)


def test_every_test_is_of_one_share_and_each_share_takes_its_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [name for n in range(9) for name in both(f"tests/schema/test_homes.py::test_{n}", 1, 2, 3)]
    hook = SimpleNamespace(pytest_deselected=lambda *, items: None)

    def kept(asked: str) -> list[str]:
        monkeypatch.setenv("SHARE", asked)
        items: list[Any] = [
            SimpleNamespace(nodeid=name, get_closest_marker=lambda mark, name=name: mark if "_8" in name else None)
            for name in names
        ]
        keep_chosen(cast("Any", SimpleNamespace(hook=hook)), items)
        return [item.nodeid for item in items]

    taken = [kept(share) for share in (MAKE_TEST, "postgres", "cases", "long")]

    assert all(taken)
    assert sorted(itertools.chain(*taken)) == sorted(kept("")) == sorted(names)
