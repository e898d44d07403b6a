"""DBT Bharat: the figures of a month are counted from the store, sent once, and replaced by a later revision."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from actions.benefits.bharat_reports import plan_reports, report_month, send_report
from actions.benefits.payment_enquiries import ask_due
from actions.kernel import Environment
from domain.benefits.benefits import PaymentStatus
from domain.kernel import Source
from integrations.calling.errors import Refused
from integrations.dbt_finance import BharatSettings, DbtBharat
from sandbox.city.kit import Sandbox, SandboxClock, SandboxHome
from sandbox.dbt_finance.server import create_sandbox
from store.benefits import bharat_reports
from tests.actions.benefits.test_payment_enquiries import HOUR, instructed, told
from tests.support.actions import World
from tests.support.remotes import remote_over

NOVEMBER = date(2026, 11, 1)
SCHEME = "uk-old-age-pension"


@pytest.fixture
async def office(world: World, tmp_path: Path) -> AsyncIterator[tuple[Environment, Sandbox]]:
    """The world with DBT Bharat beside it."""
    onboarding = tmp_path / "dbt.json"
    home = SandboxHome("dbt_finance", tmp_path / "city", onboarding, SandboxClock(base=world.clock), {}, "", "")
    sandbox = create_sandbox(home)
    settings = BharatSettings.from_onboarding(json.loads(onboarding.read_text()))
    remote = remote_over(sandbox.app, Source.DBT_FINANCE, clock=world.clock)
    partners = replace(world.env.partners, bharat=DbtBharat(remote, settings, world.clock))
    yield replace(world.env, partners=partners), sandbox
    sandbox.close()


async def credited(world: World) -> str:
    instalment_id = await instructed(world)
    world.clock.advance(HOUR)
    await told(world, instalment_id, PaymentStatus.CREDITED)
    await ask_due(world.env)
    return instalment_id


async def test_the_month_that_is_over_is_reported_once_with_what_the_store_counts(
    world: World, office: tuple[Environment, Sandbox]
):
    env, sandbox = office
    await credited(world)
    world.clock.advance(timedelta(days=10))
    (planned,) = await plan_reports(env)
    assert await plan_reports(env) == []
    payload = {"scheme_code": planned.scheme_code, "month": planned.month, "revision": str(planned.revision)}
    await send_report(env, payload)
    await send_report(env, payload)
    kept = sandbox.state.get("report", f"{SCHEME}/2026-11")
    assert kept is not None
    assert kept["fields"] == {
        "StateCode": "5",
        "StateName": "Uttarakhand",
        "Amount": "1500.00",
        "FundTransferMethod": "APB/NEFT/RTGS",
        "TransactionDate": "2026-11-30",
        "NoOfBeneficiaries_Transacations": "1",
        "TotalBeneficiary": "1",
        "TotalBeneficiarywithBankAccount": "1",
    }
    assert [entry["effect"] for entry in sandbox.ledger.entries()] == ["report saved"]


async def test_a_later_revision_takes_the_place_of_the_first_and_an_old_one_is_not_sent(
    world: World, office: tuple[Environment, Sandbox]
):
    env, sandbox = office
    await instructed(world)
    first = await report_month(env, SCHEME, NOVEMBER)
    assert first is not None
    assert await report_month(env, SCHEME, NOVEMBER) is None
    async with env.store.write_transaction() as tx:
        last = await bharat_reports.latest(tx, SCHEME, "2026-11")
        assert last is not None
        revision = await bharat_reports.queue(tx, SCHEME, "2026-11", {**last.fields, "Amount": "1.00"})
    for number in (2, 1):
        await send_report(env, {"scheme_code": SCHEME, "month": "2026-11", "revision": str(number)})
    kept = sandbox.state.get("report", f"{SCHEME}/2026-11")
    assert kept is not None
    assert (revision, kept["fields"]["Amount"]) == (2, "1.00")
    async with env.store.read_transaction() as tx:
        old = await bharat_reports.get(tx, SCHEME, "2026-11", 1)
    assert old is not None
    assert old.state == bharat_reports.SUPERSEDED


async def test_a_report_that_is_not_taken_stays_queued(world: World, office: tuple[Environment, Sandbox]):
    env, _ = office
    await instructed(world)
    async with env.store.write_transaction() as tx:
        await bharat_reports.queue(tx, SCHEME, "2026-11", {"StateCode": "5"})
    with pytest.raises(Refused, match="NOT_SAVED"):
        await send_report(env, {"scheme_code": SCHEME, "month": "2026-11", "revision": "1"})
    async with env.store.read_transaction() as tx:
        kept = await bharat_reports.get(tx, SCHEME, "2026-11", 1)
    assert kept is not None
    assert kept.state == bharat_reports.QUEUED


async def test_months_that_nobody_lived_to_the_end_of_are_reported_later(
    world: World, office: tuple[Environment, Sandbox]
):
    env, _ = office
    await credited(world)
    world.clock.advance(timedelta(days=10))
    assert [one.month for one in await plan_reports(env)] == ["2026-11"]
    world.clock.advance(timedelta(days=70))
    assert [one.month for one in await plan_reports(env)] == ["2026-12", "2027-01"]
    assert await plan_reports(env) == []
