"""PostgreSQL back to a moment, by the recipe of docs/backup.md: a base backup and the archived log (5.7)."""

import asyncio
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from store.database import Store
from store.platform import outbox
from tests.support.databases import PostgresServer, run_apart

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not os.environ.get("BOUND"), reason="run by `make backup`"),
]

ROWS, EVERY = 24, 0.1
TARGET = 12


async def write_rows(url: str, cipher, clock) -> list[datetime]:
    """A row every tenth of a second; when each was acknowledged, by the clock of the server's machine."""
    store = await Store.open(url, cipher=cipher, clock=clock)
    at = []
    for number in range(ROWS):
        async with store.write_transaction() as tx:
            await outbox.add(tx, "letter", str(number), {})
        at.append(datetime.now(UTC))  # noqa: TID251 - the server's log goes by the same clock
        await asyncio.sleep(EVERY)
    async with store.write_transaction() as tx:
        await tx.connection.execute(text("SELECT pg_switch_wal()"))
    await store.close()
    return at


async def rows(url: str, cipher, clock) -> list[int]:
    store = await Store.open(url, cipher=cipher, clock=clock)
    async with store.read_transaction() as tx:
        found = [int(row.key) for row in (await tx.connection.execute(text("SELECT key FROM outbox"))).all()]
    async with store.write_transaction() as tx:
        await outbox.add(tx, "letter", "after", {})
    await store.close()
    return sorted(found)


def test_a_lost_server_comes_back_as_it_was_at_a_moment(tmp_path_factory, store_cipher, store_clock, record_property):
    archive = Path("/tmp") / f"apuni-wal-{os.getpid()}"
    archive.mkdir()
    archive.chmod(0o777)
    server = PostgresServer(
        durable=True,
        settings=(
            "wal_level=replica", "archive_mode=on", f"archive_command=test ! -f {archive}/%f && cp %p {archive}/%f",
        ),
    )  # fmt: skip
    try:
        url = server.url(server.migrated_database())
        server.run("pg_basebackup", "-D", str(server.folder / "base"), "-X", "none", "--checkpoint=fast")
        at = run_apart(write_rows, url, store_cipher, store_clock)
        server.halt()  # and with it its data are lost
        shutil.rmtree(server.folder / "data")
        (server.folder / "base").rename(server.folder / "data")
        target = at[TARGET] + timedelta(seconds=EVERY / 2)
        server.settings += (
            f"restore_command=cp {archive}/%f %p",
            f"recovery_target_time={target.isoformat(sep=' ')}",
            "recovery_target_action=promote",
            "hot_standby=off",  # nobody is let in before the moment is reached
        )
        (server.folder / "data" / "recovery.signal").touch()
        server.start_again()
        found = run_apart(rows, url, store_cipher, store_clock)
    finally:
        server.stop()
        shutil.rmtree(archive, ignore_errors=True)

    assert found == list(range(TARGET + 1))
    record_property("point in time", f"within {EVERY} s")
