"""The files that partners owe for each day; opens a case when one is missing, closes it on arrival."""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import partial

import structlog

from actions.kernel import Environment, UnitOfWork
from actions.reconciliation.finance_cases import open_case, resolve_automatically
from domain.fees.fees import FeeRoute
from domain.kernel import SYSTEM, ist_date
from domain.payments.expected_files import ASKED_BACK, ExpectedFile, FileSource, about_of, due_of, next_bank_day
from domain.reconciliation.finance_cases import CaseOutcome, DifferenceKind
from store.database import Transaction
from store.fees import fee_orders
from store.payments import expected_files

CAME_LATE = "The file came after its time and was compared."
_log = structlog.get_logger(__name__)


async def enter_days(env: Environment, source: FileSource, route: FeeRoute) -> None:
    """Enter the days up to yesterday that are not in the book, from the first on which anything was paid that way.

    That first day is looked for only while the book has none.
    """
    yesterday = ist_date(env.clock.now()) - timedelta(days=1)
    async with env.store.read_transaction() as tx:
        last = await expected_files.last_day(tx, source)
        first = await fee_orders.first_paid(tx, route) if last is None else None
    since = ist_date(first) if first else last
    if since is None or last == yesterday:
        return
    begins = max(since if last is None else last + timedelta(days=1), yesterday - ASKED_BACK)
    days = [begins + timedelta(days=number) for number in range((yesterday - begins).days + 1)]
    await env.store.carry_out(lambda tx: expected_files.expect(tx, [expected_file(env, source, day) for day in days]))


def expected_file(env: Environment, source: FileSource, day: date) -> ExpectedFile:
    """The entry of a day."""
    return ExpectedFile(source, day, due_of(day, partial(is_bank_day, env)))


def is_bank_day(env: Environment, day: date) -> bool:
    """Whether banks work on a day, by the calendar of now: of a past day it may say another thing than it did then."""
    return env.rules.payments.is_bank_day(day, env.work_calendar)


def bank_days_beside(env: Environment, day: date) -> tuple[date, date]:
    """The last day with banks before a day, and the first one behind it."""
    works = partial(is_bank_day, env)
    return next_bank_day(day, works, step=-1), next_bank_day(day, works)


async def open_days(env: Environment, source: FileSource) -> list[ExpectedFile]:
    """The days whose file was not compared, the oldest first, as far back as one is asked for."""
    async with env.store.read_transaction() as tx:
        return await expected_files.not_compared(tx, source, ist_date(env.clock.now()) - ASKED_BACK)


async def missing_days(env: Environment, source: FileSource) -> list[date]:
    """The days whose file is owed since its hour and has not come, the oldest first."""
    now = env.clock.now()
    return [one.day for one in await open_days(env, source) if one.is_missing(now)]


async def report_missing_files(env: Environment, source: FileSource) -> int:
    """Open the case of each day whose file did not come by its hour, once; returns how many."""
    now = env.clock.now()
    late = [one for one in await open_days(env, source) if one.is_missing(now) and one.told_at is None]
    if late:
        await env.store.carry_out(lambda tx: _open_late_cases(UnitOfWork(env, tx, SYSTEM), late))
        _log.warning("files_missing", source=source.value, days=len(late), oldest=late[0].day.isoformat())
    return len(late)


async def note_compared(acting: UnitOfWork, source: FileSource, day: date) -> None:
    """Note that a day was compared with its file; its case, if one was opened, closes itself."""
    if await expected_files.note_compared(acting.tx, source, day):
        kind, about = DifferenceKind.FILE_MISSING, about_of(source, day)
        await resolve_automatically(acting, kind, about, CaseOutcome.CORRECTED_AT_PARTNER, CAME_LATE)


async def note_compared_if_received(acting: UnitOfWork, source: FileSource, day: date) -> None:
    """As `note_compared`, where the file of the day is whole here: a day is also compared with a part, or nothing."""
    if any(one.day == day and one.came_at is not None for one in await of_days(acting, source, day)):
        await note_compared(acting, source, day)


async def of_days(acting: UnitOfWork, source: FileSource, since: date) -> list[ExpectedFile]:
    """The days since one whose file was not compared, in the caller's transaction."""
    return await expected_files.not_compared(acting.tx, source, since)


async def note_asked(env: Environment, source: FileSource, day: date) -> None:
    """Note that a day's file was asked for."""
    await env.store.carry_out(lambda tx: expected_files.note_asked(tx, source, day))


async def _open_late_cases(acting: UnitOfWork, late: Sequence[ExpectedFile]) -> None:
    for one in late:
        await open_case(acting, one.difference())
        await expected_files.note_told(acting.tx, one.source, one.day, acting.now)


async def expect_one(env: Environment, source: FileSource, day: date) -> None:
    """Enter one day that is owed; a day without banks, or one that is in the book, stays as it is."""
    entry = expected_file(env, source, day)

    async def work(tx: Transaction) -> None:
        await expected_files.expect(tx, [entry] if entry.due_at is not None else [])

    await env.store.carry_out(work)
