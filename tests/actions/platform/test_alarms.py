"""Alarms are raised and cleared once each, audited, and told through the outbox."""

from datetime import timedelta

import pytest

from actions.catalogue.calendar_import import import_calendar
from actions.platform.alarms import NOTIFY, alarms_for, evaluate, tell
from domain.kernel import PersonKind, Problems, Role, Subject
from domain.platform.alarms import AlarmCode, AlarmState, ProcessFacts
from gateway.runtime.heartbeat import refresh_calendar
from store.database import audit
from store.database.leases import acquire, release
from store.platform import outbox, outbox_desk
from store.platform.outbox import OutboxState
from tests.support.actions import World
from tests.support.stored import audit_lines_of, outbox_listing

AUDITOR = Subject(frozenset({Role.AUDITOR}), PersonKind.OFFICER, "auditor-1")
WELL = ProcessFacts("gateway@one", {}, {}, 0, 50_000_000_000, None, None)
ILL = ProcessFacts("gateway@one", {"DBT_FINANCE": 301.0}, {}, 0, 50_000_000_000, None, None)


@pytest.fixture
async def lease(world: World):
    async with world.env.store.write_transaction() as tx:
        return await acquire(tx, "alarms", "w1", 90)


async def look(world: World, lease, *, notify: bool = True):
    return await evaluate(world.env, lease, session_key_made_at=world.clock.now(), notify=notify)


async def told(world: World) -> list[dict]:
    async with world.env.store.read_transaction() as tx:
        found = await outbox_listing(tx, OutboxState.PENDING, 100)
    return [dict(message.payload) for message in found if message.topic == NOTIFY]


async def test_an_alarm_is_raised_once_and_cleared_once(world, lease):
    await tell(world.env, "p1", ILL)
    first, second = await look(world, lease), await look(world, lease)
    counted = await tell(world.env, "p1", WELL)
    third, fourth = await look(world, lease), await look(world, lease)

    assert [(alarm.code, alarm.about, alarm.state) for alarm in first] == [
        (AlarmCode.BREAKER_OPEN, "DBT_FINANCE", AlarmState.RAISED)
    ]
    assert counted == {AlarmCode.BREAKER_OPEN: 1}
    assert [alarm.state for alarm in third] == [AlarmState.CLEARED]
    assert (second, fourth) == ([], [])


async def test_each_change_is_audited_and_told_under_a_name_of_its_own(world, lease):
    for facts in (ILL, WELL, ILL):
        await tell(world.env, "p1", facts)
        await look(world, lease)

    async with world.env.store.read_transaction() as tx:
        lines = await audit_lines_of(tx, "ALARM", "BREAKER_OPEN:DBT_FINANCE")
    assert [line.action for line in lines] == ["alarm.raised", "alarm.cleared", "alarm.raised"]
    messages = await told(world)
    assert [message["id"] for message in messages] == [f"BREAKER_OPEN:DBT_FINANCE:{n}" for n in (1, 2, 3)]
    assert set(messages[0]) == {"id", "code", "about", "state", "severity", "value", "unit", "at", "runbook"}


async def test_nothing_is_told_where_nobody_listens(world, lease):
    await tell(world.env, "p1", ILL)
    await look(world, lease, notify=False)

    assert await told(world) == []


async def test_a_worker_that_lost_its_lease_changes_nothing(world, lease):
    await tell(world.env, "p1", ILL)
    async with world.env.store.write_transaction() as tx:
        await release(tx, lease)

    assert await look(world, lease) == []
    assert await alarms_for(world.env, AUDITOR) == []


async def test_a_dead_letter_raises_its_alarm_until_it_is_settled(world, lease):
    async with world.env.store.write_transaction() as tx:
        await outbox.add(tx, "letter", "one", {})
        [message] = await outbox.claim(tx, "w1", 1, 30)
        await outbox.record_failure(tx, message.id, world.clock.now(), "X", final=True)
    [raised] = await look(world, lease, notify=False)
    async with world.env.store.write_transaction() as tx:
        await outbox_desk.retry(tx, message.id, world.clock.now())
    [cleared] = await look(world, lease, notify=False)

    assert (raised.code, cleared.state) == (AlarmCode.OUTBOX_DEAD_LETTER, AlarmState.CLEARED)


async def test_an_audit_log_that_is_not_sealed_for_four_hours_is_an_alarm(world, lease):
    async with world.env.store.write_transaction() as tx:
        await audit.append(tx, audit.AuditLine("SYSTEM", "test", "THING", "1", None))
    world.clock.advance(timedelta(hours=4))
    [raised] = await look(world, lease, notify=False)
    await audit.seal(world.env.store)

    assert raised.code is AlarmCode.AUDIT_UNSEALED


async def test_alarms_are_read_by_administrators_and_auditors_only(world):
    assert await alarms_for(world.env, AUDITOR) == []
    with pytest.raises(Problems):
        await alarms_for(world.env, Subject(frozenset({Role.CITIZEN}), PersonKind.CITIZEN, "x"))


async def test_a_year_in_use_without_its_list_of_holidays_is_an_alarm_until_the_list_is_verified(world, lease):
    quiet = await look(world, lease)
    world.clock.advance(timedelta(days=7))  # to 1 December
    raised = await look(world, lease)
    row = {"date": "2027-01-26", "name_hi": "", "name_en": "Republic Day", "kind": "general"}
    await import_calendar(world.env.store, [row | {"source": "the gazette", "verified": "yes"}], dry_run=False)
    await refresh_calendar(world.env)
    cleared = await look(world, lease)

    assert AlarmCode.HOLIDAYS_IN_DOUBT not in [alarm.code for alarm in quiet]
    told = [
        [(one.about, one.state) for one in some if one.code is AlarmCode.HOLIDAYS_IN_DOUBT]
        for some in (raised, cleared)
    ]
    assert told == [[("2027", AlarmState.RAISED)], [("2027", AlarmState.CLEARED)]]
