"""The night of a month's end with every book of public money: two rails, fees, DBT Bharat; and what it leaves."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from actions.benefits import payment_enquiries
from actions.benefits.bharat_reports import REPORT, send_report
from actions.benefits.sanction import send_instruction, settle
from actions.kernel import UnitOfWork
from actions.payments import reconciliation, statement_files
from domain.benefits.benefits import PaymentStatus, Rail
from domain.kernel import SYSTEM, Source
from gateway.worker.deliveries import Deliveries
from gateway.worker.finance_clock import FinanceClock
from gateway.worker.jobs import reconcile_fees
from integrations.dbt_finance import BharatSettings, DbtBharat, DbtFinance, DbtFinanceSettings
from sandbox.city.kit import Sandbox
from sandbox.dbt_finance.server import create_sandbox
from store.benefits import benefits
from store.database import Keyrings
from store.database.metadata import metadata
from store.reconciliation.finance_totals import statements_table, totals_table
from tests.support.fees import Tills, open_tills, sandbox
from tests.support.payments import GOOD, Paying, add_instalment, with_pfms
from tests.support.prepared import Prepared
from tests.support.remotes import remote_over
from tests.support.worlds import let_go

PAID_AT = datetime(2026, 11, 30, 6, 30, tzinfo=UTC)
"""Monday noon, on which everything is paid: the last day of a month."""
NIGHT_OVER = datetime(2026, 12, 1, 1, 30, tzinfo=UTC)
"""Seven in the morning after it: statement and scroll lie ready."""
LATER = timedelta(minutes=3)
"""When a worker comes that goes on."""

BY_FILE, BY_BILL = 5, 4
TOILET = "ES21"
"""A service with a fee and without papers."""
_FORGED = b"<?xml version='1.0'?><Forged/>"


@dataclass
class Night:
    """All who take part. `office` is the treasury's office of bills, where DBT Bharat sits too."""

    paying: Paying
    tills: Tills
    office: Sandbox

    async def passes(self) -> None:
        """What a worker does of it, in its own order, beginning as a process that holds nothing yet."""
        env = self.paying.env
        await let_go(self.paying.world)
        await FinanceClock(env, asyncio.Event()).tick()
        await reconcile_fees(env)
        await Deliveries(env, {REPORT: send_report}, asyncio.Event()).deliver_due()

    async def sown(self) -> None:
        """Pay by every way, plant a difference of each sort in the partners' books, and let the night pass."""
        await self._pay_by_file()
        await self._pay_by_bill()
        await self._pay_fees()
        self.paying.clock.advance(NIGHT_OVER - self.paying.clock.now())
        self.paying.pfms.pick_up()
        (statement,) = self.paying.files().names("/in/daily-statement")
        self.paying.files().put(f"/in/daily-statement/{_of_the_day_before(statement)}", _FORGED)

    async def left(self) -> Mapping[str, Any]:
        """What counts of everything that was done; that it was found or tried again does not."""
        found: dict[str, Any] = {name: await self._rows(name, *columns) for name, columns in _COUNTS.items()}
        found["files"] = {
            folder: self.paying.files().names(f"/{folder}/daily-statement") for folder in ("in", "archive", "failed")
        }
        found["reports"] = self.office.state.values_of("report")
        found["bills"] = sorted(self.office.state.values_of("bill"))
        return found

    async def _pay_by_file(self) -> None:
        paying = self.paying
        made = await paying.validated(BY_FILE)
        await paying.round(now=True)
        for _ in range(3):
            paying.pfms.pass_time(seconds=1)
            paying.pfms.pick_up()
            await paying.answers()
        assert await paying.statuses(made) == [PaymentStatus.CREDITED] * BY_FILE
        first, second, third, _, _ = [await self._end_to_end(one) for one in made]
        paying.tell_pfms("UPDATE payment SET paise = 100 WHERE end_to_end_id = ?", first)
        paying.tell_pfms("UPDATE payment SET utr = (SELECT utr FROM payment WHERE end_to_end_id = ?)", second)
        paying.tell_pfms("UPDATE payment SET end_to_end_id = 'UKE-STRANGER' WHERE end_to_end_id = ?", third)

    async def _pay_by_bill(self) -> None:
        """One that is credited, one that came back, one that is under way, and one of which it tells nothing."""
        env, who = self.paying.env, self.paying.world.asha.person_id or ""
        async with env.store.write_transaction() as tx:
            numbers = range(100, 100 + BY_BILL)
            made = [await add_instalment(env, tx, who, number, GOOD, 150_000, rail=Rail.IFMS) for number in numbers]
        for one in made[:-1]:
            await send_instruction(env, one)
        async with env.store.write_transaction() as tx:
            bills = [found for one in made if (found := await benefits.instalment(tx, one))]
            await settle(UnitOfWork(env, tx, SYSTEM), bills[-1], PaymentStatus.INSTRUCTED)
        await self.office.act("advance", {"bill_number": bills[0].bill_number, "state": "CREDITED"})
        await self.office.act("mark_returned", {"bill_number": bills[1].bill_number, "code": "01"})

    async def _pay_fees(self) -> None:
        """One that was heard of, one that the scroll alone tells of, and one of somebody else."""
        tills, world = self.tills, self.paying.world
        heard = await tills.started(await world.submit(world.sunil, TOILET, idempotency_key="heard"), world.sunil)
        await tills.comes_back(heard, await tills.pays(heard))
        unheard = await tills.started(await world.submit(world.asha, TOILET, idempotency_key="unheard"), key="unheard")
        await tills.pays(unheard)
        await tills.treasury.act("add_unknown_to_scroll", {"paise": 700})

    async def _end_to_end(self, instalment_id: str) -> str:
        async with self.paying.env.store.read_transaction() as tx:
            one = await benefits.instalment(tx, instalment_id)
        assert one is not None
        return one.end_to_end_id

    async def _rows(self, table: str, *columns: str) -> list[tuple[Any, ...]]:
        found = metadata.tables[table]
        async with self.paying.env.store.read_transaction() as tx:
            rows = (await tx.connection.execute(select(*(found.c[name] for name in columns)))).all()
        return sorted((tuple(row) for row in rows), key=repr)


_TOTALS = tuple(each.name for each in totals_table.c if each.name != "as_of")
_STATEMENTS = tuple(each.name for each in statements_table.c if each.name != "made_at")
_COUNTS = {
    "reconciliation_runs": (
        "rail", "day", "state", "rows_read", "rows_compared", "differences", "ours_paise", "theirs_paise", "problem",
    ),
    "statement_rows": ("file", "line", "end_to_end_id", "amount_paise", "status", "utr_hash"),
    "payment_utrs": ("utr_hash", "end_to_end_id"),
    "payment_files": ("direction", "kind", "name", "state", "reason"),
    "finance_cases": ("kind", "about", "open_key", "state", "expected", "found", "amount_paise", "version"),
    "finance_case_events": ("step", "by"),
    "finance_totals": _TOTALS,
    "finance_statements": _STATEMENTS,
    "dbt_bharat_reports": ("scheme_code", "month", "revision", "state"),
    "audit_lines": ("action",),
    "outbox": ("topic", "key", "state"),
    "instalments": ("sanction_id", "sequence", "amount_paise", "status", "hold"),
    "payment_events": ("instalment_id", "status"),
    "notices": ("citizen_id", "kind"),
    "fee_orders": ("application_id", "state", "scrolled_on", "problem"),
    "fee_scrolls": ("scrolled_on", "name", "sha256", "lines", "total_paise"),
    "fee_scroll_lines": ("scrolled_on", "line", "reference", "amount_paise"),
}  # fmt: skip
"""Of each table what is the same whenever it was done."""


def in_small_steps() -> None:
    """Let two rows be a step, in this process, which dies: so that its work has a middle to die in."""
    statement_files.ROWS_AT_ONCE = reconciliation.RANGE = reconciliation.CASES_AT_ONCE = 2
    payment_enquiries.APPLIED_AT_ONCE = 2


def _of_the_day_before(statement: str) -> str:
    return re.sub("30112026", "29112026", statement)


@asynccontextmanager
async def opened(made: Prepared, url: str, folder: Path, keyrings: Keyrings, at: datetime) -> AsyncIterator[Night]:
    """The world with every partner of public money; their books lie in the folder and are found there again."""
    async with made.opened(url, folder, keyrings) as world:
        world.clock.advance(at - world.clock.now())
        office, given = sandbox(create_sandbox, world.clock, folder / "office", "dbt_finance")
        settings = DbtFinanceSettings.from_onboarding(given)
        remote = remote_over(office.app, Source.DBT_FINANCE, clock=world.clock)
        dbt, bharat = (
            DbtFinance(remote, settings, world.clock),
            DbtBharat(remote, BharatSettings.from_onboarding(given), world.clock),
        )
        world.env = replace(world.env, partners=replace(world.env.partners, dbt=dbt, bharat=bharat))
        with open_tills(world, folder / "tills") as tills:
            async with with_pfms(world, folder) as paying:
                tills.world = paying.world
                yield Night(paying, tills, office)
        office.close()
