"""What was counted before revision 0020 is numbered, linked and told as before, under its codes, and only once."""

import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text

from actions.counts import told_to_etaal
from store import etaal, ledger, ledger_seal
from store.checks.counting import counting
from store.engine import Store, migrate
from store.migrations.runner import downgrade

DAY = date(2026, 11, 20)
EVENT = (
    "INSERT INTO e_transactions (event_key, event, day, service_code, district, channel, category, count, "
    "rules_version, recorded_at) VALUES "
    "('DELIVERED:{key}', 'DELIVERED', '{day}', '{service}', '57', 'WEB', 'A', 1, '2026-1', "
    "'{day} 06:3{number}:00.000000')"
)
TOTAL = (
    "INSERT INTO e_transaction_totals (day, service_code, district, channel, category, total, entries) "
    "VALUES ('{day}', '{service}', '57', 'WEB', 'A', {total}, {total})"
)

REVOKED = (
    "INSERT INTO timeline_entries (id, citizen_id, application_id, sequence, move, status_after, actor_role, at) "
    "VALUES ('t', 'c', 'a0', 9, 'REVOKE_CERTIFICATE', 'DELIVERED', 'OFFICER', '{day} 07:00:00.000000')"
)


@pytest.fixture
async def migrated(tmp_path: Path, store_cipher, store_clock):
    """A store of the release before, with three deliveries of two services on one day, brought up to date."""
    url = f"sqlite:///{tmp_path / 'old.db'}"
    await migrate(url, "0019")
    old = await Store.open(url, cipher=store_cipher, clock=store_clock)
    async with old.writing() as tx:
        for statement in (
            *(EVENT.format(key=f"a{number}", day=DAY, service="ES09", number=number) for number in range(2)),
            EVENT.format(key="b0", day=DAY, service="ES10", number=5),
            TOTAL.format(day=DAY, service="ES09", total=2),
            TOTAL.format(day=DAY, service="ES10", total=1),
            "INSERT INTO etaal_codes (service_code, etaal_code) VALUES ('ES09', 'UK0517')",
        ):
            await tx.connection.execute(text(statement))
    await old.close()
    await migrate(url)
    store = await Store.open(url, cipher=store_cipher, clock=store_clock)
    yield url, store
    await store.close()


async def test_a_day_keeps_its_revision_and_is_told_under_its_codes(migrated):
    _, store = migrated
    async with store.reading() as tx:
        assert await ledger.revision(tx, DAY) == 3
        rows = told_to_etaal(await ledger.counts_on(tx, DAY))
        assert await ledger.counts_at(tx, DAY, 3) == await ledger.counts_on(tx, DAY)
        assert [finding async for finding in counting(tx)] == []
    assert [(row.service_code, row.count) for row in rows] == [("LOCAL-ES10", 1), ("UK0517", 2)]
    assert await ledger_seal.seal(store) == 0


async def test_going_back_keeps_the_codes_and_forth_again_the_chain(migrated, store_cipher, store_clock):
    url, store = migrated
    async with store.reading() as tx:
        before = await ledger.sealed_day(tx, DAY)
        known = await etaal.enrolled(tx)
    await store.close()
    await downgrade(url, "0019")
    await migrate(url)
    again = await Store.open(url, cipher=store_cipher, clock=store_clock)
    async with again.reading() as tx:
        assert await ledger.sealed_day(tx, DAY) == before
        assert await etaal.enrolled(tx) == known
    await again.close()


async def test_what_was_revoked_is_taken_back_once_however_often_one_goes_back_and_forth(
    tmp_path: Path, store_cipher, store_clock
):
    path = tmp_path / "revoked.db"
    url = f"sqlite:///{path}"
    await migrate(url, "0019")
    with closing(sqlite3.connect(path)) as old, old:  # foreign keys are not looked at: the ledger alone is read
        old.execute(EVENT.format(key="a0", day=DAY, service="ES09", number=0))
        old.execute(EVENT.format(key="a1", day=DAY, service="ES09", number=1))
        old.execute(TOTAL.format(day=DAY, service="ES09", total=2))
        old.execute(REVOKED.format(day=DAY))

    for _ in range(2):
        await migrate(url)
        store = await Store.open(url, cipher=store_cipher, clock=store_clock)
        async with store.writing() as tx:
            assert [row.count for row in await ledger.counts_on(tx, DAY)] == [1]
            assert await ledger.revision(tx, DAY) == 3
            assert [finding async for finding in counting(tx)] == []
        await store.close()
        await downgrade(url, "0019")
        with closing(sqlite3.connect(path)) as old:
            assert old.execute("SELECT total, entries FROM e_transaction_totals").fetchall() == [(2, 2)]


async def test_going_back_adds_up_what_the_sealer_has_not_come_to(migrated):
    url, store = migrated
    async with store.writing() as tx:
        await tx.connection.execute(text(EVENT.format(key="c0", day=DAY, service="ES10", number=9)))
    await store.close()
    await downgrade(url, "0019")
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as old:
        told = old.execute("SELECT service_code, total, entries FROM e_transaction_totals ORDER BY 1").fetchall()
    assert told == [("ES09", 2, 2), ("ES10", 2, 2)]
