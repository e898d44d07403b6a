"""Cases that stand anywhere, drawn by hypothesis or from a seed: for tests of what counters tell of them."""

import asyncio
import random  # noqa: TID251 - the cases are drawn from a seed
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import strategies as st

from domain.applications.applications import Application, Decision, RejectionGround
from domain.applications.deadline import end_of_day
from domain.applications.lifecycle import OPEN, REFUSED, Status
from domain.kernel import Clock, ist_date
from store.database import FieldCipher, Store
from store.identity import people
from tests.store.builders import application, citizen
from tests.support.databases import NOW

DAY = timedelta(days=1)
DEPARTMENTS, DISTRICTS, TEHSILS = ("revenue-department", "forest-department"), ("57", "58"), ("358", None)


class Drawn(NamedTuple):
    """Where a case stands: `due` days from now, None without a known limit; one that ended did so `ago` days ago."""

    status: Status
    department: str = DEPARTMENTS[0]
    district: str = DISTRICTS[0]
    tehsil: str | None = None
    due: int | None = 3
    paused: bool = False
    ago: int = 0


def standings(states: Collection[Status], due: tuple[int, int], longest_ago: int = 0) -> st.SearchStrategy[Drawn]:
    """A case in one of the states, due within these days, ended at most so many days ago."""
    return st.builds(
        Drawn,
        st.sampled_from(sorted(states)),
        st.sampled_from(DEPARTMENTS),
        st.sampled_from(DISTRICTS),
        st.sampled_from(TEHSILS),
        st.none() | st.integers(*due),
        st.booleans(),
        st.integers(0, longest_ago),
    )


def from_seed(
    lots: random.Random, many: int, states: Collection[Status], due: tuple[int, int], longest_ago: int = 0
) -> list[Drawn]:
    """So many of the same, always alike."""
    return [
        Drawn(
            lots.choice(sorted(states)),
            lots.choice(DEPARTMENTS),
            lots.choice(DISTRICTS),
            lots.choice(TEHSILS),
            lots.choice([None, *range(due[0], due[1] + 1)]),
            lots.random() < 0.2,
            lots.randint(0, longest_ago),
        )
        for _ in range(many)
    ]


def case(number: int, drawn: Drawn, now: datetime = NOW) -> Application:
    """A case as the verbs leave it: each due instant is the end of a day in India."""
    ended = now - drawn.ago * DAY
    one = application(
        f"a{number}",
        status=drawn.status,
        department=drawn.department,
        district=drawn.district,
        tehsil=drawn.tehsil,
        submitted_at=now - 60 * DAY,
        due_at=None if drawn.due is None else end_of_day(ist_date(now + drawn.due * DAY)),
        paused_since=now - DAY if drawn.paused and drawn.status in OPEN else None,
        delivered_at=ended if drawn.status is Status.DELIVERED else None,
        updated_at=now if drawn.status in OPEN else ended,
    )
    refused = Decision(False, RejectionGround.NOT_ELIGIBLE, "No.", "o1", ended)
    return replace(one, decision=refused) if drawn.status in REFUSED else one


def cases(drawn: Sequence[Drawn], now: datetime = NOW) -> list[Application]:
    """One case for each, numbered."""
    return [case(number, one, now) for number, one in enumerate(drawn)]


async def enter_applicant(store: Store) -> None:
    """Enter the citizen to whom every one of these cases belongs."""
    async with store.write_transaction() as tx:
        await people.add_citizen(tx, citizen("c1"))


def with_a_store_of_its_own(
    migrated: Path, keyrings: Any, clock: Clock, look: Callable[[Store], Awaitable[None]]
) -> None:
    """Look at a fresh copy of an empty SQLite store with the applicant: an example of hypothesis has no loop."""

    async def opened(folder: Path) -> None:
        shutil.copy(migrated, folder / "store.db")
        url = f"sqlite+aiosqlite:///{folder / 'store.db'}"
        store = await Store.open(url, cipher=FieldCipher(keyrings), clock=clock)
        try:
            await enter_applicant(store)
            await look(store)
        finally:
            await store.close()

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(opened(Path(folder)))
