"""What the databases promise: past a death within a checkpoint, torn pages, two processes (5.3: C1, C5, C7)."""

import asyncio
import os
import random  # noqa: TID251 - the moments of the kills come from a seed that the test tells
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from gateway.worker.deliveries import Deliveries
from gateway.worker.legal_clock import LegalClock
from store.database import Store
from store.platform import outbox
from tests.support.bounds import rounds
from tests.support.databases import PostgresServer, run_apart
from tests.support.prepared import Apart

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore:This process:DeprecationWarning"),
    pytest.mark.skipif(not os.environ.get("BOUND"), reason="run by `make crash`"),
]

KILLS = rounds(0, ci=12, full=100)
SEED = int(os.environ.get("APUNI_TEST_SEED", "20261125"))
MESSAGES = 80

WRITER = """
import os, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000", "wal_autocheckpoint=0"):
    db.execute("PRAGMA " + pragma)
db.execute("CREATE TABLE IF NOT EXISTS kept (n INTEGER PRIMARY KEY, filler BLOB)")
n = db.execute("SELECT coalesce(max(n), 0) FROM kept").fetchone()[0]
while True:
    for _ in range(40):
        n += 1
        db.execute("BEGIN IMMEDIATE")
        db.execute("INSERT INTO kept VALUES (?, randomblob(3000))", (n,))
        db.execute("COMMIT")
        os.write(1, b"%d\\n" % n)
    os.write(1, b"checkpoint\\n")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
"""


def killed_in_a_checkpoint(path: Path, wait: float) -> int:
    """Let a writer work until it says that a checkpoint begins, kill it so much later, give the last acknowledged."""
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE)
    assert writer.stdout is not None
    acknowledged = 0
    for line in writer.stdout:
        if line == b"checkpoint\n":
            time.sleep(wait)
            writer.kill()
            break
        acknowledged = int(line)
    rest = [int(line) for line in writer.stdout.read().split() if line.isdigit()]
    writer.wait(30)
    writer.stdout.close()
    return max([acknowledged, *rest])


def test_a_death_in_the_middle_of_a_checkpoint_loses_nothing_acknowledged(tmp_path):
    chance = random.Random(SEED)
    path = tmp_path / "kept.db"
    for _ in range(KILLS):
        acknowledged = killed_in_a_checkpoint(path, chance.uniform(0.0, 0.01))
        begun = time.monotonic()
        database = sqlite3.connect(path)
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        many, last = database.execute("SELECT count(*), max(n) FROM kept").fetchone()
        database.close()
        assert many == last >= acknowledged
        assert time.monotonic() - begun < 3.0


PAGE = 4096


async def rows_of(url, cipher, clock) -> int:
    store = await Store.open(url, cipher=cipher, clock=clock)
    async with store.read_transaction() as tx:
        found = (await tx.connection.execute(text("SELECT count(*) FROM outbox WHERE topic = 'letter'"))).scalar_one()
    async with store.write_transaction() as tx:
        await outbox.add(tx, "letter", "after", {})
    await store.close()
    return int(found)


@pytest.mark.parametrize("torn", ["page of the log", "page of the file", "last copy"])
async def test_a_torn_page_is_made_whole_from_the_log_or_was_never_acknowledged(
    torn, tmp_path, migrated_sqlite, store_cipher, store_clock
):
    path, copy = tmp_path / "store.db", tmp_path / "copy"
    copy.mkdir()
    path.write_bytes(migrated_sqlite.read_bytes())
    store = await Store.open(f"sqlite:///{path}", cipher=store_cipher, clock=store_clock)
    async with store.write_transaction() as tx:
        await outbox.add(tx, "letter", "acknowledged", {})
    log = path.with_name("store.db-wal")
    acknowledged = log.stat().st_size
    async with store.write_transaction() as tx:
        await outbox.add(tx, "letter", "torn", {})
    for file in (path, log):
        shutil.copy(file, copy / file.name)
    await store.close()
    _tear(copy, torn, acknowledged)

    kept = await rows_of(f"sqlite:///{copy / 'store.db'}", store_cipher, store_clock)
    assert kept == (1 if torn == "page of the log" else 2)
    database = sqlite3.connect(copy / "store.db")
    assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()


def _tear(copy: Path, torn: str, acknowledged: int) -> None:
    log = copy / "store.db-wal"
    if torn == "page of the log":  # of the transaction that was not acknowledged: half of its last page is old
        with log.open("r+b") as file:
            file.seek(max(log.stat().st_size - PAGE // 2, acknowledged))
            file.write(b"\x00" * (PAGE // 2))
    elif torn == "last copy":  # a further transaction got no further than half of a frame
        with log.open("ab") as file:
            file.write(log.read_bytes()[32 : 32 + 24 + PAGE // 2])
    else:  # the file's own page was half written by a checkpoint; the log still holds it whole
        content = log.read_bytes()
        number = int.from_bytes(content[32:36], "big")
        with (copy / "store.db").open("r+b") as file:
            file.seek((number - 1) * PAGE + PAGE // 2)
            file.write(b"\xff" * (PAGE // 2))


def test_a_postgresql_server_that_dies_in_a_checkpoint_loses_nothing_acknowledged(tmp_path, store_cipher, store_clock):
    server = PostgresServer(durable=True)
    try:
        url = server.url(server.migrated_database())
        chance = random.Random(SEED)
        for number in range(rounds(0, ci=2, full=10)):
            acknowledged = run_apart(_write_until_killed, server, url, store_cipher, store_clock, chance.random() / 20)
            server.start_again()
            assert max(recoveries(server), default=0.0) < 3.0
            assert run_apart(_letters, url, store_cipher, store_clock) >= acknowledged > number
    finally:
        server.stop()


def recoveries(server: PostgresServer) -> list[float]:
    """Seconds of a processor that each recovery took, as the server's log tells them: others use the machine too."""
    told = re.findall(r"redo done at .* CPU: user: ([\d.]+) s, system: ([\d.]+) s", (server.folder / "log").read_text())
    return [float(user) + float(system) for user, system in told]


async def _write_until_killed(server, url, cipher, clock, wait: float) -> int:
    store = await Store.open(url, cipher=cipher, clock=clock)
    before = await _many(store)
    for number in range(40):
        async with store.write_transaction() as tx:
            await outbox.add(tx, "letter", f"{before}-{number}", {"filler": "x" * 3000})
    checkpoint = asyncio.create_task(_checkpoint(store))
    await asyncio.sleep(wait)
    server.kill()
    await asyncio.gather(checkpoint, return_exceptions=True)
    await store.close()
    return before + 40


async def _checkpoint(store: Store) -> None:
    async with store.write_transaction() as tx:
        await tx.connection.execute(text("COMMIT"))
        await tx.connection.execute(text("CHECKPOINT"))


async def _many(store: Store) -> int:
    async with store.read_transaction() as tx:
        return int((await tx.connection.execute(text("SELECT count(*) FROM outbox"))).scalar_one())


async def _letters(url, cipher, clock) -> int:
    store = await Store.open(url, cipher=cipher, clock=clock)
    try:
        return await _many(store)
    finally:
        await store.close()


async def works(tell, made, url, folder, keyrings) -> None:
    """A worker of its own: stands for election, and delivers letters into a book."""
    async with made.opened(url, folder, keyrings) as world:

        async def deliver(_environment, payload) -> None:
            tell(("sent", payload["n"]))
            await asyncio.sleep(0.002)

        clock = LegalClock(world.env)
        await clock.tick()
        tell(("leads", clock.leads))
        worker = Deliveries(world.env, {"letter": deliver}, asyncio.Event())
        done = 0
        while done < MESSAGES * 5:
            async with world.env.store.read_transaction() as tx:
                left = (await outbox.counts(tx)).pending
            if left == 0:
                break
            await worker.deliver_due()
            done += 1
        await clock.tick()
        tell(("leads", clock.leads))


async def _letters_for_two(made, url, folder, keyrings) -> None:
    async with made.opened(url, folder, keyrings) as world, world.env.store.write_transaction() as tx:
        await tx.connection.execute(text("DELETE FROM outbox"))
        for number in range(MESSAGES):
            await outbox.add(tx, "letter", f"l{number}", {"n": str(number)}, application_id=f"a{number % 20}")


def test_two_processes_on_one_database_have_one_leader_and_deliver_each_message_once(
    bench, url, tmp_path, store_keyrings
):
    run_apart(_letters_for_two, bench.made, url, tmp_path, store_keyrings)
    both = [Apart(works, bench.made, url, tmp_path, store_keyrings) for _ in range(2)]
    ended = [each.ended() for each in both]

    assert [code for code, _ in ended] == [0, 0], ended
    leaders = [[value for what, value in told if what == "leads"] for _, told in ended]
    assert sorted(leaders) == [[False, False], [True, True]]
    sent = [value for _, told in ended for what, value in told if what == "sent"]
    assert sorted(sent) == sorted(str(number) for number in range(MESSAGES))
