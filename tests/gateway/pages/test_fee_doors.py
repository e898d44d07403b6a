"""The doors by which browsers come back from paying, and our two pages; nothing that a browser says is believed."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.applications import Starlette

from actions.fees.fees import page_link
from domain.fees.fees import FeeState
from domain.kernel import ManualClock
from gateway.app import fee_doors
from store.database import Keyrings
from store.fees import fee_orders
from tests.support.actions import World
from tests.support.catalogued import Filled, a_copy
from tests.support.fees import Tills, open_tills
from tests.support.worlds import wrong

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass
class Town:
    """The tills, and a browser at our doors."""

    tills: Tills
    browser: httpx.AsyncClient


@pytest.fixture
async def town(
    catalogue_and_people: Filled, store_keyrings: Keyrings, store_clock: ManualClock, tmp_path: Path
) -> AsyncIterator[Town]:
    async with a_copy(catalogue_and_people, store_keyrings, store_clock, tmp_path) as env:
        partners: Any = env.partners
        fakes = {"locker": partners.digilocker, "dbt": partners.dbt, "apisetu": partners.apisetu}
        world = World(env=env, clock=store_clock, **fakes, **catalogue_and_people.people)
        with open_tills(world, tmp_path / "tills") as tills:
            transport = httpx.ASGITransport(Starlette(routes=fee_doors(tills.env)))
            async with httpx.AsyncClient(transport=transport, base_url=tills.env.public_url) as browser:
                yield Town(tills, browser)


async def test_the_whole_way_of_a_browser(town: Town):
    tills, browser = town.tills, town.browser
    order = await tills.started(await tills.submitted())
    page = await browser.get(page_link(tills.env, order), headers={"Accept-Language": "en"})
    assert "₹40" in page.text
    assert "Asha" not in page.text
    policy = page.headers["content-security-policy"]
    assert "form-action 'self' http://treasury.test;" in policy
    assert "script-src" not in policy
    posted = await tills.pays(order)
    back = await browser.post("/hooks/treasury", data={"encdata": posted["encdata"]})
    assert back.status_code == 303
    told = await browser.get(back.headers["location"], headers={"Accept-Language": "hi"})
    assert "भुगतान हो गया" in told.text
    assert "UKGRN" in told.text
    done = await browser.get(page_link(tills.env, order))
    assert (done.status_code, "/fees/status/" in done.headers["location"]) == (303, True)


async def test_the_words_of_a_browser_are_not_looked_for_among_the_files_of_the_store(town: Town):
    tills, browser = town.tills, town.browser
    order = await tills.started(await tills.submitted())
    await browser.post("/hooks/treasury", data={"encdata": (await tills.pays(order))["encdata"]})
    assert await wrong(tills.env) == []


async def test_the_wallet_comes_back_by_its_own_door_alone(town: Town):
    tills, browser = town.tills, town.browser
    order = await tills.started(await tills.submitted(), tills.world.operator)
    posted = await tills.pays(order)
    wrong = await browser.post("/hooks/treasury", data={"encdata": posted["message"]})
    assert (wrong.status_code, wrong.json()) == (400, {"code": "BAD_MESSAGE"})
    back = await browser.post("/hooks/csc", data={"bridgeResponseMessage": posted["message"]})
    assert back.status_code == 303
    assert (await tills.order(order)).state is FeeState.SUCCESS


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"encdata=",
        b"encdata=AAAA",
        b"encdata=a&encdata=b",
        b"encdata=%ff%fe",
        "encdata=हाँ".encode(),
        b"encdata=" + b"A" * 20_000,
        b"&" * 100,
        b"{}",
    ],
)
@pytest.mark.parametrize("door", ["/hooks/treasury", "/hooks/csc"])
async def test_what_is_no_message_of_theirs_is_declined(town: Town, door: str, body: bytes):
    answer = await town.browser.post(door, content=body, headers=FORM)
    assert (answer.status_code, answer.json()) == (400, {"code": "BAD_MESSAGE"})


async def test_a_message_about_no_order_of_ours_is_not_found(town: Town):
    tills = town.tills
    order = await tills.started(await tills.submitted())
    posted = await tills.pays(order)
    async with tills.env.store.write_transaction() as tx:
        statement = fee_orders.orders_table.update().values(reference="UKASOTHER")
        await tx.connection.execute(statement)
    answer = await town.browser.post("/hooks/treasury", data={"encdata": posted["encdata"]})
    assert (answer.status_code, answer.json()) == (404, {"code": "NOT_FOUND"})


async def test_a_status_page_asks_at_most_once_in_ten_seconds(town: Town):
    tills, browser = town.tills, town.browser
    order = await tills.started(await tills.submitted())
    link = page_link(tills.env, order, "status")
    for _ in range(3):
        assert (await browser.get(link)).status_code == 200
    asked = [entry for entry in tills.treasury.ledger.entries() if entry["route"].endswith("verify")]
    assert len(asked) == 1
    await tills.pays(order)
    tills.world.clock.advance(timedelta(seconds=11))
    assert "UKGRN" in (await browser.get(link)).text


async def test_whoever_paid_another_amount_is_told_where_it_lies_and_sent_to_pay_no_more(town: Town):
    tills, browser = town.tills, town.browser
    order = await tills.started(await tills.submitted())
    await tills.pays(order)
    await tills.treasury.act("book_other_amount", {"reference": order.reference, "paise": 3900})
    told = await browser.get(page_link(tills.env, order, "status"), headers={"Accept-Language": "hi"})
    assert "₹40.00 के स्थान पर ₹39.00" in told.text
    assert "कोषागार" in told.text
    assert "UKGRN" in told.text
    sent = await browser.get(page_link(tills.env, order))
    assert (sent.status_code, "/fees/status/" in sent.headers["location"]) == (303, True)


@pytest.mark.parametrize("change", ["signature=x", "until=9999999999", "until=x"])
async def test_a_link_that_was_changed_leads_nowhere(town: Town, change: str):
    order = await town.tills.started(await town.tills.submitted())
    parts = urlsplit(page_link(town.tills.env, order))
    kept = [part for part in parts.query.split("&") if part.partition("=")[0] != change.partition("=")[0]]
    answer = await town.browser.get(f"{parts.path}?{'&'.join([*kept, change])}")
    assert answer.status_code == 404
