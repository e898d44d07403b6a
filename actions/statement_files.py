"""The daily statements of PFMS: fetched, checked, their rows kept for the comparison, then put into the archive.

A statement that cannot be trusted is refused whole with a reason and opens a case; nothing of it is kept.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from types import MappingProxyType

import structlog

from actions.acting import Acting
from actions.environment import Environment
from actions.finance_cases import open_case
from actions.payment_enquiries import hash_of
from domain.benefits import Rail
from domain.clock import IST
from domain.finance_cases import DifferenceKind, FinanceDifference
from domain.payment_files import Direction, FileState, LedgerFile
from domain.people import SYSTEM
from domain.reconciliation import ReconciliationRun, RunState, Side
from integrations.dbt_finance.pfms_answers import read_statement
from integrations.dbt_finance.pfms_exchange import FileExchange
from integrations.dbt_finance.pfms_models import DailyStatement, FileKind, FileRefused, LineStatus, StatementRow
from integrations.errors import IntegrationError
from integrations.gate import SwitchedOff
from store import payment_files, reconciliation
from store.engine import Transaction
from store.payment_files import Known
from store.reconciliation import StatementLine

STATEMENT_BY = time(12, 0)
"""By then, the day after, a statement must be there. Without one the day is compared with nothing."""
ROWS_AT_ONCE = 500
_PARTS = "parts:"

_SIDES: Mapping[LineStatus, Side] = MappingProxyType(
    {
        LineStatus.ACCEPTED: Side.IN_FLIGHT,
        LineStatus.PENDING: Side.IN_FLIGHT,
        LineStatus.DEBITED: Side.IN_FLIGHT,
        LineStatus.CREDITED: Side.CREDITED,
        LineStatus.RETURNED: Side.CAME_BACK,
        LineStatus.REJECTED: Side.NOT_SENT,
    }
)
_log = structlog.get_logger(__name__)


async def read_statements(env: Environment, run: ReconciliationRun) -> bool:
    """Read every statement that lies at PFMS; whether the day of this run can be compared now.

    It can once a statement of it was read, or when none has come until noon of the next day. A statement of
    another day begins the run of that day.
    """
    exchange, papers = env.partners.pfms, env.partners.pfms_papers
    if exchange is None or papers is None:
        return False
    try:
        for file in await exchange.incoming():
            if file.kind is FileKind.STATEMENTS:
                await _take(env, exchange, file.name, await exchange.fetch(file.kind, file.name))
    except (IntegrationError, SwitchedOff):
        await env.store.carry_out(lambda tx: reconciliation.troubled(tx, run.id, "PARTNER_AWAY"))
        return False
    owed_until = datetime.combine(run.day + timedelta(days=1), STATEMENT_BY, IST)
    if await _has_all(env, run) or env.clock.now() >= owed_until:
        return True
    await env.store.carry_out(lambda tx: reconciliation.troubled(tx, run.id, "STATEMENT_MISSING"))
    return False


async def _has_all(env: Environment, run: ReconciliationRun) -> bool:
    """Whether every part of the day's statement was read."""
    async with env.store.reading() as tx:
        known = await reconciliation.run_of(tx, run.rail, run.day)
        files = await reconciliation.files_kept(tx, run.id)
    parts = known.place.removeprefix(_PARTS) if known is not None and known.place else ""
    return parts.isdigit() and files >= int(parts)


async def _take(env: Environment, exchange: FileExchange, name: str, content: bytes) -> None:
    """One statement: entered in the ledger, its rows kept, then archived. May be cut off anywhere and done again."""
    entry = LedgerFile(
        env.ids.key(),
        Direction.IN,
        FileKind.STATEMENTS.value,
        name,
        payment_files.digest_of(content),
        len(content),
        FileState.RECEIVED,
        env.clock.now(),
    )
    noted = await env.store.carry_out(lambda tx: payment_files.note_file(tx, entry))
    if noted.known is Known.OTHER_CONTENT:
        difference = FinanceDifference(DifferenceKind.FILE_NAME_REUSED, f"file:{name}", found=entry.digest[:16])
        await _refuse(env, exchange, noted.file, difference, FileState.REUSED)
        return
    if noted.file.state is not FileState.APPLIED:
        papers = env.partners.pfms_papers
        if papers is None:
            return
        try:
            statement = await asyncio.to_thread(read_statement, name, content, papers.trust(env.clock.now()))
        except FileRefused as refused:
            reason = refused.reason.value
            difference = FinanceDifference(DifferenceKind.FILE_REFUSED, f"file:{name}", found=reason)
            await _refuse(env, exchange, noted.file, difference, FileState.REFUSED)
            return
        await _keep(env, noted.file, statement)
    await exchange.archive(FileKind.STATEMENTS, name)


async def _keep(env: Environment, file: LedgerFile, statement: DailyStatement) -> None:
    run_id = env.ids.key()
    run = await env.store.carry_out(lambda tx: reconciliation.begin(tx, run_id, Rail.PFMS, statement.day))
    if run.state is RunState.READING:
        for start in range(0, len(statement.rows), ROWS_AT_ONCE):
            lines = _lines(file.name, start, statement.rows[start : start + ROWS_AT_ONCE])
            await env.store.carry_out(lambda tx, kept=lines: reconciliation.keep_rows(tx, run.id, kept))  # type: ignore[misc]

    async def done(tx: Transaction) -> None:
        if run.state is RunState.READING:
            counts = {"rows_read": len(statement.rows)}
            place = f"{_PARTS}{statement.parts}"
            await reconciliation.moved(tx, run, state=run.state, place=place, counts=counts)
        else:
            # The day was compared without it: that it came too late is for an officer to see.
            late = FinanceDifference(DifferenceKind.FILE_REFUSED, f"file:{file.name}", found="DAY_WAS_COMPARED")
            await open_case(Acting(env, tx, SYSTEM), late)
        await payment_files.settle(tx, file.id, FileState.APPLIED)

    await env.store.carry_out(done)
    _log.info("statement_read", day=statement.day.isoformat(), rows=len(statement.rows))


async def _refuse(
    env: Environment, exchange: FileExchange, file: LedgerFile, difference: FinanceDifference, state: FileState
) -> None:
    async def work(tx: Transaction) -> None:
        await open_case(Acting(env, tx, SYSTEM), difference)
        await payment_files.settle(tx, file.id, state, reason=difference.found)

    await env.store.carry_out(work)
    await exchange.refuse(FileKind.STATEMENTS, file.name, difference.found or difference.kind.value)


def _lines(name: str, first: int, rows: Sequence[StatementRow]) -> list[StatementLine]:
    return [
        StatementLine(
            name,
            number,
            row.end_to_end_id,
            row.batch_id,
            row.amount_paise,
            _SIDES[row.status].value,
            hash_of(row.utr) if row.utr else None,
            row.codes[0] if row.codes else None,
            row.value_date,
        )
        for number, row in enumerate(rows, start=first + 1)
    ]
