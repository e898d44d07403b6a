"""The clock of public money: a credit at the treasury's sandbox is heard, counted and told by itself, over sockets."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from actions.benefits.budget import settle_budgets
from actions.benefits.payment_enquiries import APPLIED_AT_ONCE
from actions.benefits.sanction import send_instruction
from actions.kernel import Environment
from domain.benefits.benefits import BudgetState, PaymentStatus, Rail, SanctionState
from domain.kernel import Source, ist_date
from domain.platform.alarms import AlarmCode, active_alarms
from domain.reconciliation.reconciliation import RunState
from gateway.worker.finance_clock import FinanceClock
from integrations.calling.errors import Unavailable
from integrations.calling.remote import Remote
from integrations.calling.transport import open_client
from integrations.dbt_finance import DbtFinance, DbtFinanceSettings, PaymentState
from sandbox.city.kit import Sandbox, SandboxClock, SandboxHome
from sandbox.dbt_finance.server import create_sandbox
from store.benefits import benefits
from store.etaal import ledger, ledger_seal
from store.feedback import notices
from store.reconciliation import reconciliation
from tests.actions.benefits.test_payment_enquiries import HOUR, status_of
from tests.actions.benefits.test_sanction import first_instalment, sanctioned
from tests.support.actions import World
from tests.support.remotes import shared_resilience
from tests.support.served import served
from tests.support.stored import record_payment_status

pytestmark = pytest.mark.integration


@pytest.fixture
async def connected(world: World, tmp_path: Path) -> AsyncIterator[tuple[Environment, Sandbox]]:
    """The world with the treasury's sandbox at a port of its own, on the same clock."""
    onboarding = tmp_path / "dbt.json"
    clock = SandboxClock(base=world.clock)
    sandbox = create_sandbox(SandboxHome("dbt_finance", tmp_path / "city", onboarding, clock, {}, "", ""))
    settings = DbtFinanceSettings.from_onboarding(json.loads(onboarding.read_text()))
    async with served(sandbox.app) as url, open_client(None) as client:
        remote = Remote(Source.DBT_FINANCE, url, client=client, shared=shared_resilience(world.clock))
        partners = replace(world.env.partners, dbt=DbtFinance(remote, settings, world.clock))
        yield replace(world.env, partners=partners), sandbox
    sandbox.close()


async def test_a_credit_at_the_partner_reaches_store_count_and_citizen_by_itself(
    world: World, connected: tuple[Environment, Sandbox]
):
    env, sandbox = connected
    _, sanction = await sanctioned(world)
    instalment_id = await first_instalment(world, sanction)
    await send_instruction(env, instalment_id)
    clock = FinanceClock(env, asyncio.Event())
    seen = []
    for passes in (HOUR, timedelta(hours=1), timedelta(days=1)):
        world.clock.advance(passes)
        assert await clock.tick() is True
        seen.append(await status_of(world, instalment_id))
    assert seen[-1] is PaymentStatus.CREDITED
    await ledger_seal.seal(env.store)
    today = ist_date(world.clock.now())
    async with env.store.read_transaction() as tx:
        counts = await ledger.counts_on(tx, today)
        told = await notices.of_citizen(sanction.citizen_id).page(tx, limit=20)
        run = await reconciliation.run_of(tx, Rail.IFMS, today - timedelta(days=1))
        one = await benefits.instalment(tx, instalment_id)
    assert [one.count for one in counts if one.service_code == sanction.scheme_code] == [1]
    assert "PAYMENT_CREDITED" in {notice.kind.value for notice in told}
    assert run is not None
    assert (run.state, run.differences, run.theirs_paise) == (RunState.ENDED, 0, one.amount_paise if one else 0)
    orders = [entry["key"] for entry in sandbox.ledger.entries() if entry["effect"] == "instruction accepted"]
    assert len(orders) == 1


async def test_only_one_of_two_workers_leads(world: World):
    first, second = FinanceClock(world.env, asyncio.Event()), FinanceClock(world.env, asyncio.Event())
    assert await first.tick() is True
    assert await second.tick() is None
    await first.resign()
    assert await second.tick() is True


def test_open_critical_cases_and_a_comparison_that_is_late_raise_alarms(readings_of_now):
    late = replace(readings_of_now, critical_cases=2, reconciliation_seconds={"IFMS": 26 * 3600.0, "PFMS": 3600.0})
    found = active_alarms(late)
    assert found[AlarmCode.MONEY_DIFFERS, ""] == 2
    assert (AlarmCode.RECONCILIATION_LATE, "IFMS") in found
    assert (AlarmCode.RECONCILIATION_LATE, "PFMS") not in found


@pytest.fixture
async def readings_of_now(world: World):
    from actions.platform.alarms import readings

    async with world.env.store.read_transaction() as tx:
        return await readings(tx, world.clock.now())


async def many_due(world: World, count: int) -> None:
    """As many payments that the treasury has and that are to be asked for now."""
    _, sanction = await sanctioned(world)
    first = await first_instalment(world, sanction)
    async with world.env.store.write_transaction() as tx:
        one = await benefits.instalment(tx, first)
        assert one is not None
        copies = [
            replace(
                one,
                id=f"many-{number:05d}",
                sequence=number,
                period_from=one.period_from + timedelta(days=number),
                bill_number=f"bill-{number}",
                end_to_end_id=f"end-{number}",
            )
            for number in range(2, count + 2)
        ]
        await benefits.add_instalments(tx, copies)
        for copy in copies:
            await record_payment_status(tx, copy.id, PaymentStatus.INSTRUCTED, world.clock.now())
            world.dbt.states[copy.end_to_end_id] = PaymentState(PaymentStatus.AT_BANK, world.clock.now())
    world.clock.advance(HOUR)


async def test_a_round_goes_on_as_long_as_payments_are_due(world: World):
    await many_due(world, 450)
    assert await FinanceClock(world.env, asyncio.Event()).tick() is True
    assert len(set(world.dbt.enquired)) == 450


async def test_a_round_asks_no_more_than_its_minute_of_the_hourly_number(world: World):
    await many_due(world, 30)
    clock = FinanceClock(
        replace(
            world.env, rules=replace(world.env.rules, payments=replace(world.env.rules.payments, enquiries_an_hour=600))
        ),
        asyncio.Event(),
    )
    clock.compared_at = world.clock.monotonic()
    for asked in (10, 20, 30, 30):
        await clock.tick()
        assert len(set(world.dbt.enquired)) == asked


async def test_a_round_ends_at_once_where_the_treasury_is_away(world: World):
    await many_due(world, 250)
    world.dbt.failure = Unavailable(Source.DBT_FINANCE, "down")
    clock = FinanceClock(world.env, asyncio.Event())
    clock.compared_at = world.clock.monotonic()
    await clock.tick()
    assert len(world.dbt.enquired) == APPLIED_AT_ONCE


async def test_an_approval_asks_the_treasury_itself_what_is_left(world: World, connected: tuple[Environment, Sandbox]):
    env, sandbox = connected
    sandbox.actions["set_head"]({"head": "2235-60-102-03-00-42", "paise": 149_999})
    world.env = env
    _, sanction = await sanctioned(world)
    assert (sanction.state, sanction.budget) == (SanctionState.BUDGET_WAIT, BudgetState.TOO_LITTLE)
    await send_instruction(env, await first_instalment(world, sanction))
    sandbox.actions["set_head"]({"head": "2235-60-102-03-00-42", "paise": 150_000})
    assert await settle_budgets(env) == 1
    await send_instruction(env, await first_instalment(world, sanction))
    orders = [entry["key"] for entry in sandbox.ledger.entries() if entry["effect"] == "instruction accepted"]
    assert len(orders) == 1
