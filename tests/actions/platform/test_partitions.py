"""The partitions of docs/scale.md section 5, made by its SQL on PostgreSQL, with the product's verbs over them."""

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from subprocess import CalledProcessError
from typing import Any

import pytest
import sqlalchemy as sa

from domain.applications.lifecycle import Status
from domain.kernel import ManualClock
from domain.kernel.ids import uuid7
from store.applications import applications
from store.database import AlreadyThere, Keyrings, audit
from store.identity import accesses
from store.tables import metadata
from tests.support.actions import FREE, World
from tests.support.catalogued import Filled, copied, inhabited
from tests.support.databases import PostgresServer
from tests.support.worlds import lives, wrong

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "scale.md").read_text(encoding="utf-8")
SQL, BEFORE, AFTERWARDS = re.findall(r"```sql\n(BEGIN;.*?)```", PAGE, re.DOTALL)
"""What makes a table a partitioned one, and what goes before and after it for `applications`."""
KEYS, OBSTACLES = (
    dict(re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", part, re.MULTILINE))
    for part in re.split(r"^\| table \| (?:key|constraint without the key)", PAGE, flags=re.MULTILINE)[1:3]
)
"""By table the key of its partitions, and the columns of the constraint that stands in the way, as the page says."""

UNWRITTEN = {"application_forms", "outside_reads", "verifications"}
"""No life of this test fills in a form that is kept with its sources, calls an outside system, or asks a verifier."""

pytestmark = pytest.mark.integration


def key_of(table: str) -> sa.Column[Any]:
    """The first column of a table's primary key."""
    return next(iter(metadata.tables[table].primary_key))


class Database:
    """A copy of the world of the people whose tables psql makes partitioned ones."""

    def __init__(self, server: PostgresServer, name: str) -> None:
        self._server, self._name = server, name
        self.url = server.url(name)

    def partition(self, table: str, bound: str | int) -> None:
        """Run the page's SQL: rows up to the bound stay in `before`, the others go to `after`.

        Raises CalledProcessError with what PostgreSQL said.
        """
        told = {"before": f"{table}_before", "after": f"{table}_after", "key": key_of(table).name, "bound": bound}
        self.run(SQL, table=table, **told)

    def run(self, statements: str, **told: object) -> None:
        """Have psql carry statements out, with these variables."""
        script = self._server.folder / "partition.sql"
        script.write_text(statements, encoding="utf-8")
        script.chmod(0o644)
        variables = [word for name, value in told.items() for word in ("-v", f"{name}={value}")]
        self._server.run("psql", "-d", self._name, "-X", "-q", "-v", "ON_ERROR_STOP=1", *variables, "-f", str(script))


@pytest.fixture
def database(postgres_server: PostgresServer, peopled_postgres: str) -> Iterator[Database]:
    """A database of its own."""
    name = postgres_server.database(peopled_postgres)
    yield Database(postgres_server, name)
    postgres_server.drop(name)


@pytest.fixture
async def world(
    database: Database,
    catalogue_and_people: Filled,
    store_keyrings: Keyrings,
    store_clock: ManualClock,
    tmp_path: Path,
) -> AsyncIterator[World]:
    """The world in that database, where an application of Sunil was approved."""
    async with copied(database.url, catalogue_and_people, store_keyrings, store_clock, tmp_path) as env:
        world = inhabited(env, catalogue_and_people.people, store_clock)
        await world.approved(world.sunil, FREE, world.registrar, idempotency_key="before")
        await world.read(world.registrar, (await only_application(world)))
        await audit.seal(env.store)
        yield world


async def only_application(world: World) -> str:
    """The id of the application that is there."""
    async with world.env.store.read_transaction() as tx:
        [application] = await applications.page_of_citizen(
            tx, world.sunil.person_id or "", statuses=list(Status), limit=2
        )
    return application.id


def lacking(table: str) -> str:
    """The columns of each unique constraint of a table that does not contain the first column of its primary key."""
    found, key = metadata.tables[table], key_of(table).name
    unique = [each.columns for each in found.constraints if isinstance(each, sa.UniqueConstraint)]
    unique += [each.columns for each in found.indexes if each.unique]
    return "; ".join(sorted(", ".join(columns.keys()) for columns in unique if key not in columns))


async def bound_of(world: World, table: str) -> str | int:
    """A key that no row has reached: the next number, or the first UUIDv7 of the next second."""
    column = key_of(table)
    if column.type.python_type is str:
        return uuid7(int(world.clock.now().timestamp() * 1000) + 1000, 0)
    async with world.env.store.read_transaction() as tx:
        return int((await tx.connection.execute(sa.select(sa.func.coalesce(sa.func.max(column), 0) + 1))).scalar_one())


async def rows_by_part(world: World, table: str) -> tuple[int, int]:
    """How many rows lie before the bound and after it."""
    async with world.env.store.read_transaction() as tx:
        before, after = [
            int((await tx.connection.execute(sa.text(f"SELECT count(*) FROM {table}_{part}"))).scalar_one())
            for part in ("before", "after")
        ]
    return before, after


async def split(world: World, database: Database, tables: list[str]) -> None:
    """Make these tables partitioned, and let time pass, so that what comes lies in the second part."""
    bounds = {table: await bound_of(world, table) for table in tables}
    for table, bound in bounds.items():
        database.partition(table, bound)
    world.clock.advance(timedelta(minutes=1))
    await world.env.store.plan_anew()


@pytest.mark.long
async def test_tables_of_the_page_are_partitioned_as_they_stand_under_the_products_statements(
    world: World, database: Database
) -> None:
    await split(world, database, list(KEYS))

    await lives(world)

    assert await wrong(world.env) == []
    parts = {table: await rows_by_part(world, table) for table in KEYS}
    assert {table for table, (_, after) in parts.items() if not after} == UNWRITTEN


async def test_receipts_of_every_part_are_read_and_forgotten_in_time(world: World, database: Database) -> None:
    await split(world, database, ["data_accesses"])
    await lives(world)
    citizen = world.sunil.person_id or ""
    async with world.env.store.read_transaction() as tx:
        found = await accesses.of_citizen(tx, citizen, 100)

    async with world.env.store.write_transaction() as tx:
        await accesses.forget_before(tx, world.clock.now())

    async with world.env.store.read_transaction() as tx:
        left = await accesses.of_citizen(tx, citizen, 100)
    assert {receipt.at for receipt in found} > {receipt.at for receipt in left}


@pytest.mark.long
async def test_applications_are_partitioned_once_their_numbers_have_a_table_under_the_same_statements(
    world: World, database: Database
) -> None:
    database.run(BEFORE)
    await split(world, database, ["applications"])
    database.run(AFTERWARDS)

    await lives(world)

    assert await wrong(world.env) == []
    assert await rows_by_part(world, "applications") == (1, 7)


async def test_a_number_is_given_once_though_no_part_of_applications_sees_the_others(
    world: World, database: Database
) -> None:
    database.run(BEFORE)
    await split(world, database, ["applications"])
    database.run(AFTERWARDS)
    new = await world.submit(world.asha, FREE)
    async with world.env.store.read_transaction() as tx:
        before = await applications.get(tx, await only_application(world))

    with pytest.raises(AlreadyThere):
        async with world.env.store.write_transaction() as tx:
            await applications.add(tx, replace(new, id=world.env.ids.key(), number=before.number))


@pytest.mark.long
@pytest.mark.parametrize("table", OBSTACLES)
async def test_postgresql_refuses_partitions_by_id_where_a_unique_constraint_lacks_it(
    table: str, world: World, database: Database
) -> None:
    with pytest.raises(CalledProcessError) as refused:
        database.partition(table, await bound_of(world, table))

    assert "unique constraint on partitioned table must include all partitioning columns" in str(refused.value.stderr)


def test_the_page_says_which_constraint_of_each_table_lacks_the_key() -> None:
    assert {table: lacking(table) for table in OBSTACLES} == OBSTACLES
    assert {table: key_of(table).name for table in KEYS if not lacking(table)} == KEYS
