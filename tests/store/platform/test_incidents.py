"""Incidents and the days of systems in the store."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from domain.kernel import ist_date
from domain.platform.incidents import SourceDay
from store.platform import incidents
from tests.support.databases import NOW
from tests.support.incidents import INCIDENT


async def test_each_look_counts_for_the_day_in_india(store):
    for answered in (True, True, False):
        await store.carry_out(lambda tx, found=answered: incidents.add_looks(tx, {"UMANG": found, "CSC": True}))

    days = await store.read(lambda tx: incidents.days_since(tx, ist_date(NOW)))

    assert days == {"UMANG": [SourceDay(ist_date(NOW), 2, 1)], "CSC": [SourceDay(ist_date(NOW), 3, 0)]}


async def test_looks_at_the_same_time_all_count(store):
    await asyncio.gather(
        *(store.carry_out(lambda tx: incidents.add_looks(tx, {"UMANG": True})) for _ in range(6)),
    )

    assert (await store.read(lambda tx: incidents.days_since(tx, ist_date(NOW))))["UMANG"][0].good == 6


async def test_a_look_that_finds_no_system_writes_nothing(store):
    await store.carry_out(lambda tx: incidents.add_looks(tx, {}))

    assert await store.read(lambda tx: incidents.days_since(tx, ist_date(NOW))) == {}


async def test_days_before_one_are_deleted(store):
    await store.carry_out(lambda tx: incidents.add_looks(tx, {"UMANG": True}))
    await store.carry_out(lambda tx: incidents.forget_days(tx, ist_date(NOW)))
    assert await store.read(lambda tx: incidents.days_since(tx, ist_date(NOW)))

    await store.carry_out(lambda tx: incidents.forget_days(tx, ist_date(NOW + timedelta(days=1))))

    assert await store.read(lambda tx: incidents.days_since(tx, ist_date(NOW))) == {}


async def test_an_incident_comes_back_as_it_was_kept_and_changed(store):
    changed = replace(INCIDENT, source=None, ended_at=NOW)
    for one in (INCIDENT, changed):
        await store.carry_out(lambda tx, kept=one: incidents.save(tx, kept))

    assert await store.read(lambda tx: incidents.find(tx, INCIDENT.id)) == changed
    assert await store.read(lambda tx: incidents.find(tx, "none")) is None


async def test_what_goes_on_and_what_ended_lately_is_listed_the_latest_first(store):
    old = replace(INCIDENT, id="old", began_at=NOW - timedelta(days=9), ended_at=NOW - timedelta(days=8))
    lasting = replace(INCIDENT, id="lasting", began_at=NOW - timedelta(days=7))
    late = replace(INCIDENT, id="late", began_at=NOW - timedelta(days=2), ended_at=NOW)
    for one in (old, lasting, late):
        await store.carry_out(lambda tx, kept=one: incidents.save(tx, kept))

    found = await store.read(lambda tx: incidents.incidents_since(tx, NOW - timedelta(days=1)))

    assert [one.id for one in found] == ["late", "lasting"]
