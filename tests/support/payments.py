"""Payments by files: a small world with sanctions for PFMS, its sandbox over SFTP or REST, and the worker's steps."""

import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from actions.kernel import Environment, UnitOfWork
from actions.payments.partner import pfms
from actions.payments.payment_answers import fetch_answers
from actions.payments.payment_batches import SEND, batch_now, batch_round
from actions.payments.registrations import account_changed, enrol
from actions.payments.sending import send_batch
from actions.reconciliation.finance_cases import resolve_automatically
from domain.benefits.benefits import Instalment, PaymentStatus, Rail, Sanction
from domain.benefits.bills import bill_number, end_to_end_id
from domain.benefits.sanction_course import PaymentAccount
from domain.kernel import SYSTEM, ManualClock, NumberKind, make_number
from domain.payments.files import Transport
from domain.reconciliation.finance_cases import CaseOutcome
from integrations.dbt_finance.pfms import Pfms as PfmsConnection
from sandbox.dbt_finance.pfms.store import SealedFiles
from store.benefits import benefits, sanction_course
from store.benefits.benefits import instalments_table
from store.checks.payments import payments
from store.identity import people
from store.payments import payment_batches
from store.payments.payment_tables import batches_table, files_table, lines_table
from store.platform import outbox
from store.platform.outbox import OutboxState
from store.reconciliation import finance_cases
from store.reconciliation.finance_cases import CaseFilter, cases_table
from tests.support.actions import World
from tests.support.pfms import Pfms, open_pfms
from tests.support.worlds import AADHAAR

SCHEME = "uk-old-age-pension"
GOOD, CLOSED, KYC, LATE = "50100012345600", "50100012345601", "50100012345651", "50100012345677"
"""Accounts by what the sandbox does: credits, declines at validation, returns at once, returns after three days."""


@dataclass
class Paying:
    """A world whose pensions go by PFMS."""

    world: World
    pfms: Pfms

    @property
    def env(self) -> Environment:
        return self.world.env

    @property
    def clock(self) -> ManualClock:
        return self.world.clock

    async def sanctioned(
        self, many: int = 1, account: str = GOOD, *, amount: int = 150_000, first: int = 1
    ) -> list[str]:
        """As many sanctions of Asha with one instalment each; gives the instalments."""
        who = self.world.asha.person_id or ""
        async with self.env.store.write_transaction() as tx:
            numbers = range(first, first + many)
            return [await add_instalment(self.env, tx, who, number, account, amount) for number in numbers]

    async def with_aadhaar(self) -> str:
        """Give Asha an Aadhaar number in the vault; it is also given back."""
        reference = await self.env.vault.put(AADHAAR)
        who = self.world.asha.person_id or ""
        async with self.env.store.write_transaction() as tx:
            citizen = (await people.citizens(tx, [who]))[who]
            await people.update_citizen(
                tx, replace(citizen, aadhaar_last4=reference.last4, aadhaar_reference=reference.reference)
            )
        return AADHAAR

    def tell_pfms(self, statement: str, *values: object) -> None:
        """Change the books of PFMS behind its back."""
        with sqlite3.connect(self.pfms.home.folder / "books.db", timeout=10) as books:
            books.execute(statement, values)

    def archive(self, kind: str, folder: str = "archive") -> dict[str, bytes]:
        """The files that lie in a folder of PFMS, by name."""
        files = self.files()
        return {name: files.get(f"/{folder}/{kind}/{name}") or b"" for name in files.names(f"/{folder}/{kind}")}

    def files(self) -> SealedFiles:
        """The folders of PFMS, opened with its own key."""
        secrets = self.pfms.home.state.get("key", "secrets")
        assert secrets
        return SealedFiles(self.pfms.home.folder / "files", bytes.fromhex(secrets["files"]))

    async def findings(self) -> list[str]:
        """What `apuni verify` finds of payment files."""
        async with self.env.store.read_transaction() as tx:
            return [f"{each.code} {each.where}" async for each in payments(tx)]

    async def ledger(self) -> list[Any]:
        """The files that came, the oldest first."""
        async with self.env.store.read_transaction() as tx:
            statement = select(files_table).where(files_table.c.direction == "IN").order_by(files_table.c.id)
            return list((await tx.connection.execute(statement)).all())

    async def correct(self, instalment_id: str, account: str) -> bool:
        """The citizen names another account for the sanction of an instalment."""
        async with self.env.store.write_transaction() as tx:
            held = await benefits.instalment(tx, instalment_id)
            assert held is not None
            found = (await benefits.sanctions(tx, [held.sanction_id]))[held.sanction_id]
            await sanction_course.set_account(tx, an_account(found, account, self.clock))
            return await account_changed(UnitOfWork(self.env, tx, SYSTEM), found)

    async def send_due(self) -> int:
        """Send what the outbox holds, as the worker does."""
        async with self.env.store.read_transaction() as tx:
            table = outbox.outbox_table
            waiting = (table.c.topic == SEND, table.c.state == OutboxState.PENDING.value)
            found = (await tx.connection.execute(select(table.c.id, table.c.key).where(*waiting))).all()
        for message in sorted(found):
            await send_batch(self.env, message.key)
            async with self.env.store.write_transaction() as tx:
                await outbox.mark_delivered(tx, message.id, self.clock.now())
        return len(found)

    async def round(self, *, now: bool = False) -> None:
        """Make batches, send them, let PFMS take them, and take in what it says."""
        await (batch_now(self.env) if now else batch_round(self.env))
        await self.send_due()
        self.pfms.pick_up()
        await self.answers()

    async def answers(self) -> int:
        """Take in every answer that lies ready."""
        settled = 0
        while more := await fetch_answers(self.env):
            settled += more
        return settled

    async def validated(self, many: int = 1, account: str = GOOD, **given: Any) -> list[str]:
        """Sanctions whose beneficiaries the bank has confirmed."""
        made = await self.sanctioned(many, account, **given)
        await enrol(self.env)
        await self.round(now=True)
        self.pfms.pass_time(seconds=1)
        return made

    async def next_day(self) -> None:
        """The same time of the next day."""
        self.pfms.pass_time(days=1)

    async def statuses(self, ids: Sequence[str]) -> list[PaymentStatus]:
        async with self.env.store.read_transaction() as tx:
            rows = (
                await tx.connection.execute(
                    select(instalments_table.c.id, instalments_table.c.status).where(instalments_table.c.id.in_(ids))
                )
            ).all()
        found = {row.id: PaymentStatus(row.status) for row in rows}
        return [found[each] for each in ids]

    async def batches(self, kind: str = "PAYMENT") -> list[Any]:
        """The batches of a kind, the oldest first."""
        async with self.env.store.read_transaction() as tx:
            statement = select(batches_table).where(batches_table.c.kind == kind).order_by(batches_table.c.message_id)
            return list((await tx.connection.execute(statement)).all())

    async def lines(self) -> list[Any]:
        async with self.env.store.read_transaction() as tx:
            order = (lines_table.c.end_to_end_id, lines_table.c.state_at, lines_table.c.batch_id)
            return list((await tx.connection.execute(select(lines_table).order_by(*order))).all())

    async def cases(self) -> list[tuple[str, str]]:
        """Kind and subject of every case of money."""
        async with self.env.store.read_transaction() as tx:
            table = cases_table.c
            rows = (
                await tx.connection.execute(select(table.kind, table.about).order_by(table.kind, table.about))
            ).all()
        return [(row.kind, row.about) for row in rows]

    async def settle_cases(self) -> None:
        """Settle every open case of money, as finance officers do before what was set aside goes again."""
        async with self.env.store.write_transaction() as tx:
            for case in await finance_cases.cases(None, CaseFilter()).page(tx, limit=100):
                outcome, note = CaseOutcome.CORRECTED_AT_PARTNER, "mended"
                await resolve_automatically(UnitOfWork(self.env, tx, SYSTEM), case.kind, case.about, outcome, note)

    async def sealed(self, batch_id: str) -> bytes | None:
        async with self.env.store.read_transaction() as tx:
            return await payment_batches.sealed_file(tx, batch_id)


async def add_instalment(
    env: Environment, tx: Any, citizen_id: str, number: int, account: str, amount: int, *, rail: Rail = Rail.PFMS
) -> str:
    """A sanction with its account and one instalment that is due."""
    now = env.clock.now()
    sanction = Sanction(
        id=env.ids.key(),
        number=make_number(NumberKind.PAYMENT, 2026, f"{number:010d}"),
        application_id=None,
        citizen_id=citizen_id,
        scheme_code=SCHEME,
        department=None,
        district="49",
        amount_paise=amount,
        period="monthly",
        bank_account_last4=account[-4:],
        sanctioned_at=now,
    )
    await benefits.add_sanction(tx, sanction)
    if account:
        await sanction_course.set_account(tx, an_account(sanction, account, env.clock))
    instalment = Instalment(
        id=env.ids.key(),
        sanction_id=sanction.id,
        citizen_id=citizen_id,
        sequence=1,
        period_from=date(2026, 11, 1),
        period_to=date(2026, 11, 30),
        amount_paise=amount,
        bill_number=bill_number(sanction.number, 1),
        end_to_end_id=end_to_end_id(sanction.number, 1),
        status=PaymentStatus.SANCTIONED,
        status_at=now - timedelta(hours=1),
        rail=rail,
    )
    await benefits.add_instalments(tx, [instalment])
    return instalment.id


def an_account(sanction: Sanction, number: str, clock: Any) -> PaymentAccount:
    return PaymentAccount(sanction.id, sanction.citizen_id, number, "SBIN0000630", "", clock.now())


def pfms_changed(env: Environment, **parts: Any) -> Environment:
    """The same environment with other parts of the way to PFMS."""
    return replace(env, partners=replace(env.partners, pfms=replace(pfms(env), **parts)))


@asynccontextmanager
async def with_pfms(
    world: World, folder: Path, way: Transport = Transport.SFTP, *, former: bool = False
) -> AsyncIterator[Paying]:
    """A world with PFMS on a port of its own, whose books and files lie in the folder and are found there again.

    It does everything at once. With `former` the other way is connected too, as the one that was used before.
    """
    async with AsyncExitStack() as stack:
        pfms = open_pfms(folder, world.clock)
        stack.callback(pfms.sandbox.close)
        (service,) = pfms.sandbox.services
        await service.start()
        stack.push_async_callback(service.stop)
        pfms.at_once()
        exchange = await stack.enter_async_context(pfms.by(way))
        before = await stack.enter_async_context(pfms.by(way.other)) if former else None
        partners = replace(world.env.partners, pfms=PfmsConnection(exchange, way, pfms.identity, pfms.papers, before))
        yield Paying(replace(world, env=replace(world.env, partners=partners)), pfms)
