"""A world with a treasury and a wallet: both sandboxes over ASGI, on the world's clock."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from actions.fees.fee_enquiries import ask_due
from actions.fees.fees import StartFeePayment, payment_form, present_order, start_fee_payment
from actions.fees.returns import FeeReturns
from actions.kernel import Environment
from domain.applications.applications import Application
from domain.feedback.notices import NoticeKind, notice_text
from domain.fees.fees import FeeOrder, FeeRoute, FeeRules
from domain.kernel import Clock, Language, Source, Subject
from domain.reconciliation.finance_cases import DifferenceKind
from integrations.csc import BridgeSettings, CscBridge
from integrations.treasury import Treasury, TreasurySettings
from sandbox.city.clock import SandboxClock
from sandbox.city.kit import Sandbox, SandboxHome
from sandbox.csc.server import create_sandbox as create_csc
from sandbox.treasury.server import create_sandbox as create_treasury
from store.applications import applications
from store.feedback import notices
from store.platform import outbox
from store.reconciliation import finance_cases
from tests.support.actions import ORDER, World
from tests.support.remotes import remote_over


@dataclass
class Tills:
    """Where fees are paid. `treasury` and `csc` are the partners' side, `env` ours."""

    world: World
    treasury: Sandbox
    csc: Sandbox
    given: dict[str, Any]
    enrolled: dict[str, Any]

    def restart(self) -> None:
        """A process of ours begins anew: of its clients, breakers and memory nothing is left."""
        clock = self.world.clock
        ours = our_treasury(self.treasury, clock, self.given)
        wallet = our_wallet(self.csc, clock, self.enrolled)
        self.world.env = replace(self.env, partners=replace(self.env.partners, treasury=ours, wallet=wallet))

    async def take_repeats(self) -> None:
        """CSC takes a refund that is asked for twice as one, and has said so."""
        await self.csc.act("take_repeats", {"on": True})
        self.enrolled["bridge"]["refund_repeats"] = True
        self.restart()

    @property
    def env(self) -> Environment:
        return self.world.env

    async def started(
        self, application: Application, subject: Subject | None = None, *, key: str = "pay", **more: Any
    ) -> FeeOrder:
        """An order whose form was handed over."""
        subject = subject or self.world.asha
        order, _ = await start_fee_payment(self.env, subject, StartFeePayment(application.id, key, **more))
        await payment_form(self.env, order, by=subject)
        return await present_order(self.env, order.id)

    async def pays(self, order: FeeOrder, mode: str = "NB", outcome: str = "pay") -> dict[str, Any]:
        """The citizen pays at the treasury, or the operator from the wallet; gives what the browser would post."""
        form = await payment_form(self.env, order)
        assert form is not None
        if order.route is FeeRoute.CSC_WALLET:
            return await self.csc.act("pay_from_wallet", {"message": form.fields["message"]})
        asked = {"encdata": form.fields["encdata"], "mode": mode, "outcome": outcome}
        return await self.treasury.act("pay", asked)

    async def comes_back(self, order: FeeOrder, posted: dict[str, Any]) -> str | None:
        """The browser posts what it was given."""
        words = posted.get("encdata") or posted["message"]
        return await FeeReturns(self.env, order.route).take(order.reference, str(words).encode())

    async def rounds(self) -> int:
        """The worker's round of enquiries."""
        return await ask_due(self.env)

    async def order(self, order: FeeOrder) -> FeeOrder:
        """The order as it now is."""
        return await present_order(self.env, order.id)

    async def application(self, order: FeeOrder) -> Application:
        """The application as it now is."""
        async with self.env.store.read_transaction() as tx:
            found = await applications.get(tx, order.application_id)
        assert found is not None
        return found

    async def cases(self) -> list[DifferenceKind]:
        """The kinds of the open cases of money."""
        async with self.env.store.read_transaction() as tx:
            rows = await tx.connection.execute(finance_cases.cases_table.select())
            return sorted(DifferenceKind(row.kind) for row in rows.all())

    async def messages(self, topic: str) -> int:
        """How many messages of a topic were ever written."""
        async with self.env.store.read_transaction() as tx:
            rows = (await tx.connection.execute(outbox.outbox_table.select())).all()
        return sum(row.topic == topic for row in rows)

    async def told_of_refunds(self) -> list[tuple[NoticeKind, str, str]]:
        """What she was told of her fee that goes back, in both languages, the oldest first."""
        kinds = {NoticeKind.FEE_REFUND_REQUESTED, NoticeKind.FEE_REFUND_SENT, NoticeKind.FEE_REFUNDED}
        async with self.env.store.read_transaction() as tx:
            rows = await notices.of_citizen(self.world.asha.person_id or "").page(tx, limit=50)
        return [
            (one.kind, notice_text(one, Language.EN), notice_text(one, Language.HI))
            for one in reversed(rows)
            if one.kind in kinds
        ]

    async def submitted(self, service: str = ORDER, **changes: Any) -> Application:
        """An application of Asha's whose fee is to be paid."""
        return await self.world.submit(self.world.asha, service, **changes)


def sandbox(
    create: Callable[[SandboxHome], Sandbox], clock: Clock, folder: Path, name: str
) -> tuple[Sandbox, dict[str, Any]]:
    """A sandbox on a clock, and what its onboarding hands over."""
    home = SandboxHome(
        system=name,
        folder=folder / name,
        onboarding=folder / f"{name}.json",
        clock=SandboxClock(base=clock),
        demo={},
        gateway_url="http://gateway.test",
        public_url=f"http://{name}.test",
    )
    return create(home), json.loads(home.onboarding.read_text())


def treasury_on(clock: Clock, folder: Path) -> tuple[Sandbox, Treasury]:
    """A treasury on a clock, and our client of it."""
    treasury, given = sandbox(create_treasury, clock, folder, "treasury")
    return treasury, our_treasury(treasury, clock, given)


def our_treasury(treasury: Sandbox, clock: Clock, given: dict[str, Any]) -> Treasury:
    settings = TreasurySettings.from_onboarding("http://treasury.test", given)
    return Treasury(remote_over(treasury.app, Source.TREASURY, clock=clock), settings)


def our_wallet(csc: Sandbox, clock: Clock, given: dict[str, Any]) -> CscBridge:
    settings = BridgeSettings.from_onboarding(given)
    assert settings is not None
    return CscBridge(remote_over(csc.app, Source.CSC, clock=clock), settings)


@contextmanager
def open_tills(world: World, folder: Path, rules: FeeRules | None = None) -> Iterator[Tills]:
    """Connect the world to a treasury and a wallet."""
    treasury, given = sandbox(create_treasury, world.clock, folder, "treasury")
    csc, enrolled = sandbox(create_csc, world.clock, folder, "csc")
    world.env = replace(world.env, rules=replace(world.env.rules, fees=rules or FeeRules()))
    tills = Tills(world, treasury, csc, given, enrolled)
    tills.restart()
    try:
        yield tills
    finally:
        treasury.close()
        csc.close()
