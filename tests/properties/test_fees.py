"""Random ways to pay one fee: sent, answer lost, repeated, restarted, returned twice; one payment, no money lost.

Whatever happens between a citizen, two tills and our process, at the end each rupee that was taken either paid for the
application, once, or is on its way back (docs/reliability.md section 5.10).
"""

import contextlib
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actions.applications.respond import RecordFee, Withdraw, record_fee, withdraw_application
from actions.fees.fee_cases import ABOUT
from actions.fees.wallet_refunds import send_refund
from actions.reconciliation.finance_desk import CaseRequest, resolve_case, take_case
from domain.applications.applications import Application
from domain.applications.lifecycle import Move, Status
from domain.fees.fees import PAID, FeeOrder, FeeRoute, FeeState
from domain.kernel import ManualClock, PersonKind, Posting, Problems, Role, Subject
from domain.reconciliation.finance_cases import CaseOutcome, DifferenceKind
from store.applications import applications, timeline
from store.database import Keyrings
from store.fees import fee_orders
from store.reconciliation import finance_cases
from tests.support.actions import ORDER, World
from tests.support.bounds import rounds
from tests.support.catalogued import Filled, a_copy
from tests.support.fees import Tills, open_tills

STEPS = (
    "send", "send by the wallet", "repeat", "pay", "pay at a counter", "fail", "come back", "come back twice",
    "restart", "silence", "speak", "wait", "wait long", "counter", "withdraw", "book another amount", "put right",
    "give back",
)  # fmt: skip
_numbers = itertools.count()
ANOTHER = 3900
"""Paise that come in the place of 4000."""
FINANCE = Subject(
    frozenset({Role.FINANCE_OFFICER}), PersonKind.OFFICER, "finance", (Posting(Role.FINANCE_OFFICER, None, None, None),)
)


@dataclass
class Life:
    """One application and all that is done about its fee."""

    tills: Tills
    application: Application
    posted: dict[str, dict[str, Any]] = field(default_factory=dict)
    keys: int = 0

    async def orders(self) -> list[FeeOrder]:
        async with self.tills.env.store.read_transaction() as tx:
            found = await fee_orders.of_applications(tx, [self.application.id])
        return found.get(self.application.id, [])

    async def latest(self) -> FeeOrder | None:
        return next(iter(await self.orders()), None)

    async def take(self, step: str) -> None:
        """One step; what the verbs refuse is refused."""
        with contextlib.suppress(Problems):
            await getattr(self, step.replace(" ", "_"))()

    async def send(self) -> None:
        self.keys += 1
        await self.tills.started(self.application, key=f"{self.application.id}:{self.keys}")

    async def send_by_the_wallet(self) -> None:
        self.keys += 1
        key = f"{self.application.id}:w{self.keys}"
        await self.tills.started(self.application, self.tills.world.operator, key=key)

    async def repeat(self) -> None:
        await self.tills.started(self.application, key=f"{self.application.id}:{self.keys}")

    async def pay(self, mode: str = "NB", outcome: str = "pay") -> None:
        for order in await self.orders():  # also by a window that was left open
            if order.open and order.problem is None:  # else no form is given, so that nobody pays twice
                self.posted[order.id] = await self.tills.pays(order, mode, outcome)

    async def pay_at_a_counter(self) -> None:
        await self.pay("COUNTER", "pay")

    async def fail(self) -> None:
        order = await self.latest()
        if order is not None and order.route is FeeRoute.TREASURY:
            await self.pay("NB", "fail")

    async def come_back(self) -> None:
        for order in await self.orders():
            if self.posted.get(order.id, {}).keys() & {"encdata", "message"}:
                await self.tills.comes_back(order, self.posted[order.id])

    async def come_back_twice(self) -> None:
        await self.come_back()
        await self.come_back()

    async def restart(self) -> None:
        """Nothing in our process is needed after it dies; what was handed over before is good after it."""
        self.tills.restart()

    async def silence(self) -> None:
        lost = [{"kind": "status", "params": {"status": 504, "after": True}}]
        self.tills.treasury.faults.set(lost)
        self.tills.csc.faults.set(lost)

    async def speak(self) -> None:
        self.tills.treasury.faults.clear()
        self.tills.csc.faults.clear()

    async def wait(self) -> None:
        self.tills.world.clock.advance(timedelta(minutes=3))
        await self.tills.rounds()

    async def wait_long(self) -> None:
        self.tills.world.clock.advance(timedelta(days=2))
        await self.tills.rounds()

    async def counter(self) -> None:
        fee = RecordFee(self.application.id, "CH-7", 4000, f"{self.application.id}:counter")
        await record_fee(self.tills.env, self.tills.world.employment, fee)

    async def withdraw(self) -> None:
        await withdraw_application(
            self.tills.env, self.tills.world.asha, Withdraw(self.application.id, f"{self.application.id}:back")
        )

    async def book(self, paise: int | None = None) -> None:
        """The bank books another amount of what was paid, or, without one, what is due."""
        for order in await self.orders():
            if self.posted.get(order.id, {}).keys() & {"encdata", "message"}:
                till = self.tills.treasury if order.route is FeeRoute.TREASURY else self.tills.csc
                booked = {"reference": order.reference, "paise": paise or order.total_paise}
                await till.act("book_other_amount", booked)

    async def book_another_amount(self) -> None:
        await self.book(ANOTHER)

    async def put_right(self) -> None:
        await self.book()

    async def give_back(self) -> None:
        """A finance officer settles the case of each other amount that lies there."""
        env = self.tills.env
        for order in await self.orders():
            async with env.store.read_transaction() as tx:
                case = await finance_cases.open_one(tx, DifferenceKind.AMOUNT_DIFFERS, f"{ABOUT}{order.id}")
            if case is not None and order.holds_other_amount:
                self.keys += 1
                key = f"{self.application.id}:f{self.keys}"
                await take_case(env, FINANCE, CaseRequest(case.id, key))
                settles = CaseRequest(case.id, key, note="Back.", outcome=CaseOutcome.REFUNDED)
                await resolve_case(env, FINANCE, settles)

    async def settle(self) -> None:
        """Everybody speaks again, and every round is run until nothing is due."""
        await self.speak()
        for _ in range(12):
            self.tills.world.clock.advance(timedelta(days=1))
            await self.tills.rounds()
            await self.take("give back")
            for order in await self.orders():
                if order.state is FeeState.REFUND_REQUESTED and order.route is FeeRoute.CSC_WALLET:
                    await send_refund(self.tills.env, order.id)

    async def taken(self, order: FeeOrder) -> bool:
        """Whether the one who takes the money holds, or held, money for an order."""
        if order.route is FeeRoute.TREASURY:
            return (await self.tills.treasury.act("challan", {"reference": order.reference})).get("status") == "S"
        return (await self.tills.csc.act("wallet_payment", {"reference": order.reference}))["status"] in {"100", "101"}


@pytest.fixture
async def tills(
    catalogue_and_people: Filled, store_keyrings: Keyrings, store_clock: ManualClock, tmp_path: Path
) -> AsyncIterator[Tills]:
    async with a_copy(catalogue_and_people, store_keyrings, store_clock, tmp_path) as env:
        partners: Any = env.partners
        fakes = {"locker": partners.digilocker, "dbt": partners.dbt, "apisetu": partners.apisetu}
        world = World(env=env, clock=store_clock, **fakes, **catalogue_and_people.people)
        with open_tills(world, tmp_path / "tills") as tills:
            yield tills


@settings(
    max_examples=rounds(12, ci=40, full=400),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(st.sampled_from(STEPS), min_size=1, max_size=14))
async def test_whatever_happens_one_payment_counts_and_no_money_is_lost(tills: Tills, steps: list[str]):
    application = await tills.world.submit(tills.world.asha, ORDER, idempotency_key=f"life-{next(_numbers)}")
    life = Life(tills, application)
    try:
        for step in steps:
            await life.take(step)
            await holds(life, settled=False)
        await life.settle()
        await holds(life, settled=True)
    finally:
        await life.take("withdraw")  # so that the next life may apply again


async def holds(life: Life, *, settled: bool) -> None:
    """What is true at every moment, and what at the end."""
    env, orders = life.tills.env, await life.orders()
    async with env.store.read_transaction() as tx:
        application = await applications.get(tx, life.application.id)
        entries = (await timeline.timelines(tx, [life.application.id]))[life.application.id]
    assert application is not None
    paid = [order for order in orders if order.state is FeeState.SUCCESS]
    assert len(paid) <= 1
    assert all(order.taken_paise is None for order in paid)
    assert sum(order.open for order in orders) <= 1
    assert [entry.move for entry in entries].count(Move.RECEIVE_FEE) <= 1
    if paid:
        assert application.fee_receipt == (paid[0].receipt.grn if paid[0].receipt else None)
        assert application.status is not Status.FEE_PENDING
    if settled:
        assert not any(order.open for order in orders)
        for order in orders:
            assert (order.state in PAID) is await life.taken(order), (order.state, order.route)
