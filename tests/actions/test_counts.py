"""The counts of a day, for people and for e-Taal. The store is a real SQLite file."""

from datetime import date, timedelta
from typing import Any

import pytest

from actions.counts import LedgerCounts, transaction_counts
from domain.counting import CATEGORIES, RULES_VERSION, CountingEvent, Transaction
from domain.errors import NotSignedIn, Problems
from domain.people import ANONYMOUS, PersonKind, Role, Subject
from integrations.etaal import CountsUnavailable, ServiceCount
from store import ledger
from store.errors import StoreUnavailable
from tests.support.sign_in import environment

DAY = date(2026, 11, 21)
AUDITOR = Subject(frozenset({Role.AUDITOR}), PersonKind.OFFICER, "o1")
CITIZEN = Subject(frozenset({Role.CITIZEN}), PersonKind.CITIZEN, "c1")


def delivered(key: str, service: str, district: str, channel: str, count: int = 1) -> Transaction:
    event = CountingEvent.DELIVERED
    return Transaction(key, event, DAY, service, district, channel, CATEGORIES[event], count, RULES_VERSION)


@pytest.fixture
async def env(sqlite_store, store_keyrings, store_clock) -> Any:
    async with sqlite_store.writing() as tx:
        for number, channel in enumerate(("WEB", "CSC", "WEB")):
            await ledger.record(tx, delivered(f"a{number}", "ES09", "57", channel))
        await ledger.record(tx, delivered("b0", "UKX-ABCDEF", "45", "UMANG"))
        await ledger.save_etaal_code(tx, "ES09", "UK0517")
    return environment(sqlite_store, store_keyrings, store_clock, ())


async def test_who_may_count_sees_the_ledger_of_the_day(env: Any):
    counts = await transaction_counts(env, AUDITOR, DAY)
    assert (counts.day, counts.revision, counts.total, counts.provisional) == (DAY, 4, 4, True)
    assert [(row.service_code, row.district, row.channel, row.count) for row in counts.rows] == [
        ("ES09", "57", "CSC", 1),
        ("ES09", "57", "WEB", 2),
        ("UKX-ABCDEF", "45", "UMANG", 1),
    ]


async def test_a_correction_raises_the_revision_of_its_day(env: Any, sqlite_store: Any):
    async with sqlite_store.writing() as tx:
        await ledger.record(tx, delivered("a0:corrected", "ES09", "57", "WEB", -1))
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
        ServiceCount("UK0517", "57", "A", "ASSISTED", 1),
        ServiceCount("UK0517", "57", "A", "SELF", 2),
        ServiceCount("LOCAL-UKX-ABCDEF", "45", "A", "MOBILE", 1),
    ]


async def test_a_store_that_is_down_is_told_to_e_taal_as_later(env: Any, monkeypatch: pytest.MonkeyPatch):
    def down(*_given: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(ledger, "revision", down)
    with pytest.raises(CountsUnavailable):
        await LedgerCounts(env).counts_on(DAY)
    with pytest.raises(CountsUnavailable):
        await LedgerCounts(env).revision(DAY)
