"""The nightly comparison of what UMANG was told with the applications that came of it."""

from datetime import date, timedelta

import pytest
from sqlalchemy import update

from actions.kernel import Environment
from actions.umang.umang_compare import APPLY, compare, compare_due, count_differences
from domain.platform.alarms import AlarmCode, Readings, active_alarms
from domain.umang.umang import OK, ServiceComparison, compare_day
from store import umang
from store.umang import Request, requests_table
from tests.support.actions import FREE, World

DAY = date(2026, 11, 24)


async def told(world: World, tracker: str, code: str | None, application_id: str | None, srvid: str = "2104") -> None:
    """A call of applyService: what it was answered, and which application came of it."""
    request = Request(tracker, APPLY, srvid, world.asha.person_id or "", "hash")
    async with world.env.store.write_transaction() as tx:
        await umang.begin(tx, request)
        if application_id is not None:
            await umang.note_filed(tx, request.record, application_id)
        if code is not None:
            await umang.keep_answer(tx, request.record, {"code": code}, code)


async def test_calls_and_applications_that_fit_are_counted_by_service(world: World):
    application = await world.submit(world.asha, FREE)
    await told(world, "z1", OK, application.id)
    await told(world, "z2", "APSK0422", None)

    assert await compare(world.env.store, DAY) == [ServiceComparison(DAY, "2104", 1, 1, None, ())]


async def test_each_kind_of_difference_is_named_with_its_tracker(world: World):
    application = await world.submit(world.asha, FREE)
    await told(world, "z1", OK, "01930000-0000-7000-8000-0000000000ff")
    await told(world, "z2", None, application.id)

    found, unheard = await compare(world.env.store, DAY, {"2104": 3, "2199": 1})
    assert (unheard.srvid, unheard.accepted, unheard.differences) == ("2199", 0, ("THEIR_COUNT_DIFFERS",))
    assert found.differences == (
        "ANSWERED_WITHOUT_APPLICATION z1",
        "FILED_WITHOUT_ANSWER z2",
        "THEIR_COUNT_DIFFERS",
    )


async def test_the_worker_compares_yesterday_once_and_a_difference_raises_the_alarm(world: World):
    await told(world, "z1", OK, None)
    assert await compare_due(world.env) == []
    world.clock.advance(timedelta(days=1))
    [found] = await compare_due(world.env)
    assert (found.day, found.accepted, found.created) == (DAY, 1, 0)
    assert await compare_due(world.env) == []

    async with world.env.store.read_transaction() as tx:
        differences = await count_differences(tx)
    holding = active_alarms(Readings((), 0, 0.0, 0.0, 0.0, umang_differences=differences))
    assert holding == {(AlarmCode.UMANG_COUNTS_DIFFER, "2104"): 1}


async def test_a_later_comparison_takes_the_place_of_the_first(world: World):
    await told(world, "z1", OK, None)
    await compare(world.env.store, DAY)
    application = await world.submit(world.asha, FREE)
    async with world.env.store.write_transaction() as tx:
        await tx.connection.execute(update(requests_table).values(application_id=application.id))
    await compare(world.env.store, DAY)

    async with world.env.store.read_transaction() as tx:
        assert await count_differences(tx) == {}


async def test_a_day_without_calls_is_compared_too(catalogued: Environment):
    assert await compare_due(catalogued) == []
    async with catalogued.store.read_transaction() as tx:
        assert await umang.compared_on(tx, DAY - timedelta(days=1))


@pytest.mark.parametrize(("theirs", "differences"), [(1, ()), (2, ("THEIR_COUNT_DIFFERS",))])
def test_their_count_is_compared_with_the_calls_that_we_accepted(theirs: int, differences: tuple[str, ...]):
    filings = [{"srvid": "2104", "tracker": "z1", "code": OK, "application_id": "a", "there": "a"}]

    assert compare_day(DAY, filings, {"2104": theirs}) == [ServiceComparison(DAY, "2104", 1, 1, theirs, differences)]
