"""What a newer list of holidays makes of the dates of open applications: none moves later, and none is breached."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from actions.appeals.due_dates import recount_due_dates
from actions.appeals.legal_sweep import sweep
from actions.applications.decide import Decide, Verdict, decide_application
from actions.applications.respond import AnswerQuery, answer_query
from actions.certificates.issue import issue_certificate
from actions.kernel import BATCH
from actions.officers.dashboards import days_late
from domain.appeals.delays import CaseFilter, CaseList
from domain.applications.applications import Application, RejectionGround
from domain.applications.deadline import ORDER, DayUnit, TimeLimit, end_of_day
from domain.kernel import Posting, Role, ist_date, ist_midnight
from domain.statistics.figures import Measure, figure_inputs, marks_of
from store.appeals import commission_figures
from store.applications import applications
from store.statistics import figure_cases
from tests.actions.appeals.test_appeal_periods import DEPARTMENT, of_five_days
from tests.support.actions import FakeRenderer, World
from tests.support.holidays import take_over
from tests.support.law import MONDAY, appeals_of, at, authorities, present, submitted
from tests.support.stored import audit_lines_of
from tests.support.worlds import wrong

TUESDAY, DUE = date(2026, 12, 8), date(2026, 12, 9)
"""A working day before the due day of eight working days from the Monday."""
WEDNESDAY = date(2026, 12, 2)


async def counted(world: World, *days: date, district: str | None = None, on: date = WEDNESDAY) -> int:
    """How many applications are counted anew once the list has these days, on a day."""
    world.clock.set(at(on))
    await take_over(world.env, *days, district=district)
    return await recount_due_dates(world.env)


async def due_of(world: World, application: Application) -> tuple[date | None, date | None]:
    """The promised and the lawful due day."""
    now = await present(world.env, application.id)
    return tuple(ist_date(one) if one else None for one in (now.due_at, now.lawful_due_at))  # type: ignore[return-value]


async def asked(world: World, application: Application, on: date) -> Application:
    world.clock.set(at(on))
    query = Decide(application.id, Verdict.RAISE_QUERY, "q", ground=RejectionGround.FORM_INCOMPLETE, reason="Where?")
    return (await decide_application(world.env, world.registrar, query))[0]


async def answered(world: World, application: Application, on: date) -> Application:
    world.clock.set(at(on))
    return (await answer_query(world.env, world.asha, AnswerQuery(application.id, "Doon", {}, "a")))[0]


async def test_a_holiday_that_is_added_leaves_the_promised_date_and_gives_the_officer_a_day(peopled: World):
    application = await submitted(peopled)
    assert await counted(peopled, TUESDAY) == 1
    assert await due_of(peopled, application) == (DUE, date(2026, 12, 10))


async def test_a_holiday_that_is_taken_away_moves_the_date_forward(peopled: World):
    peopled.clock.set(at(MONDAY) - timedelta(hours=1))
    await take_over(peopled.env, TUESDAY)
    application = await submitted(peopled)
    assert await due_of(peopled, application) == (date(2026, 12, 10), None)
    await counted(peopled, on=WEDNESDAY)
    assert await due_of(peopled, application) == (DUE, None)


async def test_a_holiday_that_is_added_and_taken_away_again_leaves_everything_as_it_was(peopled: World):
    application = await submitted(peopled)
    await counted(peopled, TUESDAY)
    await counted(peopled, on=date(2026, 12, 3))
    assert await due_of(peopled, application) == (DUE, None)


async def test_no_recount_makes_a_breach_in_the_past_and_the_next_working_day_is_the_earliest(peopled: World):
    peopled.clock.set(at(MONDAY) - timedelta(hours=1))
    await take_over(peopled.env, WEDNESDAY, date(2026, 12, 3), date(2026, 12, 4))
    application = await submitted(peopled)
    assert await due_of(peopled, application) == (date(2026, 12, 14), None)
    await counted(peopled, on=date(2026, 12, 10))  # the list says now that Wednesday was the last day
    assert await due_of(peopled, application) == (date(2026, 12, 11), None)
    assert (await sweep(peopled.env)).filed == 0


async def test_a_date_that_is_breached_already_stays_and_the_officer_has_the_day_that_the_list_gives(peopled: World):
    application = await submitted(peopled)
    await counted(peopled, TUESDAY, on=date(2026, 12, 11))
    assert await due_of(peopled, application) == (DUE, date(2026, 12, 10))


async def test_a_holiday_of_another_district_changes_no_date(peopled: World):
    application = await submitted(peopled)
    assert await counted(peopled, TUESDAY, district="51") == 1
    assert await due_of(peopled, application) == (DUE, None)


async def test_a_holiday_of_its_own_district_does(peopled: World):
    application = await submitted(peopled)
    await counted(peopled, TUESDAY, district="49")
    assert await due_of(peopled, application) == (DUE, date(2026, 12, 10))


async def test_calendar_days_that_end_on_a_new_holiday_are_lawful_to_the_next_open_day(peopled: World):
    application = await submitted(peopled)
    async with peopled.env.store.write_transaction() as tx:
        limit = TimeLimit(9, DayUnit.CALENDAR_DAYS, peopled.env.rules.calendar.version)
        await applications.save(tx, replace(application, limit=limit), application.version)
    await counted(peopled, DUE)
    assert await due_of(peopled, application) == (DUE, date(2026, 12, 10))


async def test_days_of_a_pause_that_is_over_are_not_counted(peopled: World):
    application = await submitted(peopled)
    await asked(peopled, application, WEDNESDAY)
    paused = await answered(peopled, application, date(2026, 12, 5))
    assert paused.due_at == end_of_day(date(2026, 12, 14))
    await counted(peopled, date(2026, 12, 4), on=date(2026, 12, 7))
    assert await due_of(peopled, application) == (date(2026, 12, 14), None)
    await counted(peopled, date(2026, 12, 4), date(2026, 12, 9), on=TUESDAY)
    assert await due_of(peopled, application) == (date(2026, 12, 14), date(2026, 12, 15))


async def test_a_pause_that_runs_gives_back_what_was_left_and_the_lawful_date_goes_with_it(peopled: World):
    application = await submitted(peopled)
    await asked(peopled, application, date(2026, 12, 4))
    await counted(peopled, date(2026, 12, 3), on=date(2026, 12, 5))  # a day that was worked, they thought
    again = await answered(peopled, application, TUESDAY)
    assert again.paused_left is None
    # Four days were left of the promised date, and five by the list.
    assert await due_of(peopled, application) == (date(2026, 12, 14), date(2026, 12, 15))


async def test_a_limit_that_an_order_set_and_a_clock_that_ended_are_not_counted_anew(peopled: World):
    await asked(peopled, ended := await submitted(peopled), WEDNESDAY)
    await answered(peopled, ended, WEDNESDAY)
    no = Decide(ended.id, Verdict.REJECT, "no", ground=RejectionGround.NOT_ELIGIBLE, reason="Not born here.")
    await decide_application(peopled.env, peopled.registrar, no)
    ordered = await peopled.submit(peopled.asha, idempotency_key="ordered")
    async with peopled.env.store.write_transaction() as tx:
        limit = TimeLimit(9, DayUnit.CALENDAR_DAYS, f"{ORDER}30001")
        await applications.save(tx, replace(ordered, limit=limit), ordered.version)
    assert await counted(peopled, TUESDAY) == 0


async def test_the_round_of_the_legal_clock_counts_anew_what_an_import_left(peopled: World):
    application = await submitted(peopled)
    peopled.clock.set(at(WEDNESDAY))
    await take_over(peopled.env, TUESDAY)
    await sweep(peopled.env)
    assert await due_of(peopled, application) == (DUE, date(2026, 12, 10))


async def test_a_recount_that_is_cut_off_is_finished_by_the_next_one(peopled: World):
    application = await submitted(peopled)
    copies = [replace(application, id=f"copy-{n}", number=f"{n:014}", acknowledgement=None) for n in range(BATCH)]
    async with peopled.env.store.write_transaction() as tx:
        await applications.add_many(tx, copies, announced=())

    class CutOff(Exception):
        pass

    def cut_off(so_far: int) -> None:
        raise CutOff(so_far)

    peopled.clock.set(at(WEDNESDAY))
    await take_over(peopled.env, TUESDAY)
    with pytest.raises(CutOff, match=f"^{BATCH}$"):
        await recount_due_dates(peopled.env, tell=cut_off)
    assert [await recount_due_dates(peopled.env) for _ in range(2)] == [1, 0]
    assert {await due_of(peopled, one) for one in (application, copies[0], copies[-1])} == {(DUE, date(2026, 12, 10))}


async def test_each_date_that_moves_has_an_audit_line_with_the_dates_and_the_version_of_the_list(peopled: World):
    application = await submitted(peopled)
    await counted(peopled, TUESDAY)
    await counted(peopled, TUESDAY, date(2026, 12, 22), on=date(2026, 12, 3))  # after the due date: nothing moves
    async with peopled.env.store.read_transaction() as tx:
        lines = await audit_lines_of(tx, "APPLICATION", application.id)
    (line,) = [one for one in lines if one.action == "application.recount"]
    assert {name: line.detail[name][:10] for name in ("before", "due", "lawful")} == {
        "before": "2026-12-09",
        "due": "2026-12-09",
        "lawful": "2026-12-10",
    }


async def test_figures_stay_true_where_a_date_moves(peopled: World):
    peopled.clock.set(at(MONDAY) - timedelta(hours=1))
    await take_over(peopled.env, TUESDAY)
    await submitted(peopled)
    await counted(peopled)
    assert await wrong(peopled.env) == []


async def issued_on(world: World, application: Application, day: date) -> Application:
    world.clock.set(at(day))
    await decide_application(world.env, world.registrar, Decide(application.id, Verdict.APPROVE, "yes"))
    await issue_certificate(world.env, application.id, FakeRenderer())
    return await present(world.env, application.id)


async def test_what_is_made_by_the_lawful_day_is_the_officers_in_time_and_her_appeal_stands(peopled: World):
    await authorities(peopled)
    application = await submitted(peopled)
    await counted(peopled, TUESDAY)
    peopled.clock.set(ist_midnight(date(2026, 12, 10)))
    assert (await sweep(peopled.env)).filed == 1
    made = await issued_on(peopled, application, date(2026, 12, 10))
    assert days_late(made, peopled.clock.now()) == 0
    assert Measure.ON_TIME in {mark.measure for mark in marks_of(figure_inputs(made))}
    (appeal,) = await appeals_of(peopled.env, application.id)
    assert appeal.due_at == end_of_day(DUE)
    assert appeal.breached_on == date(2026, 12, 10)
    day = ist_midnight(date(2026, 12, 10))
    async with peopled.env.store.read_transaction() as tx:
        (row,) = await commission_figures.day_rows(tx, day, day + timedelta(days=1))
    assert (row.delivered_in_time, row.delivered_late) == (1, 0)


@pytest.mark.parametrize("offices", [(DEPARTMENT,), (f"{DEPARTMENT}/49",)])
async def test_an_office_that_takes_a_five_day_week_has_the_day_of_its_week_and_the_promised_date_stays(
    peopled: World, offices: tuple[str, ...]
):
    application = await submitted(peopled)
    peopled.clock.set(at(WEDNESDAY))
    assert await recount_due_dates(of_five_days(peopled, *offices).env) == 1
    assert await due_of(peopled, application) == (DUE, date(2026, 12, 10))


async def test_an_office_that_goes_back_to_a_six_day_week_owes_the_earlier_day(peopled: World):
    application = await submitted(of_five_days(peopled, DEPARTMENT))
    assert await due_of(peopled, application) == (date(2026, 12, 10), None)
    peopled.clock.set(at(WEDNESDAY))
    assert await recount_due_dates(peopled.env) == 1
    assert await due_of(peopled, application) == (DUE, None)


async def test_a_week_that_did_not_change_counts_nothing_anew(peopled: World):
    await submitted(of_five_days(peopled, DEPARTMENT))
    assert await recount_due_dates(of_five_days(peopled, DEPARTMENT, "revenue/51").env) == 0


async def test_a_list_and_a_week_that_change_together_are_counted_once(peopled: World):
    application = await submitted(peopled)
    peopled.clock.set(at(WEDNESDAY))
    await take_over(peopled.env, TUESDAY)
    world = of_five_days(peopled, DEPARTMENT)
    assert (await recount_due_dates(world.env), await recount_due_dates(world.env)) == (1, 0)
    assert await due_of(peopled, application) == (DUE, date(2026, 12, 11))


async def test_the_round_of_the_legal_clock_counts_by_the_week_of_the_settings(peopled: World):
    application = await submitted(peopled)
    peopled.clock.set(at(WEDNESDAY))
    await sweep(of_five_days(peopled, DEPARTMENT).env)
    assert await due_of(peopled, application) == (DUE, date(2026, 12, 10))


async def test_what_runs_past_her_date_is_overdue_and_the_officer_not_late_until_the_lawful_one(peopled: World):
    application = await submitted(peopled)
    await counted(peopled, TUESDAY)
    peopled.clock.set(at(date(2026, 12, 10)))
    now = await present(peopled.env, application.id)
    async with peopled.env.store.read_transaction() as tx:
        listed = await figure_cases.page(tx, (Posting(Role.OFFICER),), CaseList.OVERDUE, CaseFilter(), limit=5)
    assert [one.id for one in listed] == [application.id]
    assert (days_late(now, peopled.clock.now()), (await sweep(peopled.env)).filed) == (0, 1)
