"""What was counted before revision 0020 is numbered, linked and told as before, under its codes, and only once."""

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
