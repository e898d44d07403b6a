"""A fee paid from the first verb to the last step over real sockets: the city, a browser, our doors."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from actions.fees.fee_cases import ABOUT
from actions.fees.fee_enquiries import enquire
from actions.fees.fees import StartFeePayment, payment_form, present_order, start_fee_payment
from actions.fees.returns import FeeReturns
from actions.kernel import Environment
from actions.reconciliation.finance_desk import CaseRequest, resolve_case, take_case
from domain.applications.lifecycle import Status
from domain.fees.fees import FeeOrder, FeeRoute, FeeRules, FeeState
from domain.kernel import PersonKind, Posting, Role, Source, Subject
from domain.reconciliation.finance_cases import CaseOutcome, CaseState, DifferenceKind
from integrations.csc import BridgeSettings, CscBridge
from integrations.treasury import Treasury, TreasurySettings
from store.applications import applications
from store.reconciliation import finance_cases
from tests.faults.site import a_line, open_site
from tests.support.actions import ORDER, World

pytestmark = pytest.mark.integration

MINUTE = timedelta(minutes=1)
OTHER_AMOUNT = 13
"""A charge in paise: a total that ends so is booked by the treasury with a rupee less."""

FINANCE = Subject(
    frozenset({Role.FINANCE_OFFICER}), PersonKind.OFFICER, "finance", (Posting(Role.FINANCE_OFFICER, None, "49", None),)
)


def hidden(page: str, name: str) -> str:
    return page.partition(f'name="{name}" value="')[2].partition('"')[0]


async def test_a_browser_pays_at_the_treasury_of_the_city(world: World, tmp_path: Path):
    application = await world.submit(world.asha, ORDER)
    async with open_site(tmp_path, "treasury") as site, a_line(site, Source.TREASURY) as line:
        settings = TreasurySettings.from_onboarding(site.url("plain"), site.onboarding)
        partners = replace(world.env.partners, treasury=Treasury(line.remote, settings))
        env = replace(world.env, partners=partners)
        order, _ = await start_fee_payment(env, world.asha, StartFeePayment(application.id, "k"))
        form = await payment_form(env, order, by=world.asha)
        assert form is not None
        async with httpx.AsyncClient(timeout=30) as browser:
            page = (await browser.post(form.url, data=dict(form.fields))).text
            choice = {"reference": hidden(page, "reference"), "mode": "UPI", "outcome": "pay"}
            back = (await browser.post(f"{form.url}/choose", data=choice)).text
        assert f"{env.public_url}/hooks/treasury" in back
        returned = hidden(back, "encdata")
        assert env.partners.treasury is not None
        reference = env.partners.treasury.open_return(returned)
        assert await FeeReturns(env, FeeRoute.TREASURY).take(reference, returned.encode()) is not None
        verified = [entry["effect"] for entry in await site.ledger() if entry["route"].endswith("verify")]
    assert verified == ["S"]
    assert (await present_order(env, order.id)).state is FeeState.SUCCESS
    async with env.store.read_transaction() as tx:
        held = await applications.get(tx, application.id)
    assert held is not None
    assert held.status is Status.IN_SCRUTINY


async def test_another_amount_is_given_back_after_the_treasury_of_the_city_was_asked_once_more(
    world: World, tmp_path: Path
):
    application = await world.submit(world.asha, ORDER)
    async with open_site(tmp_path, "treasury") as site, a_line(site, Source.TREASURY) as line:
        settings = TreasurySettings.from_onboarding(site.url("plain"), site.onboarding)
        partners = replace(world.env.partners, treasury=Treasury(line.remote, settings))
        env = replace(
            world.env, partners=partners, rules=replace(world.env.rules, fees=FeeRules(OTHER_AMOUNT, "a test"))
        )
        order, _ = await start_fee_payment(env, world.asha, StartFeePayment(application.id, "k"))
        form = await payment_form(env, order, by=world.asha)
        assert form is not None
        async with httpx.AsyncClient(timeout=30) as browser:
            page = (await browser.post(form.url, data=dict(form.fields))).text
            choice = {"reference": hidden(page, "reference"), "mode": "NB", "outcome": "pay"}
            await browser.post(f"{form.url}/choose", data=choice)
        held = await enquire(env, order)
        assert (held.total_paise, held.taken_paise) == (4013, 3913)
        await take_case(env, FINANCE, CaseRequest(await case_of(env, held), "take"))
        world.clock.advance(MINUTE)
        later = (line.clock.now() + MINUTE).isoformat()
        await site.control.put("/_control/clock", json={"now": later})  # one enquiry about an order in ten seconds
        settles = CaseRequest(await case_of(env, held), "settle", note="Back.", outcome=CaseOutcome.REFUNDED)
        assert (await resolve_case(env, FINANCE, settles))[0].state is CaseState.SETTLED
        verified = [entry["effect"] for entry in await site.ledger() if entry["route"].endswith("verify")]
    assert verified == ["S", "S"]
    assert (await present_order(env, order.id)).state is FeeState.REFUND_REQUESTED


async def case_of(env: Environment, order: FeeOrder) -> str:
    async with env.store.read_transaction() as tx:
        case = await finance_cases.open_one(tx, DifferenceKind.AMOUNT_DIFFERS, f"{ABOUT}{order.id}")
    assert case is not None
    return case.id


async def test_an_operator_pays_from_the_wallet_of_the_city(world: World, tmp_path: Path):
    application = await world.submit(world.asha, ORDER)
    async with open_site(tmp_path, "csc") as site, a_line(site, Source.CSC) as line:
        settings = BridgeSettings.from_onboarding(site.onboarding)
        assert settings is not None
        wallet = CscBridge(line.remote, settings)
        env = replace(world.env, partners=replace(world.env.partners, wallet=wallet))
        order, _ = await start_fee_payment(env, world.operator, StartFeePayment(application.id, "k"))
        form = await payment_form(env, order, by=world.operator)
        assert form is not None
        async with httpx.AsyncClient(timeout=30) as browser:
            page = (await browser.post(form.url, data=dict(form.fields))).text
            confirm = f"{form.url.rpartition('/')[0]}/confirm"
            chosen = {"reference": hidden(page, "reference"), "decision": "pay"}
            back = (await browser.post(confirm, data=chosen)).text
        returned = hidden(back, "bridgeResponseMessage")
        assert wallet.open_return(returned) == order.reference
        await FeeReturns(env, FeeRoute.CSC_WALLET).take(order.reference, returned.encode())
    assert (await present_order(env, order.id)).state is FeeState.SUCCESS
