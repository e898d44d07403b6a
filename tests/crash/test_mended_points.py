"""kill -9 while money is put right: paid anew, waited for, given back. It is so once, as where nobody died (C1).

A process dies before each commit, and after each: between the two lies every question to a partner and its answer.
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

from store.database import Keyrings, crash_points
from tests.support.bounds import rounds
from tests.support.databases import run_apart
from tests.support.mending import DAY, STORIES, Story
from tests.support.prepared import Prepared, apart
from tests.support.sown import Bench, Sown, sow
from tests.support.worlds import wrong

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore:This process:DeprecationWarning"),
    pytest.mark.skipif(not os.environ.get("BOUND"), reason="run by `make crash`"),
]

STRIDE = rounds(0, ci=7, full=1)
"""How many commits lie between two deaths."""
FEWEST_COMMITS = 4
LEFT_TO_A_PERSON = frozenset({"refunded", "another_amount"})
"""Stories in which a death between the call for a refund and its answer, and there alone, leaves it to a person.

Whether it was taken nothing tells (docs/contracts/other_systems.md section 3.4), unless CSC takes repeats.
"""
A_RUPEE, FIRST_BALANCE, OPERATOR = 100, 500_000, "500100010011"
"""What CSC booked too little, what a wallet holds at first, and whose it is."""
COMMITS = (crash_points.BEFORE_COMMIT, crash_points.AFTER_COMMIT)


@dataclass(frozen=True)
class Told:
    """A story on one database; `left` is what a day leaves on which nobody dies."""

    name: str
    sown: Sown
    left: Mapping[str, Any]

    @property
    def story(self) -> Story:
        return STORIES[self.name]


@pytest.fixture(scope="module", params=STORIES)
def told(
    request: pytest.FixtureRequest, bench: Bench, tmp_path_factory: pytest.TempPathFactory, store_keyrings: Keyrings
) -> Told:
    """Each story on each database: its eve lived once, and its day once without a death."""
    name = str(request.param)

    async def eve(made: Prepared, url: str, folder: Path, keyrings: Keyrings) -> None:
        async with STORIES[name].opened(made, url, folder, keyrings) as mending:
            await STORIES[name].eve(mending)

    sown = sow(bench, tmp_path_factory.mktemp("eve"), store_keyrings, eve)
    folder = tmp_path_factory.mktemp("day")
    with sown.copied(folder) as url:
        return Told(name, sown, run_apart(comes_back, STORIES[name], bench.made, url, folder, store_keyrings))


async def dies(
    tell: Callable[[str], None],
    story: Story,
    made: Prepared,
    url: str,
    folder: Path,
    keyrings: Keyrings,
    point: str,
) -> None:
    async with story.opened(made, url, folder, keyrings) as mending:
        mending.world.clock.advance(DAY)
        tell("opened")
        crash_points.arm(point)
        await story.day(mending)
        tell("survived")


async def comes_back(story: Story, made: Prepared, url: str, folder: Path, keyrings: Keyrings) -> Mapping[str, Any]:
    """Live the day after a death, twice, and give what is there then."""
    async with story.opened(made, url, folder, keyrings) as mending:
        mending.world.clock.advance(story.again)
        assert await wrong(mending.world.env) == []
        for _ in range(2):
            await story.day(mending)
        assert await wrong(mending.world.env) == []
        return await mending.left()


def test_a_day_that_nobody_disturbs_puts_everything_right_once(told: Told) -> None:
    """What the others are compared with is itself right."""
    left = told.left
    paid = Counter(row[3] for row in left["instalments"].elements())
    fees = Counter(row[1] for row in left["fee_orders"].elements())
    match told.name:
        case "corrected":
            assert (paid["REISSUED"], paid["CREDITED"]) == (1, 1)
            assert left["orders"] == 2
        case "funded":
            assert paid["CREDITED"] == 1
            assert left["orders"] == 1
        case "refunded" | "another_amount" | "repeated":
            short = 0 if told.name == "refunded" else A_RUPEE  # which CSC never booked
            assert fees == {"REFUNDED": 1}
            assert left["wallets"] == {OPERATOR: {"paise": FIRST_BALANCE - short}}
            assert left["refunds_by_hand"] == 0
        case "refiled":
            assert (paid["REISSUED"], paid["CREDITED"]) == (1, 2)
            assert {many for _, many in left["pfms"]} == {1}
            assert len(left["pfms"]) == 3
    assert not [row for row in left["outbox"] if row[1] == "DEAD"]


@pytest.mark.parametrize("point", COMMITS)
def test_a_process_that_dies_around_any_commit_leaves_the_same(
    told: Told, tmp_path: Path, store_keyrings: Keyrings, point: str
) -> None:
    made = told.sown.bench.made
    commits = by_hand = 0
    for commits in count(1, STRIDE):
        folder, here = tmp_path / str(commits), f"{point}:{commits}"
        with told.sown.copied(folder) as url:
            code, said = apart(dies, told.story, made, url, folder, store_keyrings, here)
            if said == ["opened", "survived"]:
                break
            assert (code, said) == (-signal.SIGKILL, ["opened"]), here
            left = run_apart(comes_back, told.story, made, url, folder, store_keyrings)
            wanted = _by_hand(told.left) if left.get("refunds_by_hand") else told.left
            assert left == wanted, (here, _apart(left, wanted))
            by_hand += left.get("refunds_by_hand", 0)
        shutil.rmtree(folder)
    assert commits > FEWEST_COMMITS
    most = int(told.name in LEFT_TO_A_PERSON)
    assert by_hand == most if STRIDE == 1 else by_hand <= most


def _by_hand(left: Mapping[str, Any]) -> dict[str, Any]:
    """What is left where a person notes a refund: the same, but that CSC ordered it was not heard."""
    return {
        **left,
        "refunds_by_hand": 1,
        "audit_lines": _without(left["audit_lines"], "fee.refund_sent"),
        "notices": _without(left["notices"], "FEE_REFUND_SENT"),
    }


def _without(rows: Counter[tuple[str, ...]], word: str) -> Counter[tuple[str, ...]]:
    return Counter({row: many for row, many in rows.items() if word not in row})


def _apart(left: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Only what differs."""
    return {name: (left[name], wanted[name]) for name in wanted if left[name] != wanted[name]}
