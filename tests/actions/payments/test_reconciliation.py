"""The daily comparison: every difference opens one case, none is invented, and a run that was cut off goes on."""

from dataclasses import replace
from datetime import timedelta

import pytest

from actions.benefits.payment_enquiries import ask_due
from actions.payments.reconciliation import reconcile, reconcile_due
from actions.reconciliation.finance_totals import make_statements
from domain.benefits.benefits import InstalmentKind, PaymentStatus, Rail
from domain.kernel import Source, ist_date
from domain.reconciliation.finance_cases import DifferenceKind
from domain.reconciliation.reconciliation import RunState
from integrations.calling.errors import Unavailable
from store.benefits import benefits
from store.reconciliation import finance_totals, reconciliation
from tests.actions.benefits.test_payment_enquiries import HOUR, cases_of, instructed, told
from tests.support.actions import World
from tests.support.stored import record_payment_status


async def test_a_day_on_which_both_books_agree_has_no_case_and_keeps_its_sums(world: World):
    instalment_id = await instructed(world)
    world.clock.advance(timedelta(days=1))
    await told(world, instalment_id, PaymentStatus.CREDITED)
    (run,) = await reconcile_due(world.env)
    assert (run.rail, run.state, run.rows_compared, run.differences) == (Rail.IFMS, RunState.ENDED, 1, 0)
    assert run.ours_paise == run.theirs_paise == 150_000
    assert await cases_of(world) == []
    assert await reconcile_due(world.env) == []
    async with world.env.store.read_transaction() as tx:
        (total,) = await finance_totals.stored_totals(tx, None, limit=10)
    assert (total.scheme_code, total.credited, total.instructed) == ("uk-old-age-pension", (1, 150_000), (1, 150_000))


async def test_a_treasury_that_is_away_leaves_the_run_to_be_taken_up_again(world: World):
    instalment_id = await instructed(world)
    world.clock.advance(timedelta(days=1))
    world.dbt.failure = Unavailable(Source.DBT_FINANCE, "down")
    assert await reconcile_due(world.env) == []
    async with world.env.store.read_transaction() as tx:
        run = await reconciliation.run_of(tx, Rail.IFMS, ist_date(world.clock.now()) - timedelta(days=1))
    assert run is not None
    assert (run.state, run.problem) == (RunState.READING, "PARTNER_AWAY")
    world.dbt.failure = None
    world.clock.advance(HOUR)
    await told(world, instalment_id, PaymentStatus.AT_BANK)
    (ended,) = await reconcile_due(world.env)
    assert (ended.id, ended.starts, ended.problem) == (run.id, 2, None)


async def test_what_we_say_is_paid_and_the_scroll_does_not_hold_opens_a_case(world: World):
    instalment_id = await instructed(world)
    world.clock.advance(timedelta(days=1))
    await told(world, instalment_id, PaymentStatus.AT_BANK)
    async with world.env.store.write_transaction() as tx:
        await record_payment_status(tx, instalment_id, PaymentStatus.CREDITED, world.clock.now())
    await reconcile_due(world.env)
    found = [(one.kind, one.expected, one.found) for one in await cases_of(world)]
    assert found == [(DifferenceKind.NOT_IN_SCROLL, "CREDITED", "IN_FLIGHT")]


async def test_an_order_in_flight_for_more_than_seven_working_days_is_told_once(world: World):
    instalment_id = await instructed(world)
    for days, kinds in ((8, []), (1, [DifferenceKind.TOO_LONG_IN_FLIGHT]), (1, [DifferenceKind.TOO_LONG_IN_FLIGHT])):
        world.clock.advance(timedelta(days=days))
        await told(world, instalment_id, PaymentStatus.AT_BANK)
        await reconcile_due(world.env)
        assert [one.kind for one in await cases_of(world)] == kinds


async def test_a_history_that_does_not_lead_to_the_state_opens_a_case_of_the_total(world: World):
    instalment_id = await instructed(world)
    world.clock.advance(timedelta(days=1))
    await told(world, instalment_id, PaymentStatus.CREDITED)
    await ask_due(world.env)
    async with world.env.store.write_transaction() as tx:
        table = benefits.instalments_table
        await tx.connection.execute(table.update().where(table.c.id == instalment_id).values(status="INSTRUCTED"))
    await reconcile_due(world.env)
    kinds = {one.kind for one in await cases_of(world)}
    assert DifferenceKind.TOTAL_DIFFERS in kinds


async def test_a_run_that_was_cut_off_goes_on_where_it_stopped(world: World, monkeypatch: pytest.MonkeyPatch):
    instalment_id = await instructed(world)
    world.clock.advance(timedelta(days=1))
    await told(world, instalment_id, PaymentStatus.AT_BANK, paise=1)

    class Killed(Exception):
        pass

    async def killed(*_: object) -> None:
        raise Killed

    monkeypatch.setattr("actions.payments.reconciliation.rebuild_totals", killed)
    with pytest.raises(Killed):
        await reconcile_due(world.env)
    monkeypatch.undo()
    (run,) = await reconcile_due(world.env)
    assert (run.rows_compared, run.differences, run.starts) == (1, 1, 2)
    (case,) = await cases_of(world)
    assert case.kind is DifferenceKind.AMOUNT_DIFFERS


async def test_a_day_is_compared_once(world: World):
    await instructed(world)
    world.clock.advance(timedelta(days=1))
    yesterday = ist_date(world.clock.now()) - timedelta(days=1)
    first = await reconcile(world.env, Rail.IFMS, yesterday)
    world.clock.advance(HOUR)
    assert await reconcile(world.env, Rail.IFMS, yesterday) == first
    async with world.env.store.write_transaction() as tx:
        again = await reconciliation.begin(tx, "another", Rail.IFMS, yesterday)
    assert again.id == first.id


async def test_the_end_of_a_month_tells_of_a_payment_that_was_made_anew_and_credited_twice(world: World):
    first = await instructed(world)
    anew = world.env.ids.key()
    async with world.env.store.write_transaction() as tx:
        await record_payment_status(tx, first, PaymentStatus.CREDITED, world.clock.now())
        one = await benefits.instalment(tx, first)
        assert one is not None
        names = {"bill_number": f"{one.bill_number}X", "end_to_end_id": f"{one.end_to_end_id}X"}
        again = replace(one, id=anew, sequence=2, kind=InstalmentKind.REISSUE, reissue_of=first, **names)
        await benefits.add_instalments(tx, [again])
    world.clock.advance(timedelta(days=31))
    assert await make_statements(world.env)
    found = [(one.kind, one.about) for one in await cases_of(world)]
    assert (DifferenceKind.SECOND_PAYMENT, f"instalment:{first}") in found
