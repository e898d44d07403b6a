"""initiatePayment begins to pay, once for a tracker; getApplicationStatus tells what came of it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from actions.fees.fee_enquiries import enquire
from actions.fees.fees import payment_form
from sandbox.city.kit import Sandbox
from store.fees import fee_orders
from tests.support.fees import treasury_on
from tests.support.graph import World
from tests.support.umang import Portal, a_portal


@dataclass
class Paying:
    """The door, with a treasury behind the gateway."""

    portal: Portal
    treasury: Sandbox


@pytest.fixture
async def paying(world: World, umang_keys: Path, tmp_path: Path) -> AsyncIterator[Paying]:
    env = world.environment
    treasury, ours = treasury_on(env.clock, tmp_path / "till")
    connected = replace(world, environment=replace(env, partners=replace(env.partners, treasury=ours)))
    async with a_portal(connected, umang_keys, tmp_path, burst=1000) as portal:
        await portal.link()
        yield Paying(portal, treasury)
    treasury.close()


async def test_a_fee_is_begun_once_for_a_tracker_and_the_status_tells_of_it(paying: Paying):
    portal = paying.portal
    place = {"district": "49", "tehsil": "304"}
    due = await portal.call("applyService", serviceCode="ES03", formData={"purpose": "work", **place})
    number = due["pd"]["applicationId"]
    before = await portal.call("getApplicationStatus", applicationId=number)
    begun = await portal.call("initiatePayment", applicationId=number, _tracker="zpay1")
    again = await portal.call("initiatePayment", applicationId=number, _tracker="zpay1")
    assert before["pd"]["payment"] is None
    assert (begun["rc"], begun["pd"]["amount"], begun["pd"]["status"]) == ("APSK0000", "40.00", "REDIRECTED")
    assert f"/fees/pay/{begun['pd']['paymentId']}?until=" in begun["pd"]["paymentUrl"]
    assert again["pd"]["paymentId"] == begun["pd"]["paymentId"]

    async with portal.env.store.read_transaction() as tx:
        order = await fee_orders.by_number(tx, begun["pd"]["paymentId"])
    assert order is not None
    form = await payment_form(portal.env, order)
    assert form is not None
    await paying.treasury.act("pay", {"encdata": form.fields["encdata"]})
    await enquire(portal.env, order)
    status = await portal.call("getApplicationStatus", applicationId=number)
    told = status["pd"]["payment"]
    assert (told["paymentId"], told["status"], told["amount"]) == (order.number, "SUCCESS", "40.00")
    assert told["receiptNo"].startswith("UKGRN")
    assert (status["pd"]["status"], status["pd"]["feeDue"]) == ("IN_SCRUTINY", "0.00")
    done = await portal.call("initiatePayment", applicationId=number, _tracker="zpay2")
    assert done["pd"]["errors"] == [{"code": "NO_FEE_DUE"}]
