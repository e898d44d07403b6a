"""Whether a browser may be sent to pay: the treasury takes connections, and its outcome would be fetched."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from actions.fees.fees import StartFeePayment, page_link, present_order, start_fee_payment
from actions.kernel import Environment
from domain.fees.fees import FeeOrder, FeeState
from domain.kernel import SystemIds
from gateway.pages.fees import fee_routes
from gateway.runtime.partners import open_clients
from gateway.settings.partners import Partner
from gateway.settings.settings import Settings
from integrations.registry import OUTSIDE_SYSTEMS, OutsideSystems
from tests.support.actions import World
from tests.support.fees import Tills, open_tills
from tests.support.remotes import shared_resilience
from tests.support.running import free_port

pytestmark = pytest.mark.integration


@pytest.fixture
def tills(sqlite_peopled: World, tmp_path: Path) -> Iterator[Tills]:
    with open_tills(sqlite_peopled, tmp_path) as made:
        yield made


@pytest.fixture
async def away(tills: Tills, tmp_path: Path) -> AsyncIterator[Environment]:
    """The same world, whose treasury takes no connections."""
    partner = Partner(base_url=f"http://127.0.0.1:{free_port()}", given=tills.given)
    settings = Settings(home=tmp_path, partners={"treasury": partner})
    registry = OutsideSystems((OUTSIDE_SYSTEMS["treasury"],))
    shared, ids = shared_resilience(tills.world.clock), SystemIds(tills.world.clock)
    async with open_clients(settings, shared, ids, registry) as clients:
        yield replace(tills.env, partners=replace(tills.env.partners, treasury=clients["treasury"]))


async def ordered(tills: Tills) -> FeeOrder:
    application = await tills.submitted()
    return (await start_fee_payment(tills.env, tills.world.asha, StartFeePayment(application.id, "pay")))[0]


async def opened(env: Environment, order: FeeOrder) -> httpx.Response:
    app = Starlette(routes=fee_routes(env))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://gateway.test") as browser:
        return await browser.get(page_link(env, order), headers={"accept-language": "en"})


async def test_nobody_is_sent_to_pay_at_a_treasury_that_is_away_and_the_page_says_so(
    tills: Tills, away: Environment
) -> None:
    order = await ordered(tills)

    page = await opened(away, order)

    assert (page.status_code, "<form" in page.text) == (503, False)
    assert '<code id="code">SOURCE_UNAVAILABLE</code>' in page.text


async def test_an_order_that_nobody_was_sent_to_pay_is_not_handed_over(tills: Tills, away: Environment) -> None:
    order = await ordered(tills)

    await opened(away, order)

    assert (await present_order(away, order.id)).state is FeeState.CREATED


async def test_the_form_is_there_once_the_treasury_is_back(tills: Tills, away: Environment) -> None:
    order = await ordered(tills)
    await opened(away, order)

    page = await opened(tills.env, order)

    assert (page.status_code, "<form" in page.text) == (200, True)
