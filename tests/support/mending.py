"""Money that is put right, step by step: paid anew to a corrected account, given back, waited for; and what is left.

Each story has an eve, which is lived once, and a day, which whoever comes after a death lives again from its beginning.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import select

from actions.applications.respond import Withdraw, withdraw_application
from actions.benefits.budget import settle_budgets
from actions.benefits.payment_enquiries import ask_due
from actions.benefits.payment_orders import ReissuePayment, reissue_payment
from actions.fees.fee_cases import order_id_of
from actions.fees.fee_enquiries import ask_due as ask_about_fees
from actions.fees.fee_refunds import RecordFeeRefund, record_fee_refund
from actions.payments.account_corrections import CorrectAccount, correct_account
from actions.payments.registrations import enrol
from actions.reconciliation.finance_desk import CaseRequest, resolve_case, take_case
from domain.applications.lifecycle import Move
from domain.benefits.benefits import Instalment
from domain.fees.fees import FeeProblem, FeeRules, FeeState
from domain.kernel import Source
from domain.reconciliation.finance_cases import CaseOutcome, CaseState, DifferenceKind, FinanceCase
from gateway.worker.deliveries import Deliveries
from gateway.worker.topics import handlers
from integrations.dbt_finance import DbtFinance, DbtFinanceSettings
from sandbox.city.kit import Sandbox
from sandbox.dbt_finance.server import create_sandbox
from store.applications import applications
from store.benefits import benefits
from store.benefits.benefits import instalments_table
from store.database import Keyrings
from store.database.metadata import metadata
from store.fees import fee_orders
from store.reconciliation import finance_cases
from store.reconciliation.finance_cases import CaseFilter
from tests.support.actions import FakeRenderer, World
from tests.support.fees import Tills, open_tills, sandbox
from tests.support.payments import CLOSED, GOOD, KYC, Paying, with_pfms
from tests.support.pensions import FIRST
from tests.support.prepared import Prepared
from tests.support.remotes import remote_over
from tests.support.worlds import let_go

DAY = timedelta(days=2)
"""When the day begins, after the eve."""
DAYS_LATER = timedelta(days=4)
SOON = DAY + timedelta(minutes=3)
"""When whoever comes after a death begins it again. With files on the same day: on the next one a batch that never went
is made anew, as it must be.
"""

BRANCH = "SBIN0000630"
PLENTY = 10**12


@dataclass
class Mending:
    """The world, and of the partners those that the story needs."""

    world: World
    cases: Mapping[str, str]
    office: Sandbox | None = None
    tills: Tills | None = None
    paying: Paying | None = None
    refunds_by_hand: int = 0
    """How many refunds an officer noted that she looked for at CSC's merchant centre."""

    async def deliver(self) -> None:
        """What the worker does with the outbox, beginning as a process that holds nothing yet."""
        await let_go(self.world)
        renderer: Any = FakeRenderer()  # no officer signs here
        await Deliveries(self.world.env, handlers(renderer), asyncio.Event()).deliver_due()

    async def hear(self) -> None:
        """A day goes by, and the treasury is asked about every payment."""
        self.world.clock.advance(timedelta(days=1, hours=1))
        while (await ask_due(self.world.env)).asked:
            pass

    async def pension(self) -> Instalment:
        """The first payment of Sunil's pension."""
        async with self.world.env.store.read_transaction() as tx:
            case = self.cases["pension"]
            sanction = (await benefits.sanction_of_applications(tx, [case]))[case]
            return (await benefits.instalments(tx, [sanction.id]))[sanction.id][0]

    async def rounds(self) -> None:
        """What the worker does in a few batch times."""
        assert self.paying is not None
        await enrol(self.world.env)
        for _ in range(3):
            await self.paying.round(now=True)
            self.paying.pfms.pass_time(seconds=1)

    async def left(self) -> Mapping[str, Any]:
        """What counts of everything that was done; that it was tried again does not."""
        async with self.world.env.store.read_transaction() as tx:
            found: dict[str, Any] = {}
            for name, columns in _COUNTS.items():
                table = metadata.tables[name]
                rows = (await tx.connection.execute(select(*(table.c[each] for each in columns)))).all()
                found[name] = Counter(tuple(row) for row in rows if self.paying is None or not _PASSED & set(row))
        if self.office is not None:
            found["orders"] = _orders(self.office)
        if self.tills is not None:
            found["wallets"] = self.tills.csc.state.values_of("balance")
            found["refunds_by_hand"] = self.refunds_by_hand
        if self.paying is not None:
            found["pfms"] = sorted(Counter(each["end_to_end_id"] for each in self.paying.pfms.orders()).items())
        return found


_COUNTS = {
    "instalments": ("sanction_id", "sequence", "amount_paise", "status", "hold"),
    "payment_events": ("status", "rail"),
    "sanctions": ("id", "state"),
    "payment_beneficiaries": ("state", "version"),
    "registration_lines": ("purpose", "state"),
    "payment_lines": ("state",),
    "fee_orders": ("application_id", "state", "refund_cause", "problem"),
    "applications": ("id", "status"),
    "finance_cases": ("kind", "state", "amount_paise"),
    "audit_lines": ("action",),
    "outbox": ("topic", "state"),
    "notices": ("citizen_id", "kind"),
}
"""Of each table what is the same whenever it was done."""

_PASSED = frozenset({"AT_BANK", "instalment.at_bank"})
"""What nobody hears of where the file that tells of the credit is read first, as after a death both may lie there."""


def _orders(office: Sandbox) -> int:
    return sum(each["effect"] == "instruction accepted" for each in office.ledger.entries())


@asynccontextmanager
async def with_office(made: Prepared, url: str, folder: Path, keyrings: Keyrings) -> AsyncIterator[Mending]:
    """The state treasury's office of bills, whose books lie in the folder."""
    async with made.opened(url, folder, keyrings) as world:
        office, given = sandbox(create_sandbox, world.clock, folder / "office", "dbt_finance")
        remote = remote_over(office.app, Source.DBT_FINANCE, clock=world.clock)
        dbt = DbtFinance(remote, DbtFinanceSettings.from_onboarding(given), world.clock)
        world.env = replace(world.env, partners=replace(world.env.partners, dbt=dbt))
        yield Mending(world, made.cases, office=office)
        office.close()


@asynccontextmanager
async def with_tills(
    made: Prepared, url: str, folder: Path, keyrings: Keyrings, *, repeats: bool = False
) -> AsyncIterator[Mending]:
    """Treasury and wallet, with a rule by which the fee of whoever withdraws goes back.

    With `repeats` CSC takes a refund that is asked for twice as one, and has said so.
    """
    rules = FeeRules(refund_after=frozenset({Move.WITHDRAW}), refund_source="a test")
    async with made.opened(url, folder, keyrings) as world:
        with open_tills(world, folder / "tills", rules) as tills:
            if repeats:
                await tills.take_repeats()
            yield Mending(world, made.cases, tills=tills)


@asynccontextmanager
async def with_files(made: Prepared, url: str, folder: Path, keyrings: Keyrings) -> AsyncIterator[Mending]:
    """PFMS, whose books and files lie in the folder."""
    async with made.opened(url, folder, keyrings) as world, with_pfms(world, folder) as paying:
        yield Mending(paying.world, made.cases, paying=paying)


async def came_back(story: Mending) -> None:
    """The bank sent the first payment of a pension back to the treasury."""
    assert story.office is not None
    await story.deliver()
    await story.office.act("mark_returned", {"bill_number": (await story.pension()).bill_number, "code": "01"})
    await story.hear()


async def is_paid_anew(story: Mending) -> None:
    """The citizen corrects the account, a finance officer orders anew, and it goes as a correction of the order."""
    env, first = story.world.env, await story.pension()
    await correct_account(env, story.world.sunil, CorrectAccount(first.sanction_id, "50100077777700", BRANCH, "new"))
    await reissue_payment(env, FIRST, ReissuePayment(first.sanction_id, first.sequence, "again"))
    await story.deliver()
    await story.hear()


async def too_little(story: Mending) -> None:
    """The head of account has nothing left for the first payment of a pension."""
    assert story.office is not None
    await story.office.act("set_fund", {"paise": 0})
    await story.deliver()
    await story.office.act("set_fund", {"paise": PLENTY})


async def is_funded(story: Mending) -> None:
    """There is money: it is set aside, and the order goes."""
    await settle_budgets(story.world.env)
    await story.deliver()
    await story.hear()


async def was_paid(story: Mending) -> None:
    """An operator paid a fee from the wallet."""
    assert story.tills is not None
    async with story.world.env.store.read_transaction() as tx:
        case = await applications.get(tx, story.cases["unpaid"])
    assert case is not None
    order = await story.tills.started(case, story.world.operator)
    await story.tills.comes_back(order, await story.tills.pays(order))
    assert (await story.tills.order(order)).state is FeeState.SUCCESS
    await story.deliver()


async def is_given_back(story: Mending) -> None:
    """She withdraws, the wallet is asked to give the fee back, and then whether it has."""
    withdraws = Withdraw(story.cases["unpaid"], "withdraw")
    await withdraw_application(story.world.env, story.world.asha, withdraws)
    await _refund_ends(story)


async def came_with_another_amount(story: Mending) -> None:
    """An operator paid a fee from the wallet, and CSC booked a rupee less; a finance officer takes the case."""
    assert story.tills is not None
    async with story.world.env.store.read_transaction() as tx:
        case = await applications.get(tx, story.cases["unpaid"])
    assert case is not None
    order = await story.tills.started(case, story.world.operator)
    posted = await story.tills.pays(order)
    booked = {"reference": order.reference, "paise": order.total_paise - 100}
    await story.tills.csc.act("book_other_amount", booked)
    await story.tills.comes_back(order, posted)
    assert (await story.tills.order(order)).holds_other_amount
    (doubted,) = await _cases(story, DifferenceKind.AMOUNT_DIFFERS)
    await take_case(story.world.env, FIRST, CaseRequest(doubted.id, "take"))
    await story.deliver()


async def goes_back_as_a_whole(story: Mending) -> None:
    """She settles it on a later day, CSC is asked to give all of it back, and then whether it has."""
    (doubted,) = await _cases(story, DifferenceKind.AMOUNT_DIFFERS)
    settles = CaseRequest(doubted.id, "settle", note="All of it goes back.", outcome=CaseOutcome.REFUNDED)
    await resolve_case(story.world.env, FIRST, settles)
    await _refund_ends(story)


async def _refund_ends(story: Mending) -> None:
    """CSC is asked for a refund and then how it stands; what nobody knows a finance officer settles by its case.

    She looks at the merchant centre, has the money sent back there where it was not, and notes it.
    """
    env = story.world.env
    assert story.tills is not None
    await story.deliver()
    for _ in range(2):
        story.world.clock.advance(timedelta(hours=7))
        await ask_about_fees(env)
    for case in await _cases(story, DifferenceKind.REFUND_DUE):
        assert case.state is CaseState.OPEN
        async with env.store.read_transaction() as tx:
            order = await fee_orders.get(tx, order_id_of(case.about) or "")
        if order is not None and order.problem == FeeProblem.REFUND_UNCLEAR:
            shown = await story.tills.csc.act("refund_at_centre", {"reference": order.reference})
            await record_fee_refund(env, FIRST, RecordFeeRefund(order.number, shown["number"], "noted"))
            story.refunds_by_hand += 1


async def _cases(story: Mending, kind: DifferenceKind) -> list[FinanceCase]:
    async with story.world.env.store.read_transaction() as tx:
        return await finance_cases.cases(None, CaseFilter(kinds=[kind])).page(tx, limit=2)


async def were_refused(story: Mending) -> None:
    """Of two pensions the one has an account that the bank declines, the other's money comes back."""
    assert story.paying is not None
    await story.paying.sanctioned(1, CLOSED)
    await story.paying.sanctioned(1, KYC, first=2)
    await story.rounds()


async def are_corrected(story: Mending) -> None:
    """Both name another account: the one is registered anew and paid, the other paid anew by an officer's order."""
    env = story.world.env
    async with env.store.read_transaction() as tx:
        table = instalments_table.c
        chosen = select(table.sanction_id, table.status).where(table.rail == "PFMS", table.sequence == 1)
        sanctions = sorted((await tx.connection.execute(chosen)).all())
    for sanction, status in sanctions:
        asked = CorrectAccount(sanction, GOOD, BRANCH, f"new {sanction}")
        await correct_account(env, story.world.asha, asked)
        if status in {"RETURNED", "REISSUED"}:
            await reissue_payment(env, FIRST, ReissuePayment(sanction, 1, f"again {sanction}"))
    await settle_budgets(env)
    await story.rounds()
    await story.rounds()


@dataclass(frozen=True)
class Story:
    """Who takes part, what is lived once, and what is lived again after a death."""

    opened: Callable[[Prepared, str, Path, Keyrings], AbstractAsyncContextManager[Mending]]
    eve: Callable[[Mending], Awaitable[None]]
    day: Callable[[Mending], Awaitable[None]]
    again: timedelta = DAYS_LATER


STORIES = {
    "corrected": Story(with_office, came_back, is_paid_anew),
    "funded": Story(with_office, too_little, is_funded),
    "refunded": Story(with_tills, was_paid, is_given_back),
    "another_amount": Story(with_tills, came_with_another_amount, goes_back_as_a_whole),
    "repeated": Story(partial(with_tills, repeats=True), came_with_another_amount, goes_back_as_a_whole),
    "refiled": Story(with_files, were_refused, are_corrected, SOON),
}
