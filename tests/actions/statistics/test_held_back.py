"""What strangers are shown of figures: the same whichever way they ask, and nothing that tells a small cell."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pytest

from actions.statistics.counts import Question
from actions.statistics.figures import statistics
from domain.applications.applications import Channel
from domain.applications.lifecycle import Status
from domain.kernel import ANONYMOUS, Subject, ist_date
from domain.officers.dashboards import Dimension
from domain.statistics.figures import Delivery, Mark, StatisticsChannel, figure_inputs, marks_of, month_of, months_back
from store.statistics import figures
from tests.store.builders import application
from tests.support.actions import World

D, T, S, C, M = Dimension.DISTRICT, Dimension.TEHSIL, Dimension.SERVICE, Dimension.CHANNEL, Dimension.MONTH
DEPARTMENTS = {"ES09": "revenue-department", "ES22": "employment-dept", "ES90": "social-welfare-development"}


@pytest.fixture
def world(peopled: World) -> World:
    """On both databases."""
    return peopled


def this_month(world: World) -> date:
    return month_of(ist_date(world.clock.now()))


async def count(world: World, many: int, months_ago: int = 0, **changes: Any) -> None:
    """So many cases that came in and were delivered in one month, as the counters have them."""
    at = world.clock.now() - timedelta(days=1)
    for _ in range(months_ago):
        at = at.replace(day=15) - timedelta(days=30)
    service = changes.get("service_code", "ES09")
    ended = {"status": Status.DELIVERED, "submitted_at": at, "delivered_at": at, "due_at": at + timedelta(days=9)}
    place = {"department": DEPARTMENTS[service], "tehsil": None}
    case = figure_inputs(application("any", **(place | ended | changes)))
    marks: Mapping[Mark, int] = {mark: amount * many for mark, amount in marks_of(case).items()}
    async with world.env.store.write_transaction() as tx:
        await figures.add_many(tx, {f"{months_ago}-{sorted(changes.items())!r}": marks})


async def ask(
    world: World, *by: Dimension, subject: Subject = ANONYMOUS, months: tuple[int, int] = (11, 0), **named: Any
) -> tuple[dict[Any, int | None], int | None]:
    """The cases received by group and in all, None where they are not shown; months are told by how long ago."""
    now = this_month(world)
    first, last = (months_back(now, ago) for ago in months)
    answer = await statistics(world.env, subject, Question(first, last, group_by=by, **named))

    def shown(one: Delivery | None) -> int | None:
        return None if one is None else one.received

    rows = {tuple(row.place.values()): shown(row.figures) for row in answer.rows}
    alone = {place[0]: many for place, many in rows.items()} if len(by) == 1 else rows
    return alone, shown(answer.total.figures)


async def three_districts(world: World) -> None:
    await count(world, 9, district="45")
    await count(world, 8, district="49", tehsil="304")
    await count(world, 7, district="49", tehsil="305")
    await count(world, 30, district="50", channel=Channel.CSC)


async def test_a_district_that_is_held_back_beside_another_is_held_back_however_it_is_asked_for(world: World) -> None:
    await three_districts(world)
    assert await ask(world, D) == ({"45": None, "49": None, "50": 30}, 54)
    for district in ("45", "49"):
        assert (await ask(world, district=district))[1] is None
        assert (await ask(world, M, district=district)) == ({this_month(world): None}, None)
    assert (await ask(world, district="50"))[1] == 30


async def test_what_lies_in_a_district_that_is_held_back_is_held_back_and_not_added_up_again(world: World) -> None:
    await three_districts(world)
    await count(world, 40, district="50", tehsil="401")
    await count(world, 20, district="49", tehsil="304")
    await count(world, 1, district="51")
    assert (await ask(world, D))[0] == {"45": None, "49": 35, "50": 70, "51": None}
    assert await ask(world, T, district="49") == ({"304": None, "305": None}, 35)
    assert (await ask(world, district="45", tehsil=""))[1] is None
    assert (await ask(world, T))[0]["304"] is None
    assert (await ask(world, C, district="45")) == ({"SELF": None}, None)
    assert (await ask(world, D, C))[0]["45", "SELF"] is None


async def test_a_year_less_eleven_months_does_not_tell_the_twelfth(world: World) -> None:
    for ago in range(12):
        await count(world, 4 if ago == 0 else 40 + ago, ago, district="49")
    year = sum(40 + ago for ago in range(1, 12)) + 4

    assert (await ask(world, district="49"))[1] == year
    assert (await ask(world, D))[0] == {"49": year}
    by_month = (await ask(world, M, district="49"))[0]
    # With this month the smallest of the others is held back, which the year would else tell.
    hidden = {month for month, many in by_month.items() if many is None}
    assert hidden == {this_month(world), months_back(this_month(world), 1)}
    assert (await ask(world, district="49", months=(11, 1)))[1] is None
    assert (await ask(world, district="49", months=(5, 0)))[1] is None
    assert (await ask(world, district="49", months=(11, 2)))[1] == year - 4 - 41


async def test_months_of_two_questions_are_held_back_alike(world: World) -> None:
    for ago in range(14):
        for district, many in (("45", 5), ("49", 12), ("50", 50)):
            await count(world, many + ago, ago, district=district)
    whole = (await ask(world, D, M))[0]
    assert {many is None for many in whole.values()} == {True, False}
    for months in ((11, 0), (8, 2), (4, 4), (13, 6)):
        for district in ("45", "49", "50"):
            rows = (await ask(world, M, district=district, months=months))[0]
            there = {month: many for (place, month), many in whole.items() if place == district}
            assert {month: many for month, many in rows.items() if month in there} == {
                month: there[month] for month in rows if month in there
            }
    assert (await ask(world, D, M))[0] == whole  # asked again, nothing else is told


async def test_a_service_and_its_department_are_judged_together(world: World) -> None:
    await count(world, 6, service_code="ES09")
    await count(world, 11, service_code="ES22")
    await count(world, 50, service_code="ES90")
    assert (await ask(world, S))[0] == {"ES09": None, "ES22": None, "ES90": 50}
    assert (await ask(world, service_code="ES22"))[1] is None
    assert (await ask(world, department="employment-dept"))[1] is None
    assert (await ask(world, S, department="employment-dept")) == ({"ES22": None}, None)
    assert (await ask(world, channel=StatisticsChannel.SELF))[1] == 67


async def test_a_channel_in_a_district_is_judged_in_the_table_of_both(world: World) -> None:
    for district, csc, themselves in (("45", 4, 40), ("49", 20, 45), ("50", 70, 80)):
        await count(world, csc, district=district, channel=Channel.CSC)
        await count(world, themselves, district=district)
    hidden = {(district, channel) for district in ("45", "49") for channel in ("CSC", "SELF")}
    rows, total = await ask(world, D, C)
    assert {place for place, many in rows.items() if many is None} == hidden
    assert total == 259
    for district in ("45", "49", "50"):
        for channel in (StatisticsChannel.CSC, StatisticsChannel.SELF):
            cell = (district, channel.value)
            assert (await ask(world, district=district, channel=channel))[1] == rows[cell]
            assert (await ask(world, C, district=district))[0][channel.value] == rows[cell]
            assert (await ask(world, D, channel=channel))[0][district] == rows[cell]
    assert (await ask(world, C))[0] == {"CSC": 94, "SELF": 165}


async def test_a_service_of_a_department_in_a_district_goes_with_the_department(world: World) -> None:
    for district, many in (("45", 6), ("49", 12), ("50", 60)):
        await count(world, many, district=district, service_code="ES22")
        await count(world, 70, district=district)
    found = (await ask(world, D, department="employment-dept"))[0]
    assert found == {"45": None, "49": None, "50": 60}
    assert await ask(world, S, district="49", department="employment-dept") == ({"ES22": None}, None)
    assert (await ask(world, district="49", service_code="ES22"))[1] is None
    assert (await ask(world, district="50", service_code="ES22"))[1] == 60


async def test_cells_of_two_dimensions_of_a_period_with_a_small_month_are_held_back(world: World) -> None:
    for ago in range(12):
        await count(world, 3 if ago == 4 else 40, ago, district="49", channel=Channel.CSC)
        await count(world, 40, ago, district="49")
    csc = StatisticsChannel.CSC
    assert (await ask(world, district="49", channel=csc))[1] == 443
    assert (await ask(world, district="49", channel=csc, months=(5, 0)))[1] is None
    assert (await ask(world, M, district="49", channel=csc, months=(5, 0)))[1] is None
    assert (await ask(world, M, district="49", channel=csc))[1] == 443
    assert (await ask(world, district="49", channel=csc, months=(3, 0)))[1] == 160
    assert (await ask(world, C, district="49", months=(5, 0)))[0]["CSC"] is None


async def test_officers_see_every_cell_and_the_state_s_totals_stay_exact(world: World) -> None:
    await three_districts(world)
    rows, total = await ask(world, D, subject=world.tehsildar)
    assert (rows, total) == ({"45": 9, "49": 15, "50": 30}, 54)
    assert (await ask(world, D, T, subject=world.tehsildar))[0]["49", "305"] == 7
    for months in ((11, 0), (0, 0), (23, 0)):
        assert (await ask(world, months=months))[1] == 54
