"""The counts of a day, for people and for e-Taal. The store is a real SQLite file."""

from datetime import date, timedelta
from typing import Any

import pytest

from actions.etaal.counts import LedgerCounts, placed_counts, rows_hash, transaction_counts
from domain.etaal.counting import (
    Category,
    CorrectionReason,
    CountingEvent,
    DayCountCache,
    EnrolledService,
    PlacedCounts,
    Transaction,
)
from domain.etaal.counting_rules import rules_on
from domain.kernel import ANONYMOUS, NotSignedIn, PersonKind, Problems, Role, Subject, TemporarilyUnavailable
from integrations.etaal import ServiceCount
from store.database import StoreUnavailable
from store.etaal import etaal, ledger, ledger_seal
from tests.support.sign_in import environment

DAY = date(2026, 11, 21)
AUDITOR = Subject(frozenset({Role.AUDITOR}), PersonKind.OFFICER, "o1")
CITIZEN = Subject(frozenset({Role.CITIZEN}), PersonKind.CITIZEN, "c1")


def delivered(key: str, service: str, district: str, channel: str, count: int = 1) -> Transaction:
    event = CountingEvent.DELIVERED
    return Transaction(key, event, DAY, service, district, channel, "A", count, rules_on(DAY).version)


@pytest.fixture
async def env(sqlite_store, store_keyrings, store_clock) -> Any:
    async with sqlite_store.write_transaction() as tx:
        for number, channel in enumerate(("WEB", "CSC", "WEB")):
            await ledger.record(tx, delivered(f"a{number}", "ES09", "57", channel))
        await ledger.record(tx, delivered("b0", "UKX-ABCDEF", "45", "UMANG"))
        await etaal.enrol(tx, EnrolledService("ES09", date(2020, 1, 1), "UK0517", Category.A), by="test")
    await ledger_seal.seal(sqlite_store)
    return environment(sqlite_store, store_keyrings, store_clock, ())


async def test_who_may_count_sees_the_ledger_of_the_day(env: Any):
    counts = await transaction_counts(env, AUDITOR, DAY)
    assert (counts.day, counts.revision, counts.total, counts.provisional) == (DAY, 4, 4, True)
    placed = await placed_counts(env, counts)
    assert [(row.service_code, row.district, row.channel, row.count) for row in placed.rows] == [
        ("ES09", "57", "CSC", 1),
        ("ES09", "57", "WEB", 2),
        ("UKX-ABCDEF", "45", "UMANG", 1),
    ]
    assert placed.districts == (("45", 1), ("57", 3))
    assert (await transaction_counts(env, AUDITOR, DAY - timedelta(days=1))).total == 0


async def test_counts_by_place_are_read_once_for_what_proves_them(env: Any, sqlite_store: Any):
    before = await transaction_counts(env, AUDITOR, DAY)
    async with sqlite_store.write_transaction() as tx:
        await ledger.record(tx, delivered("a8", "ES09", "45", "WEB"))
    await ledger_seal.seal(sqlite_store)
    # Asked for after the day went on, and so added up from the ledger; then kept.
    placed = await placed_counts(env, before)
    assert await placed_counts(env, await transaction_counts(env, AUDITOR, DAY, 4)) is placed
    after = await transaction_counts(env, AUDITOR, DAY)
    now = await placed_counts(env, after)
    assert (placed.districts, now.districts) == ((("45", 1), ("57", 3)), (("45", 2), ("57", 3)))
    assert [sum(row.count for row in one.rows) for one in (placed, now)] == [before.total, after.total] == [4, 5]


def test_a_process_keeps_the_counts_of_a_few_days_only():
    kept, counts = DayCountCache(most=2), PlacedCounts()
    for link in ("a", "b", "c"):
        kept.put(link, counts)
    assert [kept.get(link) for link in ("a", "b", "c")] == [None, counts, counts]


async def test_a_correction_raises_the_revision_of_its_day(env: Any, sqlite_store: Any):
    async with sqlite_store.write_transaction() as tx:
        await ledger.record(tx, delivered("a0:corrected", "ES09", "57", "WEB", -1))
    await ledger_seal.seal(sqlite_store)
    counts = await transaction_counts(env, AUDITOR, DAY)
    assert (counts.revision, counts.total) == (5, 3)


async def test_a_day_is_closed_after_three_days_for_late_events(env: Any, store_clock: Any):
    store_clock.advance(timedelta(days=1))
    assert not (await transaction_counts(env, AUDITOR, DAY)).provisional


async def test_a_citizen_and_a_stranger_see_no_counts(env: Any):
    with pytest.raises(Problems):
        await transaction_counts(env, CITIZEN, DAY)
    with pytest.raises(NotSignedIn):
        await transaction_counts(env, ANONYMOUS, DAY)


async def test_e_taal_sees_its_own_codes_and_marked_ones_of_ours(env: Any):
    counts = LedgerCounts(env)
    assert await counts.revision(DAY) == 4
    assert list(await counts.counts_on(DAY)) == [
        ServiceCount("LOCAL-UKX-ABCDEF", "45", "A", "MOBILE", 1),
        ServiceCount("UK0517", "57", "A", "ASSISTED", 1),
        ServiceCount("UK0517", "57", "A", "SELF", 2),
    ]


async def test_a_store_that_is_down_is_told_to_e_taal_as_later(env: Any, monkeypatch: pytest.MonkeyPatch):
    def down(*_given: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(ledger, "revision", down)
    monkeypatch.setattr(ledger, "sealed_day", down)
    with pytest.raises(TemporarilyUnavailable):
        await LedgerCounts(env).counts_on(DAY)
    with pytest.raises(TemporarilyUnavailable):
        await LedgerCounts(env).revision(DAY)


async def test_an_earlier_revision_is_shown_as_it_was_and_a_later_one_is_none(env: Any, sqlite_store: Any):
    async with sqlite_store.write_transaction() as tx:
        await ledger.reverse(tx, "a0", CorrectionReason.CERTIFICATE_REVOKED)
    await ledger_seal.seal(sqlite_store)
    now, before = await transaction_counts(env, AUDITOR, DAY), await transaction_counts(env, AUDITOR, DAY, 4)
    assert (now.revision, now.total, before.revision, before.latest_revision, before.total) == (5, 3, 4, 5, 4)
    assert [(each.revision, each.reason, each.count) for each in now.corrections] == [
        (5, CorrectionReason.CERTIFICATE_REVOKED, -1)
    ]
    assert before.corrections == ()
    assert before.link not in {None, now.link}
    with pytest.raises(Problems):
        await transaction_counts(env, AUDITOR, DAY, 6)


async def test_what_e_taal_pulled_is_noted_once_a_revision(
    env: Any, sqlite_store: Any, monkeypatch: pytest.MonkeyPatch
):
    written: list[etaal.ReportedDay] = []
    pulled = etaal.note_pull

    async def noting(tx: Any, day: date, told: etaal.ReportedDay) -> bool:
        written.append(told)
        return await pulled(tx, day, told)

    monkeypatch.setattr(etaal, "note_pull", noting)
    counts = LedgerCounts(env)
    first, again = await counts.counts_on(DAY), await counts.counts_on(DAY)
    assert first == again
    assert len(written) == 1
    async with sqlite_store.read_transaction() as tx:
        told = await etaal.last_pull(tx, DAY)
    assert told == etaal.ReportedDay(4, 4, rows_hash(first))


async def test_a_row_that_waits_for_the_sealer_is_not_told_yet(env: Any, sqlite_store: Any):
    async with sqlite_store.write_transaction() as tx:
        await ledger.record(tx, delivered("a9", "ES09", "57", "WEB"))
    counts = await transaction_counts(env, AUDITOR, DAY)
    assert (counts.revision, counts.total, counts.waiting) == (4, 4, 1)
