"""Migrations with many rows: there and back again, while the old release works, and past a kill -9 (5.6)."""

import asyncio
import os
import signal
import subprocess
import sys
import tarfile
import time
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import text

from store import applications, crash_points, dump
from store.dump import Batch
from store.engine import Store, migrate, schema_is_current
from store.errors import SchemaTooNew
from store.migrations.first import METADATA as FIRST
from store.migrations.runner import downgrade
from store.revisions import HEAD, REVISIONS
from store.tables import metadata
from tests.support.bounds import rounds
from tests.support.databases import run_apart
from tests.support.filled import ROWS, closed_at_the_end, fill
from tests.support.worlds import a_world, lives

OLDEST, LATEST = REVISIONS[0], REVISIONS[-2]
"""The schemas that many rows start from: what lies between is looked at with fewer."""

FROM = rounds(REVISIONS[-2:-1], ci=REVISIONS[::4], full=REVISIONS)
"""The schemas that rows of every kind come from; the first release's own rows come from every one."""

ROOT = Path(__file__).resolve().parents[2]
OLD_RELEASES = {"0001": "f80c70a", "0005": "7de9d4e"}
"""The commits of the first and of the previous release, by their schema."""

NOT_BEFORE = {
    "0037": (
        "DELETE FROM figures WHERE cube LIKE 'OFFICE%' AND part IN ('SUM', 'DAYS')",
        "DELETE FROM figures WHERE part = 'OPEN'",
        "DELETE FROM figure_deltas WHERE part = 'OPEN'",
        "DELETE FROM seeds WHERE id = 'figures-counted-with-open-cases'",
    ),
    "0043": (
        "DELETE FROM figures WHERE part = 'PACKED_DAYS'",
        "DELETE FROM seeds WHERE id = 'figures-counted-with-packed-days'",
    ),
}
"""Rows that no release before a revision wrote, though its tables have room for them."""

LONGEST_MS = 2_000
"""No statement of the old release waits longer (docs/reliability.md section 5.6)."""

pytestmark = pytest.mark.timeout(900)


def crowded() -> float:
    """How many want each processor: 1 on a machine of our own; at most the margin of docs/reliability.md section 5."""
    return min(5.0, max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)))


async def digest(url: str, cipher, clock, tables=metadata) -> str:
    store = await Store.open(url, cipher=cipher, clock=clock)
    async with closed_at_the_end(store), store.reading() as tx:
        return await dump.digest(tx, tables)


async def present_revision(url: str, cipher, clock) -> str:
    store = await Store.open(url, cipher=cipher, clock=clock)
    async with closed_at_the_end(store), store.reading() as tx:
        return await dump.revision_of(tx)


@pytest.mark.integration
@pytest.mark.parametrize("start", [OLDEST, LATEST])
async def test_many_rows_survive_up_down_and_up_from_the_oldest_and_the_latest_schema(
    filled, store_cipher, store_clock, start
):
    await migrate(filled, start)
    before = await digest(filled, store_cipher, store_clock)
    first = await digest(filled, store_cipher, store_clock, FIRST)
    await migrate(filled)
    above = await digest(filled, store_cipher, store_clock)
    assert await digest(filled, store_cipher, store_clock, FIRST) == first
    await downgrade(filled, start)
    assert await digest(filled, store_cipher, store_clock) == before
    await migrate(filled)
    assert await digest(filled, store_cipher, store_clock) == above
    assert await schema_is_current(filled)


@pytest.mark.integration
async def test_rows_survive_every_revision_on_the_way_up_and_down_and_up_again(fewer, store_cipher, store_clock):
    before = await digest(fewer, store_cipher, store_clock, FIRST)
    for revision in REVISIONS:
        await migrate(fewer, revision)
        assert await digest(fewer, store_cipher, store_clock, FIRST) == before, revision
    above = await digest(fewer, store_cipher, store_clock)
    for revision in reversed(REVISIONS):
        await downgrade(fewer, revision)
        assert await digest(fewer, store_cipher, store_clock, FIRST) == before, revision
    await migrate(fewer)
    assert await digest(fewer, store_cipher, store_clock) == above


@pytest.fixture
async def lived(sqlite_store, store_keyrings, store_clock, tmp_path) -> Store:
    """A store of today's schema with a life of every kind in it."""
    async with a_world(sqlite_store, store_keyrings, store_clock, tmp_path) as world:
        await lives(world)
    return sqlite_store


@pytest.mark.integration
async def test_rows_of_every_kind_survive_up_down_and_up_from_every_revision(
    lived, databases, store_cipher, store_clock
):
    ladder = databases.new()
    for revision in FROM:
        await migrate(ladder, revision)
        url = databases.new(ladder)
        await _copy(lived, url, store_cipher, store_clock, revision)
        before = await digest(url, store_cipher, store_clock)
        await migrate(url)
        above = await digest(url, store_cipher, store_clock)
        await downgrade(url, revision)
        assert await digest(url, store_cipher, store_clock) == before, revision
        await migrate(url)
        assert await digest(url, store_cipher, store_clock) == above, revision


async def _copy(source: Store, url: str, cipher, clock, revision: str) -> None:
    """Put into a database what its schema has room for, as a release of its time would have it."""
    target = await Store.open(url, cipher=cipher, clock=clock)
    tables = {table.name: table for table in metadata.sorted_tables}
    async with closed_at_the_end(target), source.reading() as tx, target.writing() as other:
        await dump.begin(other)
        there = await dump.present(other, metadata)
        for part in there:
            async for batch in dump.batches(tx, part):
                await dump.load(other, tables, batch)
        if "figures" in {part.table.name for part in there}:
            for unknown in (words for since, words in NOT_BEFORE.items() if revision < since):
                for statement in unknown:
                    await other.connection.execute(text(statement))


@pytest.mark.integration
async def test_both_databases_give_the_same_dump_of_the_same_rows(sqlite_store, postgres_store):
    await fill(sqlite_store, ROWS)
    async with sqlite_store.reading() as tx, postgres_store.writing() as other:
        await dump.begin(other)
        tables = {table.name: table for table in metadata.sorted_tables}
        for part in await dump.present(tx, metadata):
            async for batch in dump.batches(tx, part):
                await dump.load(other, tables, Batch.of_lines(batch.lines()))
        await dump.finish_load(other, metadata.sorted_tables)
    async with sqlite_store.reading() as tx, postgres_store.reading() as other:
        assert await dump.digest(tx, metadata) == await dump.digest(other, metadata)


@pytest.fixture(params=rounds(["0005"], ci=["0001", "0005"], full=["0001", "0005"]))
def old_release(request, tmp_path) -> tuple[str, Path]:
    """The schema and the tree of an earlier release.

    It is unpacked for each test: a parameter of the session would tear the many rows down between its values.
    """
    commit = OLD_RELEASES[request.param]
    command = ["git", "-C", str(ROOT), "archive", commit, "domain", "store"]
    packed = subprocess.run(command, capture_output=True, check=False)
    if packed.returncode:
        pytest.skip("this clone has no history, so there is no old release to run")
    folder = tmp_path / "old-release"
    with tarfile.open(fileobj=BytesIO(packed.stdout)) as tar:
        tar.extractall(folder, filter="data")
    return request.param, folder


@pytest.mark.integration
def test_the_old_release_reads_and_writes_while_the_schema_is_migrated(
    filled, old_release, store_keyrings, store_cipher, store_clock, tmp_path, record_property
):
    stop = tmp_path / "stop"
    schema, tree = old_release
    run_apart(migrate, filled, schema)
    working = subprocess.Popen(
        [sys.executable, str(ROOT / "tests/support/old_release.py"), filled, str(store_keyrings._folder), str(stop)],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert working.stdout is not None
    try:
        assert working.stdout.readline() == "ready\n", working.stderr.read()
        begun = time.monotonic()
        run_apart(migrate, filled)
        took = time.monotonic() - begun
        stop.touch()
        out, err = working.communicate(timeout=120)
    finally:
        working.kill()
    assert working.returncode == 0, err[-3000:]
    many, longest = (int(word) for word in out.split())
    record_property(
        f"release of schema {schema}", f"{many} rounds, the longest {longest} ms; migrated in {took * 1000:.0f} ms"
    )
    assert many >= 5
    assert longest < LONGEST_MS * crowded()
    assert run_apart(schema_is_current, filled)
    assert run_apart(_count, filled, store_cipher, store_clock, "old-release") == many


async def _count(url, cipher, clock, citizen_id) -> int:
    store = await Store.open(url, cipher=cipher, clock=clock)
    async with closed_at_the_end(store), store.reading() as tx:
        return await applications.count_of_citizen(tx, citizen_id)


POINTS = [f"{crash_points.MIGRATED}:{times}" for times in rounds((3,), ci=(3,), full=(1, 3))]


@pytest.mark.integration
@pytest.mark.parametrize("point", POINTS)
async def test_a_migration_that_is_killed_leaves_whole_revisions_and_completes_when_run_again(
    filled, store_cipher, store_clock, tmp_path, point
):
    before = await digest(filled, store_cipher, store_clock, FIRST)
    environment = {**os.environ, "APUNI_HOME": str(tmp_path / "home"), "APUNI_DATABASE_URL": filled}

    def migrated(**more: str) -> int:
        command = [sys.executable, "-m", "gateway.cli", "migrate"]
        return subprocess.run(command, check=False, cwd=ROOT, env={**environment, **more}, timeout=300).returncode

    killed = await asyncio.to_thread(migrated, APUNI_CRASH_AT=point)
    assert killed == -signal.SIGKILL
    assert await present_revision(filled, store_cipher, store_clock) == REVISIONS[int(point.partition(":")[2]) - 1]
    assert await digest(filled, store_cipher, store_clock, FIRST) == before
    assert await asyncio.to_thread(migrated) == 0
    assert await schema_is_current(filled)
    assert await digest(filled, store_cipher, store_clock, FIRST) == before


@pytest.mark.integration
async def test_a_schema_of_a_later_release_is_refused(filled, store_cipher, store_clock):
    await migrate(filled)
    store = await Store.open(filled, cipher=store_cipher, clock=store_clock)
    async with store.writing() as tx:
        await tx.connection.execute(text("UPDATE alembic_version SET version_num = 'later'"))
    await store.close()
    opening = Store.open(filled, cipher=store_cipher, clock=store_clock)
    for call in (migrate(filled), schema_is_current(filled), opening):
        with pytest.raises(SchemaTooNew):
            await call
    assert HEAD != "later"
