"""kill -9 at each step of reconciliation: a case once, sums equal, nothing counted twice, no file lost (C1).

What a night leaves in every book is compared with what it leaves where nobody died.
"""

import os
import shutil
import signal
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from domain.kernel import SYSTEM
from domain.reconciliation.finance_cases import DifferenceKind
from store.database import Keyrings, crash_points
from tests.support.bounds import rounds, whole
from tests.support.databases import run_apart
from tests.support.prepared import Prepared, apart
from tests.support.reconciling import LATER, NIGHT_OVER, PAID_AT, in_small_steps, opened
from tests.support.sown import Bench, Sown, sow
from tests.support.worlds import wrong

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore:This process:DeprecationWarning"),
    pytest.mark.skipif(not os.environ.get("BOUND"), reason="run by `make crash`"),
]

POINTS = crash_points.RECONCILIATION
STRIDE = rounds(0, ci=12, full=1)
"""How many commits lie between two deaths."""
FEWEST_COMMITS = 30
COMMITS = (crash_points.BEFORE_COMMIT, crash_points.AFTER_COMMIT)
"""Around each commit: after what partners were asked since the last one, and before they are asked again."""


@dataclass(frozen=True)
class Evening:
    """Everything was paid, and the night has passed; `left` is what a morning leaves on which nobody dies."""

    sown: Sown
    left: Mapping[str, Any]


@pytest.fixture(scope="module")
def evening(bench: Bench, tmp_path_factory: pytest.TempPathFactory, store_keyrings: Keyrings) -> Evening:
    """The evening on each database, lived once."""
    lived = sow(bench, tmp_path_factory.mktemp("evening"), store_keyrings, spent)
    morning = tmp_path_factory.mktemp("morning")
    with lived.copied(morning) as url:
        return Evening(lived, run_apart(comes_back, bench.made, url, morning, store_keyrings))


async def spent(made: Prepared, url: str, folder: Path, keyrings: Keyrings) -> None:
    async with opened(made, url, folder, keyrings, PAID_AT) as night:
        await night.sown()


async def dies(
    tell: Callable[[str], None], made: Prepared, url: str, folder: Path, keyrings: Keyrings, point: str
) -> None:
    in_small_steps()
    async with opened(made, url, folder, keyrings, NIGHT_OVER) as night:
        tell("opened")
        crash_points.arm(point)
        await night.passes()
        tell("survived")


async def comes_back(made: Prepared, url: str, folder: Path, keyrings: Keyrings) -> Mapping[str, Any]:
    """Go on after a death, twice, and give what is there then."""
    async with opened(made, url, folder, keyrings, NIGHT_OVER + LATER) as night:
        assert await wrong(night.paying.env) == []
        for _ in range(2):
            await night.passes()
            night.paying.clock.advance(LATER)
        assert await wrong(night.paying.env) == []
        return await night.left()


def test_a_night_that_nobody_disturbs_finds_each_difference_once(evening: Evening) -> None:
    """What the others are compared with is itself right: every planted difference, and nothing else."""
    left = evening.left
    cases = Counter(DifferenceKind(row[0]) for row in left["finance_cases"])
    assert cases == {
        DifferenceKind.AMOUNT_DIFFERS: 1,
        DifferenceKind.FILE_REFUSED: 1,
        DifferenceKind.UNKNOWN_IN_SCROLL: 2,
        DifferenceKind.UTR_TWICE: 1,
    }
    assert left["finance_case_events"] == [("OPEN", SYSTEM.label)] * 5
    assert [(row[0], row[2], row[3]) for row in left["reconciliation_runs"]] == [
        ("IFMS", "ENDED", 0),
        ("PFMS", "ENDED", 5),
    ]
    assert [len(left["files"][folder]) for folder in ("in", "archive", "failed")] == [0, 1, 2]
    assert len(left["finance_statements"]) == 2
    assert [row[1:] for row in left["dbt_bharat_reports"]] == [("2026-11", 1, "ACCEPTED")] * len(left["reports"])


def test_a_worker_that_dies_while_books_are_compared_leaves_what_an_undisturbed_one_leaves(
    evening: Evening, tmp_path: Path, store_keyrings: Keyrings
) -> None:
    points = (
        POINTS if whole() else POINTS[evening.sown.bench.server is None :: 2]
    )  # each point on one database, else on both
    for point in points:
        folder = tmp_path / point
        with evening.sown.copied(folder) as url:
            code, told = apart(dies, evening.sown.bench.made, url, folder, store_keyrings, point)
            assert (code, told) == (-signal.SIGKILL, ["opened"]), point
            assert run_apart(comes_back, evening.sown.bench.made, url, folder, store_keyrings) == evening.left, point
        shutil.rmtree(folder)


@pytest.mark.parametrize("point", COMMITS)
def test_a_worker_that_dies_around_any_commit_of_the_night_leaves_the_same(
    evening: Evening, tmp_path: Path, store_keyrings: Keyrings, point: str
) -> None:
    commits = 0
    for commits in count(1, STRIDE):
        folder, here = tmp_path / str(commits), f"{point}:{commits}"
        with evening.sown.copied(folder) as url:
            code, told = apart(dies, evening.sown.bench.made, url, folder, store_keyrings, here)
            if told == ["opened", "survived"]:
                break
            assert (code, told) == (-signal.SIGKILL, ["opened"]), here
            assert run_apart(comes_back, evening.sown.bench.made, url, folder, store_keyrings) == evening.left, here
        shutil.rmtree(folder)
    assert commits > FEWEST_COMMITS
