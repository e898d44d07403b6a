"""PFMS's daily statements: fetched, checked, their rows stored for the comparison, then archived.

A statement that cannot be trusted is refused whole with a reason and opens a case; nothing of it is kept.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta

import structlog

from actions.benefits.payment_enquiries import hash_of
from actions.kernel import Environment, UnitOfWork
from actions.payments.incoming_files import archive_file, enter, fetch_file
from actions.reconciliation.expected_files import expect_one, report_missing_files
from actions.reconciliation.finance_cases import open_case
from domain.benefits.benefits import Rail
from domain.kernel import IST, SYSTEM
from domain.payments.expected_files import FileSource
from domain.payments.files import FileState, LedgerFile
from domain.reconciliation.finance_cases import DifferenceKind, FinanceDifference
from domain.reconciliation.reconciliation import ReconciliationRun, RunState, Side, statement_bounds
from integrations.calling.errors import RemoteError
from integrations.dbt_finance.pfms.answers import read_statement
from integrations.dbt_finance.pfms.exchange import FileExchange, IncomingFile
from integrations.dbt_finance.pfms.models import DailyStatement, FileKind, FileRefused, LineStatus, StatementRow
from store.database import Transaction, crash_points
from store.payments import expected_files, payment_files, statement_reads
from store.reconciliation import reconciliation
from store.reconciliation.reconciliation import StatementLine

STATEMENT_BY = time(12, 0)
"""By then, the day after, a statement must be there. Without one the day is compared with nothing."""
ROWS_AT_ONCE = 500
SAID_BEFORE = "SAID_BEFORE"
"""Why nothing of a file was counted that is another one under a new name."""
_PARTS = "parts:"

_SIDES: Mapping[LineStatus, Side] = {
    LineStatus.ACCEPTED: Side.IN_FLIGHT,
    LineStatus.PENDING: Side.IN_FLIGHT,
    LineStatus.DEBITED: Side.IN_FLIGHT,
    LineStatus.CREDITED: Side.CREDITED,
    LineStatus.RETURNED: Side.CAME_BACK,
    LineStatus.REJECTED: Side.NOT_SENT,
}
_log = structlog.get_logger(__name__)


async def read_statements(env: Environment, run: ReconciliationRun) -> bool:
    """Read every statement that is at PFMS; whether the day of this run can be compared now.

    It can once a statement of it was read, or when none has come until noon of the next day. A statement of
    another day begins the run of that day.
    """
    if env.partners.pfms is None:
        return False
    if not await take_statements(env):
        await env.store.carry_out(lambda tx: reconciliation.note_problem(tx, run.id, "PARTNER_AWAY"))
        return False
    if await _has_all(env, run):
        await env.store.carry_out(lambda tx: expected_files.note_came(tx, FileSource.PFMS_STATEMENT, run.day))
        return True
    if env.clock.now() >= datetime.combine(run.day + timedelta(days=1), STATEMENT_BY, IST):
        await _tell_missing(env, run)
        return True
    await env.store.carry_out(lambda tx: reconciliation.note_problem(tx, run.id, "STATEMENT_MISSING"))
    return False


async def take_statements(env: Environment) -> bool:
    """Take in every statement that is at PFMS, of whatever day; False where it cannot be asked.

    An unreachable former transport stops nothing: its files are then missing in the book of expected files.
    """
    partner = env.partners.pfms
    if partner is None:
        return False
    asked = [await _take_all(env, exchange) for exchange in partner.exchanges]
    return asked[0]


async def _take_all(env: Environment, exchange: FileExchange) -> bool:
    try:
        for file in await exchange.list_incoming():
            if file.kind is FileKind.STATEMENTS:
                await _take(env, exchange, file)
    except RemoteError:
        return False
    return True


async def _tell_missing(env: Environment, run: ReconciliationRun) -> None:
    """The day is compared with nothing; where PFMS did something on it, its statement is owed and a case is opened."""
    moved = await env.store.read(lambda tx: statement_reads.moved_within(tx, statement_bounds(run.day)))
    if moved:
        await expect_one(env, FileSource.PFMS_STATEMENT, run.day)
    await report_missing_files(env, FileSource.PFMS_STATEMENT)


async def _has_all(env: Environment, run: ReconciliationRun) -> bool:
    """Whether every part of the day's statement was read."""
    async with env.store.read_transaction() as tx:
        known = await reconciliation.run_of(tx, run.rail, run.day)
        files = await reconciliation.files_kept(tx, run.id)
    parts = known.place.removeprefix(_PARTS) if known is not None and known.place else ""
    return parts.isdigit() and files >= int(parts)


async def _take(env: Environment, exchange: FileExchange, file: IncomingFile) -> None:
    """One statement: entered in the ledger, its rows kept, then put away. May be cut off anywhere and done again."""
    content = await fetch_file(env, exchange, file)
    if content is None:
        return
    entry = await env.store.carry_out(lambda tx: enter(env, tx, file, content))
    if entry.state is FileState.RECEIVED:
        settled = await _settle(env, entry, content)
        if settled is None:
            return
        entry = settled
    await archive_file(exchange, file, entry)
    crash_points.reach(crash_points.STATEMENT_ARCHIVED)


async def _settle(env: Environment, entry: LedgerFile, content: bytes) -> LedgerFile | None:
    """Keep the rows of a statement or refuse it; the entry after that, None where its day is being compared now."""
    about = f"file:{entry.name}"
    partner = env.partners.pfms
    if partner is None:
        return None
    reused = await env.store.read(lambda tx: payment_files.counted_before(tx, entry))
    if reused:
        difference = FinanceDifference(DifferenceKind.FILE_NAME_REUSED, about, found=entry.digest[:16])
        return await _refuse(env, entry, difference, FileState.REUSED)
    if not await _said_before(env, entry):
        try:
            statement = await asyncio.to_thread(
                read_statement, entry.name, content, partner.papers.trust(env.clock.now())
            )
        except FileRefused as refused:
            difference = FinanceDifference(DifferenceKind.FILE_REFUSED, about, found=refused.reason.value)
            return await _refuse(env, entry, difference, FileState.REFUSED)
        if not await _keep(env, entry, statement):
            return None
    return replace(entry, state=FileState.APPLIED)


async def _said_before(env: Environment, file: LedgerFile) -> bool:
    """Whether these bytes came under another name and were applied: their rows are not counted twice."""

    async def work(tx: Transaction) -> bool:
        again = await payment_files.applied_as_another(tx, file)
        if again:
            await payment_files.settle(tx, file.id, FileState.APPLIED, reason=SAID_BEFORE)
        return again

    return await env.store.carry_out(work)


async def _keep(env: Environment, file: LedgerFile, statement: DailyStatement) -> bool:
    """Keep the rows for the comparison; False where the day is being compared now, so that it is taken afterwards."""
    run_id = env.ids.key()
    run = await env.store.carry_out(lambda tx: _begin_run(tx, run_id, statement.day))
    if run.state is not RunState.READING:
        return False
    for start in range(0, len(statement.rows), ROWS_AT_ONCE):
        lines = _lines(file.name, start, statement.rows[start : start + ROWS_AT_ONCE])
        await env.store.carry_out(lambda tx, kept=lines: reconciliation.keep_rows(tx, run.id, kept))  # type: ignore[misc]
        crash_points.reach(crash_points.ROWS_KEPT)

    async def finish_statement(tx: Transaction) -> None:
        counts, place = {"rows_read": len(statement.rows)}, f"{_PARTS}{statement.parts}"
        await reconciliation.advance_run(tx, run, state=run.state, place=place, counts=counts)
        await payment_files.settle(tx, file.id, FileState.APPLIED)

    await env.store.carry_out(finish_statement)
    crash_points.reach(crash_points.STATEMENT_READ)
    _log.info("statement_read", day=statement.day.isoformat(), rows=len(statement.rows))
    return True


async def _begin_run(tx: Transaction, run_id: str, day: date) -> ReconciliationRun:
    """The run of a statement's day; one that ended without it, or without this part of it, is opened again."""
    run = await reconciliation.begin(tx, run_id, Rail.PFMS, day)
    return await reconciliation.reopen(tx, run) if run.state is RunState.ENDED else run


async def _refuse(env: Environment, file: LedgerFile, difference: FinanceDifference, state: FileState) -> LedgerFile:
    async def work(tx: Transaction) -> None:
        await open_case(UnitOfWork(env, tx, SYSTEM), difference)
        await payment_files.settle(tx, file.id, state, reason=difference.found)

    await env.store.carry_out(work)
    crash_points.reach(crash_points.STATEMENT_REFUSED)
    return replace(file, state=state, reason=difference.found)


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
            row.utr[-4:] if row.utr else None,
        )
        for number, row in enumerate(rows, start=first + 1)
    ]
