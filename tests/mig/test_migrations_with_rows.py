"""Migrations with many rows: there and back again, while the old release works, and past a kill -9 (5.6).

There is one revision since 0.2.0, so what is proven of the next ones is proven with two of a release that is made up
(tests/support/next_release.py); this release is the old one beside it.
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import MetaData, inspect, text

from store.applications import applications
from store.database import Store, crash_points, dump, migrate, schema_is_current
from store.database.dump import Batch
from store.database.errors import SchemaTooNew
from store.database.migration_runner import downgrade
from store.database.revisions import GONE, HEAD, LAST_BEFORE, REVISIONS
from store.tables import metadata
from tests.support.bounds import rounds
from tests.support.databases import run_apart
from tests.support.filled import ROWS, closed_at_the_end, fill
from tests.support.next_release import CONTRACTED, EXPANDED, KEPT, NEXT, TABLES, upgraded
from tests.support.stored import digest, tables_there
from tests.support.worlds import a_world, lives

ROOT = Path(__file__).resolve().parents[2]

LONGEST_MS = 2_000
"""No statement of the old release waits longer (docs/reliability.md section 5.6)."""

pytestmark = pytest.mark.timeout(900)


def crowded() -> float:
    """How many want each processor: 1 on a machine of our own; at most the margin of docs/reliability.md section 5."""
    return min(5.0, max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)))


async def digest_of(url: str, cipher, clock, tables=TABLES) -> str:
    store = Store(url, cipher=cipher, clock=clock)  # not `open`, which refuses the next release
    async with closed_at_the_end(store), store.read_transaction() as tx:
        return await digest(tx, tables)


async def present_revision(url: str, cipher, clock) -> str:
    store = Store(url, cipher=cipher, clock=clock)
    async with closed_at_the_end(store), store.read_transaction() as tx:
        return await dump.revision_of(tx)


async def declared_there(url: str, cipher, clock) -> MetaData:
    store = Store(url, cipher=cipher, clock=clock)
    async with closed_at_the_end(store), store.read_transaction() as tx:
        return await tables_there(tx)


async def tables_of(url: str, cipher, clock) -> set[str]:
    store = Store(url, cipher=cipher, clock=clock)
    async with closed_at_the_end(store), store.read_transaction() as tx:
        return set(await tx.connection.run_sync(lambda sync: inspect(sync).get_table_names()))


@pytest.mark.integration
async def test_many_rows_of_before_0_2_0_are_taken_over(before, store_cipher, store_clock):
    declared = await declared_there(before, store_cipher, store_clock)
    rows = await digest_of(before, store_cipher, store_clock, declared)
    assert not await schema_is_current(before)
    await migrate(before)
    assert await schema_is_current(before)
    assert await digest_of(before, store_cipher, store_clock, declared) == rows
    assert not set(GONE) & await tables_of(before, store_cipher, store_clock)


@pytest.mark.integration
async def test_many_rows_survive_up_down_and_up(filled, store_cipher, store_clock):
    before = await digest_of(filled, store_cipher, store_clock)
    kept = await digest_of(filled, store_cipher, store_clock, KEPT)
    await upgraded(filled)
    above = await digest_of(filled, store_cipher, store_clock)
    assert above != before
    assert await digest_of(filled, store_cipher, store_clock, KEPT) == kept
    await downgrade(filled, HEAD, NEXT)
    assert await digest_of(filled, store_cipher, store_clock) == before
    assert await schema_is_current(filled)
    await upgraded(filled)
    assert await digest_of(filled, store_cipher, store_clock) == above


@pytest.mark.integration
async def test_rows_survive_every_revision_on_the_way_up_and_down_and_up_again(fewer, store_cipher, store_clock):
    kept = await digest_of(fewer, store_cipher, store_clock, KEPT)
    course = [HEAD, EXPANDED, CONTRACTED]
    for revision in (*course, *reversed(course)):
        await upgraded(fewer, revision)
        await downgrade(fewer, revision, NEXT)
        assert await present_revision(fewer, store_cipher, store_clock) == revision
        assert await digest_of(fewer, store_cipher, store_clock, KEPT) == kept, revision


@pytest.fixture
async def lived(sqlite_store, store_keyrings, store_clock, tmp_path) -> Store:
    """A store of today's schema with a life of every kind in it."""
    async with a_world(sqlite_store, store_keyrings, store_clock, tmp_path) as world:
        await lives(world)
    return sqlite_store


@pytest.mark.integration
@pytest.mark.parametrize("revision", [EXPANDED, CONTRACTED])
async def test_rows_of_every_kind_survive_up_down_and_up(lived, databases, store_cipher, store_clock, revision):
    url = databases.new()
    await migrate(url)
    await _copy(lived, url, store_cipher, store_clock)
    before = await digest_of(url, store_cipher, store_clock)
    await upgraded(url, revision)
    above = await digest_of(url, store_cipher, store_clock)
    await downgrade(url, HEAD, NEXT)
    assert await digest_of(url, store_cipher, store_clock) == before
    await upgraded(url, revision)
    assert await digest_of(url, store_cipher, store_clock) == above


async def _copy(source: Store, url: str, cipher, clock) -> None:
    """Put every row into another database, whichever kind it is."""
    target = await Store.open(url, cipher=cipher, clock=clock)
    tables = {table.name: table for table in metadata.sorted_tables}
    async with closed_at_the_end(target), source.read_transaction() as tx, target.write_transaction() as other:
        await dump.begin(other)
        for part in await dump.present(tx, metadata):
            async for batch in dump.batches(tx, part):
                await dump.load(other, tables, batch)


@pytest.mark.integration
async def test_both_databases_give_the_same_dump_of_the_same_rows(sqlite_store, postgres_store):
    await fill(sqlite_store, ROWS)
    async with sqlite_store.read_transaction() as tx, postgres_store.write_transaction() as other:
        await dump.begin(other)
        tables = {table.name: table for table in metadata.sorted_tables}
        for part in await dump.present(tx, metadata):
            async for batch in dump.batches(tx, part):
                await dump.load(other, tables, Batch.of_lines(batch.lines()))
        await dump.finish_load(other, metadata.sorted_tables)
    async with sqlite_store.read_transaction() as tx, postgres_store.read_transaction() as other:
        assert await digest(tx, metadata) == await digest(other, metadata)


@pytest.mark.integration
def test_the_old_release_reads_and_writes_while_the_schema_is_expanded(
    filled, store_keyrings, store_cipher, store_clock, tmp_path, record_property
):
    stop = tmp_path / "stop"
    working = subprocess.Popen(
        [sys.executable, "-m", "tests.support.old_release", filled, str(store_keyrings._folder), str(stop)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert working.stdout is not None
    try:
        assert working.stdout.readline() == "ready\n", working.stderr.read()
        begun = time.monotonic()
        run_apart(upgraded, filled, EXPANDED)
        took = time.monotonic() - begun
        stop.touch()
        out, err = working.communicate(timeout=120)
    finally:
        working.kill()
    assert working.returncode == 0, err[-3000:]
    many, longest = (int(word) for word in out.split())
    record_property("release before", f"{many} rounds, the longest {longest} ms; migrated in {took * 1000:.0f} ms")
    assert many >= 5
    assert longest < LONGEST_MS * crowded()
    assert run_apart(present_revision, filled, store_cipher, store_clock) == EXPANDED
    assert run_apart(_count, filled, store_cipher, store_clock, "old-release") == many
    run_apart(upgraded, filled)
    assert run_apart(_without_channel, filled, store_cipher, store_clock) == 0


async def _count(url, cipher, clock, citizen_id) -> int:
    store = Store(url, cipher=cipher, clock=clock)
    async with closed_at_the_end(store), store.read_transaction() as tx:
        return await applications.count_of_citizen(tx, citizen_id)


async def _without_channel(url, cipher, clock) -> int:
    """How many applications the next release would not know the channel of."""
    statement = "SELECT count(*) FROM applications WHERE id NOT IN (SELECT application_id FROM case_channels)"
    store = Store(url, cipher=cipher, clock=clock)
    async with closed_at_the_end(store), store.read_transaction() as tx:
        return int((await tx.connection.execute(text(statement))).scalar_one())


async def run_with(url: str, *command: str, home: Path, crash_at: str | None = None) -> int:
    """The exit code of a process that migrates the database."""
    environment = {**os.environ, "APUNI_HOME": str(home), "APUNI_DATABASE_URL": url}
    if crash_at:
        environment["APUNI_CRASH_AT"] = crash_at
    command = (sys.executable, "-m", *command)
    done = await asyncio.to_thread(subprocess.run, command, check=False, cwd=ROOT, env=environment, timeout=300)
    return done.returncode


POINTS = [f"{crash_points.MIGRATED}:{revision}" for revision in rounds((2,), ci=(2,), full=(1, 2))]
"""Before the commit of which revision of the next release the process is killed."""


@pytest.mark.integration
@pytest.mark.parametrize("point", POINTS)
async def test_a_migration_that_is_killed_leaves_whole_revisions_and_completes_when_run_again(
    filled, store_cipher, store_clock, tmp_path, point
):
    kept = await digest_of(filled, store_cipher, store_clock, KEPT)
    command = ("tests.support.next_release", filled)
    left = NEXT.revisions[len(REVISIONS) + int(point.partition(":")[2]) - 2]

    assert await run_with(filled, *command, home=tmp_path, crash_at=point) == -signal.SIGKILL
    assert await present_revision(filled, store_cipher, store_clock) == left
    assert await digest_of(filled, store_cipher, store_clock, KEPT) == kept
    assert await run_with(filled, *command, home=tmp_path) == 0
    assert await present_revision(filled, store_cipher, store_clock) == CONTRACTED
    assert await digest_of(filled, store_cipher, store_clock, KEPT) == kept


@pytest.mark.integration
async def test_a_take_over_that_is_killed_leaves_all_as_it_was_and_completes_when_run_again(
    before, store_cipher, store_clock, tmp_path
):
    declared = await declared_there(before, store_cipher, store_clock)
    rows = await digest_of(before, store_cipher, store_clock, declared)
    command = ("gateway.cli", "migrate")

    assert await run_with(before, *command, home=tmp_path, crash_at=crash_points.MIGRATED) == -signal.SIGKILL
    assert await present_revision(before, store_cipher, store_clock) == LAST_BEFORE
    assert set(GONE) < await tables_of(before, store_cipher, store_clock)
    assert await run_with(before, *command, home=tmp_path) == 0
    assert await schema_is_current(before)
    assert await digest_of(before, store_cipher, store_clock, declared) == rows


@pytest.mark.integration
async def test_a_schema_of_a_later_release_is_refused(filled, store_cipher, store_clock):
    await upgraded(filled, EXPANDED)
    opening = Store.open(filled, cipher=store_cipher, clock=store_clock)
    for call in (migrate(filled), schema_is_current(filled), opening):
        with pytest.raises(SchemaTooNew):
            await call
