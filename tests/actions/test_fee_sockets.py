"""A fee paid from the first verb to the last step over real sockets: the city, a browser, our doors."""

from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from actions.fee_returns import FeeReturns
from actions.fees import StartFeePayment, payment_form, present_order, start_fee_payment
from domain.fees import FeeRoute, FeeState
from domain.lifecycle import Status
from domain.sources import Source
from integrations.csc import BridgeSettings, CscBridge
from integrations.treasury import Treasury, TreasurySettings
from store import applications
from tests.faults.site import a_line, open_site
from tests.support.actions import ORDER, World

pytestmark = pytest.mark.integration


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
    async with env.store.reading() as tx:
        held = await applications.get(tx, application.id)
    assert held is not None
    assert held.status is Status.IN_SCRUTINY


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
