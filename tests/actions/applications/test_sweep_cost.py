"""A batch of breached cases costs the same statements however many there are: a backlog is filed in seconds."""

from dataclasses import replace

import pytest
from sqlalchemy import insert

from actions.appeals.legal_sweep import sweep
from domain.appeals.appeals import AppealLevel, AppealMove, AppealState
from domain.applications.applications import Application
from domain.applications.deadline import breaches_at
from domain.kernel import NumberKind, make_number
from store.appeals import appeal_course, appeals
from store.applications.application_rows import APPLICATIONS, applications_table
from store.database import NotThere, VersionConflict
from store.identity import people
from tests.support.actions import World
from tests.support.law import appeals_of, authorities, overdue
from tests.support.plans import asked


async def breached_together(world: World, pattern: Application, many: int, first: int) -> list[str]:
    """So many cases of citizens of their own, all past their due date as the pattern is."""
    asha = world.asha.person_id or ""
    async with world.env.store.write_transaction() as tx:
        her = (await people.citizens(tx, [asha]))[asha]
        cases = [
            replace(
                pattern,
                id=world.env.ids.key(),
                number=make_number(NumberKind.APPLICATION, 2026, f"{number:010d}"),
                acknowledgement=make_number(NumberKind.ACKNOWLEDGEMENT, 2026, f"{number:010d}"),
                citizen_id=world.env.ids.key(),
            )
            for number in range(first, first + many)
        ]
        for case in cases:
            await people.add_citizen(tx, replace(her, id=case.citizen_id))
        await tx.connection.execute(insert(applications_table), [APPLICATIONS.values(tx, case) for case in cases])
    return [case.id for case in cases]


async def test_twenty_cases_cost_as_many_statements_as_two(world: World):
    courts = await authorities(world)
    pattern, spent = await overdue(world), []
    for many, first in ((2, 0), (20, 100)):
        cases = await breached_together(world, pattern, many, first)
        with asked(world.env.store) as seen:
            done = await sweep(world.env)
        spent.append(len(seen))
        async with world.env.store.read_transaction() as tx:
            filed = await appeals.of_applications(tx, cases)
            events = await appeal_course.events(tx, [one.id for listed in filed.values() for one in listed])
        assert done.filed >= many
        assert [len(filed[key]) for key in cases] == [1] * many
        assert all(len(listed) == 1 for listed in events.values())
        assert {one.level for listed in filed.values() for one in listed} == {AppealLevel.FIRST}
        assert {one.authority_id for listed in filed.values() for one in listed} == {courts.bdo.person_id}
    assert spent[1] <= spent[0], spent


async def test_twenty_appeals_that_lapse_cost_as_many_statements_as_two(world: World):
    courts = await authorities(world)
    pattern, spent = await overdue(world), []
    for many, first in ((2, 0), (20, 100)):
        cases = await breached_together(world, pattern, many, first)
        await sweep(world.env)
        async with world.env.store.read_transaction() as tx:
            filed = [one for listed in (await appeals.of_applications(tx, cases)).values() for one in listed]
        world.clock.set(breaches_at(max(one.decide_by for one in filed if one.decide_by)))
        with asked(world.env.store) as seen:
            done = await sweep(world.env)
        spent.append(len(seen))
        assert done.raised >= many
        async with world.env.store.read_transaction() as tx:
            after = await appeals.of_applications(tx, cases)
            events = await appeal_course.events(tx, [one.id for one in filed])
        for lapsed, second in after.values():
            assert (lapsed.state, lapsed.version, lapsed.next_at) == (AppealState.LAPSED, 2, None)
            assert (second.level, second.previous_id) == (AppealLevel.SECOND, lapsed.id)
            assert second.authority_id == courts.dm.person_id
            assert [event.move for event in events[lapsed.id]] == [AppealMove.FILE, AppealMove.LAPSE]
    assert spent[1] <= spent[0], spent


async def test_an_appeal_that_was_changed_meanwhile_is_not_written_over_nor_is_any_of_its_batch(world: World):
    await authorities(world)
    cases = await breached_together(world, await overdue(world), 2, 0)
    await sweep(world.env)
    one, other = [(await appeals_of(world.env, key))[0] for key in cases]
    async with world.env.store.write_transaction() as tx:
        await appeals.save(tx, replace(other, version=2))
        lapsed = [replace(each, state=AppealState.LAPSED, version=2) for each in (one, other)]
        with pytest.raises(VersionConflict) as caught:
            await appeals.save_many(tx, lapsed)
        assert caught.value.present_version == 2
        with pytest.raises(NotThere):
            await appeals.save_many(tx, [replace(one, id="nobody", version=2)])
    assert [(await appeals_of(world.env, key))[0].state for key in cases] == [AppealState.FILED] * 2
