"""`apuni verify` of fees: silent on what the verbs made, and it names each thing that is wrong."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from actions.applications.respond import RecordFee, record_fee
from actions.fees import fee_cases, fee_refunds
from domain.fees.fees import FeeOrder, FeeRules
from domain.kernel import Subject
from store.checks import fees
from tests.support.actions import World
from tests.support.fees import Tills, open_tills


@pytest.fixture
def tills(peopled: World, tmp_path: Path) -> Iterator[Tills]:
    with open_tills(peopled, tmp_path / "tills", FeeRules(1000, "Order 17 of 2026")) as tills:
        yield tills


async def found(tills: Tills) -> set[str]:
    async with tills.env.store.read_transaction() as tx:
        return {each.code async for each in fees.fees(tx)}


async def spoilt(tills: Tills, statement: str) -> set[str]:
    """What is found after something was changed behind the back of the verbs."""
    async with tills.env.store.write_transaction() as tx:
        await tx.connection.execute(text(statement))
    return await found(tills)


async def paid(tills: Tills) -> FeeOrder:
    order = await tills.started(await tills.submitted())
    await tills.comes_back(order, await tills.pays(order))
    return await tills.order(order)


async def going_back(tills: Tills, by: Subject | None = None) -> FeeOrder:
    """An order that was paid after a counter took the fee."""
    order = await tills.started(await tills.submitted(), by)
    await tills.pays(order)
    await record_fee(tills.env, tills.world.employment, RecordFee(order.application_id, "CH-7", 4000, "counter"))
    tills.world.clock.advance(timedelta(minutes=2))
    await tills.rounds()
    return await tills.order(order)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("UPDATE applications SET status = 'FEE_PENDING' WHERE fee_receipt IS NOT NULL", "PAID_AND_STILL_ASKED_FOR"),
        ("UPDATE fee_orders SET fee_paise = fee_paise - 1", "PAID_ANOTHER_FEE"),
        ("UPDATE applications SET fee_receipt = 'X1' WHERE fee_receipt IS NOT NULL", "PAID_FOR_ANOTHER_RECEIPT"),
        ("UPDATE fee_orders SET grn = NULL", "PAID_WITHOUT_RECEIPT"),
        ("UPDATE fee_orders SET state = 'FAILED'", "RECEIPT_OF_NO_PAYMENT"),
    ],
)
async def test_a_payment_that_does_not_fit_its_application_is_named(tills: Tills, change: str, code: str) -> None:
    await paid(tills)
    assert await found(tills) == set()
    assert await spoilt(tills, change) == {code}


async def test_a_fee_that_was_received_without_receipt_or_payment_is_named(tills: Tills) -> None:
    await paid(tills)
    gone = "UPDATE applications SET fee_receipt = NULL"
    assert await spoilt(tills, gone) == set()
    assert await spoilt(tills, "UPDATE fee_orders SET state = 'FAILED'") == {"FEE_RECEIVED_WITHOUT_RECEIPT"}


async def test_a_receipt_of_two_orders_is_named(tills: Tills) -> None:
    first = await paid(tills)
    assert first.receipt is not None
    await tills.started(
        await tills.world.submit(tills.world.sunil, "ES22", idempotency_key="s"), tills.world.sunil, key="s"
    )
    again = f"UPDATE fee_orders SET route = 'CSC_WALLET', grn = '{first.receipt.grn}' WHERE state = 'REDIRECTED'"
    assert await spoilt(tills, again) == {"RECEIPT_USED_TWICE"}


async def test_every_refund_has_its_case_and_the_wallets_its_message(tills: Tills) -> None:
    await going_back(tills)
    assert await found(tills) == set()
    assert await spoilt(tills, "UPDATE finance_cases SET about = 'fee:another'") == {"REFUND_OF_NOBODY"}


async def test_another_amount_that_no_case_tells_of_is_named(tills: Tills) -> None:
    order = await tills.started(await tills.submitted())
    await tills.pays(order)
    await tills.treasury.act("book_other_amount", {"reference": order.reference, "paise": 4900})
    tills.world.clock.advance(timedelta(minutes=2))
    await tills.rounds()
    assert await found(tills) == set()
    assert await spoilt(tills, "UPDATE finance_cases SET open_key = NULL") == {"OTHER_AMOUNT_OF_NOBODY"}


async def test_a_refund_that_nobody_asked_the_wallet_for_is_named(tills: Tills) -> None:
    await going_back(tills, tills.world.operator)
    assert await found(tills) == set()
    assert await spoilt(tills, "DELETE FROM outbox WHERE topic = 'fee.refund'") == {"REFUND_OF_NOBODY"}


async def test_an_order_that_nobody_asks_about_after_its_days_is_named(tills: Tills) -> None:
    await tills.started(await tills.submitted())
    tills.world.clock.advance(timedelta(days=7))
    assert await found(tills) == set()
    tills.world.clock.advance(timedelta(days=1, minutes=1))
    assert await found(tills) == {"OPEN_WITHOUT_ENQUIRY"}


def test_the_checker_names_orders_and_refunds_as_the_verbs_do() -> None:
    assert (fees.ABOUT, fees.REFUND) == (fee_cases.ABOUT, fee_refunds.REFUND)
