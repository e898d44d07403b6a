"""A batch of breached cases costs the same statements however many there are: a backlog is filed in seconds."""

from dataclasses import replace

from sqlalchemy import insert

from actions.legal_sweep import sweep
from domain.appeals import AppealLevel
from domain.applications import Application
from domain.numbers import NumberKind, make_number
from store import appeals, people
from store.application_rows import applications_table, values_of
from tests.support.actions import World
from tests.support.law import authorities, overdue
from tests.support.plans import asked


async def breached_together(world: World, pattern: Application, many: int, first: int) -> list[str]:
    """So many cases of citizens of their own, all past their due date as the pattern is."""
    asha = world.asha.person_id or ""
    async with world.env.store.writing() as tx:
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
        await tx.connection.execute(insert(applications_table), [values_of(tx, case) for case in cases])
    return [case.id for case in cases]


async def test_twenty_cases_cost_as_many_statements_as_two(world: World):
    courts = await authorities(world)
    pattern, spent = await overdue(world), []
    for many, first in ((2, 0), (20, 100)):
        cases = await breached_together(world, pattern, many, first)
        with asked(world.env.store) as seen:
            done = await sweep(world.env)
        spent.append(len(seen))
        async with world.env.store.reading() as tx:
            filed = await appeals.of_applications(tx, cases)
            events = await appeals.events(tx, [one.id for listed in filed.values() for one in listed])
        assert done.filed >= many
        assert [len(filed[key]) for key in cases] == [1] * many
        assert all(len(listed) == 1 for listed in events.values())
        assert {one.level for listed in filed.values() for one in listed} == {AppealLevel.FIRST}
        assert {one.authority_id for listed in filed.values() for one in listed} == {courts.bdo.person_id}
    assert spent[1] <= spent[0], spent
