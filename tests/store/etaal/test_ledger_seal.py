"""The ledger of e-transactions: sealed day by day, revised and never rewritten, and found out where it was changed."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, text

from actions.etaal.counts import told_to_etaal
from domain.etaal.counting import (
    NOT_STARTED,
    Category,
    CorrectionReason,
    CountingEvent,
    EnrolledService,
    Level,
    TransactionCount,
)
from domain.etaal.counting import Transaction as ETransaction
from store.checks.counting import transaction_ledger
from store.database import Store, Transaction, TryAgain
from store.etaal import etaal, ledger, ledger_seal

DAY = date(2026, 11, 24)
DELIVERED = ETransaction("DELIVERED:a0", CountingEvent.DELIVERED, DAY, "ES09", "57", "WEB", "A", 1, "2026-2")
MAPPED = EnrolledService("ES09", date(2026, 1, 1), "UK0517", Category.A)


async def enter(store: Store, *events: ETransaction) -> None:
    async with store.write_transaction() as tx:
        for event in events:
            assert await ledger.record(tx, event)
    await ledger_seal.seal(store)


def several(number: int, **changes: object) -> list[ETransaction]:
    return [replace(DELIVERED, event_key=f"DELIVERED:b{each}", **changes) for each in range(number)]


async def findings(store: Store) -> set[str]:
    async with store.read_transaction() as tx:
        return {finding.code async for finding in transaction_ledger(tx)}


async def test_every_row_is_linked_to_the_one_before(store: Store):
    await enter(store, *several(3))
    async with store.read_transaction() as tx:
        rows = [said async for said in ledger_seal.export_rows(tx, DAY)]
        day = await ledger.sealed_day(tx, DAY)
    assert [row["sequence"] for row in rows] == [1, 2, 3]
    link = ledger_seal.GENESIS
    for row in rows:
        said = {name: value for name, value in row.items() if name != "link"}
        link = ledger_seal.link_of(link, said)
        assert row["link"] == link
    assert day is not None
    assert (day.revision, day.link, day.total) == (3, link, 3)
    assert await findings(store) == set()


async def test_the_export_names_no_event_but_by_its_hash(sqlite_store: Store):
    await enter(sqlite_store, DELIVERED)
    async with sqlite_store.read_transaction() as tx:
        (row,) = [said async for said in ledger_seal.export_rows(tx, DAY)]
    assert DELIVERED.event_key not in str(row)
    assert len(row["key"]) == 64


async def test_sealers_at_once_seal_each_row_once(store: Store):
    async with store.write_transaction() as tx:
        for event in several(30):
            await ledger.record(tx, event)

    async def seal() -> int:
        try:
            return await ledger_seal.seal(store)
        except TryAgain:
            return await seal()

    assert sum(await asyncio.gather(*(seal() for _ in range(5)))) == 30
    assert await findings(store) == set()


async def test_what_a_release_of_before_added_to_the_sums_itself_counts_once(store: Store):
    await enter(store, *several(2))
    async with store.write_transaction() as tx:
        await etaal.enrol(tx, MAPPED, by="test")
    await ledger_seal.seal(store)
    async with store.write_transaction() as tx:
        await ledger.record(tx, replace(DELIVERED, event_key="DELIVERED:old"))
        await tx.connection.execute(text("UPDATE e_transaction_totals SET total = total + 1, entries = entries + 1"))
    await ledger_seal.seal(store)
    async with store.read_transaction() as tx:
        assert [(row.count, row.stands) for row in await ledger.counts_on(tx, DAY)] == [(3, "UK0517|A|DISTRICT")]
    assert await findings(store) == set()


async def test_an_earlier_revision_gives_its_own_counts_for_ever(sqlite_store: Store):
    told = {}
    for number in range(4):
        await enter(sqlite_store, replace(DELIVERED, event_key=f"DELIVERED:c{number}", district=str(57 - number % 2)))
        async with sqlite_store.read_transaction() as tx:
            told[await ledger.revision(tx, DAY)] = await ledger.counts_on(tx, DAY)
    async with sqlite_store.write_transaction() as tx:
        await ledger.reverse(tx, "DELIVERED:c0", CorrectionReason.CERTIFICATE_REVOKED)
        await etaal.enrol(tx, MAPPED, by="test")
    await ledger_seal.seal(sqlite_store)
    async with sqlite_store.read_transaction() as tx:
        assert {number: await ledger.counts_at(tx, DAY, number) for number in told} == told
        latest = await ledger.revision(tx, DAY)
        assert await ledger.counts_at(tx, DAY, latest) == await ledger.counts_on(tx, DAY)


async def test_a_reversal_lies_on_the_original_day_and_happens_once(sqlite_store: Store, store_clock):
    await enter(sqlite_store, *several(2))
    store_clock.advance(timedelta(days=40))
    async with sqlite_store.write_transaction() as tx:
        assert await ledger.reverse(tx, "DELIVERED:b0", CorrectionReason.CERTIFICATE_REVOKED)
        assert not await ledger.reverse(tx, "DELIVERED:b0", CorrectionReason.CERTIFICATE_REVOKED)
        assert not await ledger.reverse(tx, "DELIVERED:never", CorrectionReason.CERTIFICATE_REVOKED)
    await ledger_seal.seal(sqlite_store)
    async with sqlite_store.read_transaction() as tx:
        assert (await ledger.revision(tx, DAY), sum(row.count for row in await ledger.counts_on(tx, DAY))) == (3, 1)
        (correction,) = await ledger.corrections(tx, DAY, 3, 10)
    assert (correction.reason, correction.count) == (CorrectionReason.CERTIFICATE_REVOKED, -1)


async def test_a_code_revises_the_days_that_were_told_without_it(sqlite_store: Store):
    await enter(sqlite_store, *several(2), replace(DELIVERED, event_key="x", day=DAY - timedelta(days=1)))
    await enter(sqlite_store, replace(DELIVERED, event_key="other", service_code="ES10"))
    async with sqlite_store.write_transaction() as tx:
        assert await ledger.unmapped_services(tx) == {"ES09": (3, DAY - timedelta(days=1)), "ES10": (1, DAY)}
        assert await etaal.enrol(tx, MAPPED, by="test") == 2
    await ledger_seal.seal(sqlite_store)
    async with sqlite_store.write_transaction() as tx:
        assert await etaal.enrol(tx, MAPPED, by="test") == 0
        rows = told_to_etaal(await ledger.counts_on(tx, DAY))
        assert {row.service_code: row.count for row in rows} == {"UK0517": 2, "LOCAL-ES10": 1}
        assert set(await ledger.unmapped_services(tx)) == {"ES10"}
    assert await findings(sqlite_store) == set()


async def test_a_day_before_the_start_has_no_row_and_a_later_code_holds_from_its_day(sqlite_store: Store):
    await enter(sqlite_store, DELIVERED, replace(DELIVERED, event_key="next", day=DAY + timedelta(days=1)))
    late = replace(MAPPED, starts_on=DAY + timedelta(days=1))
    async with sqlite_store.write_transaction() as tx:
        await etaal.enrol(tx, late, by="test")
    await ledger_seal.seal(sqlite_store)
    async with sqlite_store.read_transaction() as tx:
        (before,) = await ledger.counts_on(tx, DAY)
        (after,) = await ledger.counts_on(tx, DAY + timedelta(days=1))
    assert (before.stands, told_to_etaal([before])) == (NOT_STARTED, [])
    assert told_to_etaal([after])[0].service_code == "UK0517"
    async with sqlite_store.write_transaction() as tx:
        again = replace(MAPPED, starts_on=DAY + timedelta(days=1), etaal_code="UK0518", level=Level.STATE)
        await etaal.enrol(tx, again, by="test")
        await etaal.enrol(tx, replace(MAPPED, starts_on=DAY), by="test")
    await ledger_seal.seal(sqlite_store)
    async with sqlite_store.read_transaction() as tx:
        rows = [told_to_etaal(await ledger.counts_on(tx, day))[0] for day in (DAY, DAY + timedelta(days=1))]
    assert [(row.service_code, row.location_code) for row in rows] == [("UK0517", "57"), ("UK0518", "5")]


async def plans(store: Store, ask: Callable[[Transaction], Awaitable[object]]) -> list[str]:
    """How the database goes about every statement that a read asks."""
    asked: list[tuple[str, object]] = []

    def note(connection, cursor, statement, parameters, context, many) -> None:
        asked.append((statement, parameters))

    async with store.read_transaction() as tx:
        engine = tx.connection.sync_engine
        event.listen(engine, "before_cursor_execute", note)
        try:
            await ask(tx)
        finally:
            event.remove(engine, "before_cursor_execute", note)
        found = []
        for statement, parameters in asked:
            rows = (await tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)).all()
            found += [row[3] for row in rows if "TEMP B-TREE" not in row[3]]
    return found


async def test_a_day_is_told_from_its_sums_and_never_by_reading_the_ledger(sqlite_store: Store):
    from actions.etaal.counts import day_counts

    await enter(sqlite_store, *several(3))
    for plan in await plans(sqlite_store, lambda tx: day_counts(tx, DAY)):
        assert plan.startswith("SEARCH"), plan
        if " e_transactions " in plan:
            few = ("ix_e_transactions_waiting", "ix_e_transactions_corrections", "(day=? AND sequence=?)")
            assert any(part in plan for part in few), plan


SPOILT = {
    "UPDATE e_transactions SET count = 2 WHERE event_key = 'DELIVERED:b0'": {
        "DAY_CHAIN_IS_BROKEN",
        "DAY_TOTAL_IS_NOT_THE_LEDGER",
        "CORRECTION_OF_NOTHING",
    },
    "UPDATE e_transactions SET district = '46' WHERE event_key = 'DELIVERED:b1'": {
        "DAY_CHAIN_IS_BROKEN",
        "DAY_TOTAL_IS_NOT_THE_LEDGER",
    },
    "DELETE FROM e_transactions WHERE event_key = 'DELIVERED:b2'": {
        "DAY_CHAIN_IS_BROKEN",
        "DAY_TOTAL_IS_NOT_THE_LEDGER",
    },
    "DELETE FROM e_transactions WHERE event_key = 'REVERSED:DELIVERED:b0'": {
        "DAY_CHAIN_IS_BROKEN",
        "DAY_TOTAL_IS_NOT_THE_LEDGER",
        "CLOSED_DAY_IS_ANOTHER",
    },
    "UPDATE e_transaction_totals SET total = total + 1": {"DAY_TOTAL_IS_NOT_THE_LEDGER"},
    "DELETE FROM e_transaction_days": {"DAY_CHAIN_IS_BROKEN"},
    "UPDATE e_transaction_days SET closed_at = NULL": set(),
    "DELETE FROM audit_lines WHERE action = 'etaal.day_closed'": {"DAY_CLOSED_WITHOUT_RECORD"},
    "UPDATE e_transactions SET category = 'E' WHERE event_key = 'DELIVERED:b1'": {
        "DAY_CHAIN_IS_BROKEN",
        "DAY_TOTAL_IS_NOT_THE_LEDGER",
        "ROW_IS_NOT_BY_THE_RULES",
    },
}


@pytest.mark.parametrize("statement", SPOILT)
async def test_what_was_changed_behind_the_ledger_is_found(sqlite_store: Store, store_clock, statement: str):
    from actions.etaal.etaal_rounds import close_due
    from tests.support.sign_in import environment

    await enter(sqlite_store, *several(3))
    async with sqlite_store.write_transaction() as tx:
        await ledger.reverse(tx, "DELIVERED:b0", CorrectionReason.CERTIFICATE_REVOKED)
    await ledger_seal.seal(sqlite_store)
    store_clock.advance(timedelta(days=5))
    assert await close_due(environment(sqlite_store, None, store_clock, ()))
    assert await findings(sqlite_store) == set()
    async with sqlite_store.write_transaction() as tx:
        await tx.connection.execute(text(statement))
    assert await findings(sqlite_store) == SPOILT[statement]


PLACES = st.tuples(
    st.sampled_from(["ES09", "ES10", "ES11"]),
    st.sampled_from([str(code) for code in range(45, 58)]),
    st.sampled_from(["WEB", "CSC", "UMANG", "DOORSTEP"]),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(PLACES, st.integers(1, 50), max_size=30),
    st.sampled_from([Level.STATE, Level.DISTRICT]),
    st.integers(0, 3),
)
def test_districts_add_up_to_the_state_at_every_level(counts, level: Level, coded: int):
    """Whatever has a code, of whatever level: nothing is lost, nothing counts twice."""
    services = {code: f"UK000{number}|A|{level.value}" for number, code in enumerate(["ES09", "ES10", "ES11"][:coded])}
    rows = [
        TransactionCount(DAY, service, district, channel, "A", count, services.get(service, ""))
        for (service, district, channel), count in counts.items()
    ]
    told = told_to_etaal(rows)
    assert sum(row.count for row in told) == sum(counts.values())
    districts: Counter[str] = Counter()
    for (_, district, _), count in counts.items():
        districts[district] += count
    if level is Level.DISTRICT:
        shown: Counter[str] = Counter()
        for row in told:
            shown[row.location_code] += row.count
        assert shown == districts
    of_state = told_to_etaal([replace(row, stands="UKALL|A|STATE") for row in rows])
    assert sum(row.count for row in of_state) == sum(districts.values())
    assert {row.location_code for row in of_state} <= {"5"}
