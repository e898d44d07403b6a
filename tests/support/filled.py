"""Databases of the last release of before 0.2.0 with many rows, and copies of them."""

import itertools
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from domain.applications.applications import Application
from domain.kernel import ManualClock
from store.applications.application_rows import APPLICATIONS
from store.database import FieldCipher, Store, Transaction, dump
from store.identity import people
from store.tables import metadata
from tests.store import builders
from tests.support.before import make_schema
from tests.support.bounds import rounds
from tests.support.databases import NOW, PostgresServer

SECOND = timedelta(seconds=1)

ROWS = rounds(200, ci=2_000, full=100_000)
FEWER = min(ROWS, 1_000)
"""Where every revision is looked at by itself: most of the time goes into reading all rows after each."""


@dataclass
class Databases:
    """Makes databases of one kind, empty or as copies, and takes them away again."""

    folder: Path
    server: PostgresServer | None
    made: list[str] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def new(self, like: str | None = None) -> str:
        """The address of a new database; `like` is that of one to which nobody is connected."""
        if self.server is not None:
            name = self.server.database(_name(like) if like else "template0")
            self.made.append(name)
            return self.server.url(name)
        path = self.folder / f"{next(self.numbers)}.db"
        if like:
            shutil.copy(like.removeprefix("sqlite:///"), path)
        self.made.append(str(path))
        return f"sqlite:///{path}"

    def clear(self) -> None:
        """Take away what was made, which with many rows is much."""
        for name in self.made:
            if self.server is not None:
                self.server.drop(name)
            else:
                Path(name).unlink()
        self.made.clear()


def _name(url: str) -> str:
    """The database of an address of PostgreSQL."""
    return url.partition("?")[0].rpartition("/")[2]


@dataclass(frozen=True)
class Filled:
    """Two databases of before 0.2.0 at rest, to be copied: one with many rows, one with fewer."""

    many: str
    fewer: str
    server: PostgresServer | None


@asynccontextmanager
async def closed_at_the_end(store: Store) -> AsyncIterator[None]:
    """Close the store whatever happens."""
    try:
        yield
    finally:
        await store.close()


async def of_before(url: str, cipher: FieldCipher, many: int) -> None:
    """Give an empty database the last schema of before 0.2.0 and so many rows."""
    await make_schema(url)
    store = await Store.open(url, cipher=cipher, clock=ManualClock(NOW))
    async with closed_at_the_end(store):
        await fill(store, many)


async def fill(store: Store, many: int) -> None:
    """So many rows: for ten applications a citizen, and three entries for each of them."""
    cases = max(many // 4, 1)
    for start in range(0, cases, 500):
        numbers = range(start, min(start + 500, cases))
        async with store.write_transaction() as tx:
            await dump.begin(tx)
            owners = [builders.citizen(f"c{number // 10:06}") for number in numbers if number % 10 == 0]
            await _enter(tx, "citizens", [people.values_of(tx, owner) for owner in owners])
            found = [builders.application(f"a{n:06}", f"c{n // 10:06}", created_at=NOW + SECOND * n) for n in numbers]
            await _enter(tx, "applications", [APPLICATIONS.values(tx, case) for case in found])
            await _enter(tx, "timeline_entries", [_step(tx, case, place) for case in found for place in (1, 2, 3)])


async def _enter(tx: Transaction, name: str, rows: list[dict[str, Any]]) -> None:
    """Enter rows with the columns that the schema has: one of before has fewer."""
    if rows:
        (part,) = await dump.present(tx, [metadata.tables[name]])
        there = {column.name for column in part.columns}
        known = [{column: value for column, value in row.items() if column in there} for row in rows]
        await tx.connection.execute(insert(metadata.tables[name]), known)


def _step(tx: Transaction, case: Application, place: int) -> dict[str, Any]:
    entry = f"{case.id}-{place}"
    return {
        "id": entry,
        "citizen_id": case.citizen_id,
        "application_id": case.id,
        "sequence": place,
        "move": "SAVE_DRAFT",
        "status_before": None,
        "status_after": "DRAFT",
        "actor_role": "CITIZEN",
        "actor_id": case.citizen_id,
        "ground": None,
        "note": tx.cipher.encrypt("नोट".encode(), f"timeline_entries:note:{entry}"),
        "at": NOW,
    }
