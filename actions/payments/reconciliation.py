"""Compares our books with the partners' daily, totals and rows; every discrepancy opens one case.

A run goes forward in short transactions and keeps its place in each, so one that was killed continues where it
stopped, and memory stays flat however many rows there are. Nothing is mended by it: officers settle the cases.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial

import structlog

from actions.benefits.payment_enquiries import ask_due, reference_twice
from actions.kernel import Environment, UnitOfWork
from actions.payments.auto_closed_cases import auto_close_cases
from actions.payments.statement_files import read_statements, take_statements
from actions.payments.statement_news import apply_stated
from actions.reconciliation import expected_files
from actions.reconciliation.finance_cases import open_cases
from actions.reconciliation.finance_totals import rebuild_totals
from actions.reconciliation.second_payments import paid_again
from domain.benefits.benefits import Rail
from domain.kernel import SYSTEM, ist_date
from domain.payments.expected_files import ASKED_BACK, FileSource
from domain.reconciliation.finance_cases import INSTALMENT, DifferenceKind, FinanceDifference
from domain.reconciliation.reconciliation import (
    IN_FLIGHT_WORKING_DAYS,
    ReconciliationRun,
    RunState,
    bounds,
    difference_of,
    statement_bounds,
)
from store.benefits import payment_enquiries
from store.database import Transaction, crash_points
from store.payments import payment_queues, payment_reads, statement_reads
from store.payments.payment_reads import Pair
from store.reconciliation import reconciliation

RANGE, CASES_AT_ONCE = 1_000, 200
NOT_KNOWN = "NOT_KNOWN"
ASKED_WITHIN = timedelta(hours=12)
"""An answer of the treasury that is older is asked for anew before it is compared."""

KEPT_DAYS = 3
"""After so many days the partner's rows go: by then each may have come a day late."""
BATCHES_BACK = ASKED_BACK
"""How long a batch is added up after it was closed: its credits come back for ten days, a late statement tells them."""
STATEMENT = FileSource.PFMS_STATEMENT
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Step:
    """What one short transaction of a run did: where it continues (None: this part is over), and what it found."""

    place: str | None
    rows: int = 0
    ours_paise: int = 0
    theirs_paise: int = 0
    differences: tuple[FinanceDifference, ...] = ()


Comparison = Callable[[UnitOfWork, ReconciliationRun, str], Awaitable[_Step]]


async def reconcile_due(env: Environment) -> list[ReconciliationRun]:
    """Take every run that is due as far as it goes now; gives those that ended. May be run again at any time.

    Beside yesterday these are the days that nobody compared, because we or the partner were away, and those whose
    statement came late: the oldest first, as far back as `ASKED_BACK`.
    """
    ended = []
    for rail in Rail:
        if rail is Rail.PFMS and env.partners.pfms is None:
            continue
        if rail is Rail.PFMS and await expected_files.missing_days(env, STATEMENT):
            await take_statements(env)
        tried: set[date] = set()
        while (day := next((each for each in await _days_due(env, rail) if each not in tried), None)) is not None:
            tried.add(day)
            run = await reconcile(env, rail, day)
            if run.state is RunState.ENDED:
                ended.append(run)
    return ended


async def _days_due(env: Environment, rail: Rail) -> list[date]:
    """The days whose run has not ended, the oldest first; of PFMS also those since the last run that have none."""
    yesterday = ist_date(env.clock.now()) - timedelta(days=1)
    runs = await env.store.read(lambda tx: reconciliation.runs_between(tx, rail, yesterday - ASKED_BACK, yesterday))
    days = {one.day for one in runs if one.state is not RunState.ENDED}
    if not runs or runs[-1].day < yesterday:
        days.add(yesterday)
    if runs and rail is Rail.PFMS:
        days |= {runs[-1].day + timedelta(days=number) for number in range(1, (yesterday - runs[-1].day).days)}
    return sorted(days)


async def reconcile(env: Environment, rail: Rail, day: date) -> ReconciliationRun:
    """Compare one day of one rail; returns the run, which is not ended where the partner owes its book.

    A run that ended is given back as it is: a day is compared once.
    """
    run_id = env.ids.key()
    run = await env.store.carry_out(lambda tx: reconciliation.begin(tx, run_id, rail, day))
    if run.state is RunState.ENDED:
        return run
    if run.id != run_id:
        await env.store.carry_out(lambda tx: reconciliation.count_start(tx, run.id))
    if run.state is RunState.READING:
        run = await _read(env, run)
    if run.state is RunState.COMPARING:
        run = await _compare(env, run)
    if run.state is RunState.TOTALLING:
        run = await _finish(env, run)
    return run


async def _read(env: Environment, run: ReconciliationRun) -> ReconciliationRun:
    """Get the partner's book of the day; the run waits in READING where it cannot be had yet."""
    whole = await (_ask_treasury(env, run) if run.rail is Rail.IFMS else read_statements(env, run))
    read = await _present(env, run)
    return await _set_state(env, read, RunState.COMPARING) if whole else read


async def _ask_treasury(env: Environment, run: ReconciliationRun) -> bool:
    """Ask for every payment whose last answer is too old; False where the treasury did not answer for all."""
    asked_before = run.begun_at - ASKED_WITHIN
    now = env.clock.now()
    await env.store.carry_out(lambda tx: payment_enquiries.bring_forward(tx, asked_before, now))
    while True:
        done = await ask_due(env)
        if done.asked == 0:
            break
        if done.unanswered == done.asked:
            await env.store.carry_out(lambda tx: reconciliation.note_problem(tx, run.id, "PARTNER_AWAY"))
            return False
    owed = await env.store.read(lambda tx: payment_enquiries.count_unasked(tx, asked_before))
    if owed and env.clock.now() - run.begun_at < ASKED_WITHIN:
        await env.store.carry_out(lambda tx: reconciliation.note_problem(tx, run.id, "ANSWERS_MISSING"))
        return False
    return True


async def _compare(env: Environment, run: ReconciliationRun) -> ReconciliationRun:
    """Row by row forwards, then backwards for what the partner left out, then its references."""
    steps = (_rows, _missing_rows, _references, _batches, _long_in_flight, _credited_twice)
    while run.state is RunState.COMPARING:
        number, _, place = (run.place or "0|").partition("|")
        run = await env.store.carry_out(partial(_one_step, env, run, steps, int(number), place))
        crash_points.reach(crash_points.RUN_COMMITTED)
    return run


async def _one_step(
    env: Environment, run: ReconciliationRun, steps: Sequence[Comparison], number: int, place: str, tx: Transaction
) -> ReconciliationRun:
    acting = UnitOfWork(env, tx, SYSTEM)
    step = await steps[number](acting, run, place)
    await open_cases(acting, step.differences)
    counts = {
        "rows_compared": step.rows,
        "ours_paise": step.ours_paise,
        "theirs_paise": step.theirs_paise,
        "differences": len(step.differences),
    }
    if step.place is not None:
        return await reconciliation.advance_run(tx, run, state=run.state, place=f"{number}|{step.place}", counts=counts)
    last = number + 1 == len(steps)
    state, following = (RunState.TOTALLING, None) if last else (RunState.COMPARING, f"{number + 1}|")
    return await reconciliation.advance_run(tx, run, state=state, place=following, counts=counts)


async def _rows(acting: UnitOfWork, run: ReconciliationRun, place: str) -> _Step:
    if run.rail is Rail.IFMS:
        since = run.begun_at - ASKED_WITHIN
        compared = await payment_reads.compare_enquiries(acting.tx, since, place, RANGE)
    else:
        _, ends = statement_bounds(run.day)
        compared = await payment_reads.compare_statement(acting.tx, run.id, run.rail, ends, place, RANGE)
    if compared is None:
        return _Step(None)
    doubtful = await _unproven(acting, run, compared.doubtful)
    found = tuple(one for pair in doubtful if (one := _difference(pair)) is not None)
    return _Step(compared.last, compared.rows, compared.ours_paise, compared.theirs_paise, found)


async def _unproven(acting: UnitOfWork, run: ReconciliationRun, pairs: Sequence[Pair]) -> Sequence[Pair]:
    """The pairs that remain in doubt after what the statement proves was applied: an answer file may have been lost."""
    if run.rail is Rail.IFMS:
        return pairs
    made = min(statement_bounds(run.day)[1], acting.now)
    pairs = [replace(pair, theirs=replace(pair.theirs, since=made)) if pair.theirs else pair for pair in pairs]
    behind = [
        pair.end_to_end_id for pair in pairs if difference_of(pair.ours, pair.theirs) is DifferenceKind.STATUS_DIFFERS
    ]
    applied = await apply_stated(acting, run, behind, made) if behind else set()
    return [pair for pair in pairs if pair.instalment_id not in applied]


async def _credited_twice(acting: UnitOfWork, run: ReconciliationRun, place: str) -> _Step:
    """Payments that the statement says were credited once more, under another bank reference."""
    if run.rail is Rail.IFMS:
        return _Step(None)
    last, twice = await statement_reads.credited_twice(acting.tx, run.id, place, RANGE)
    return _Step(last, differences=tuple(map(paid_again, twice)))


async def _missing_rows(acting: UnitOfWork, run: ReconciliationRun, place: str) -> _Step:
    """What moved on a day and is on none of the statements of that day and of the days with banks beside it.

    A late answer may be a day apart, and what moves on a day without banks is on the next statement that is made. A
    statement says so of the days before it, one that came late of its own day and of those behind it too. As long as
    one of them is owed nothing can be said; before there were two statements neither.
    """
    if run.rail is Rail.IFMS:
        return _Step(None)
    number, _, after = place.partition("/")
    around, days = int(number or 0), _days_around(acting.env, run.day)
    if around >= len(days):
        return _Step(None)
    day = days[around]
    ids = await _statements_around(acting, run, day)
    rows = []
    if ids is not None:
        window = statement_bounds(day)
        rows = await payment_reads.missing_in_statement(acting.tx, ids, run.rail, window, after, CASES_AT_ONCE)
    found = tuple(
        FinanceDifference(DifferenceKind.NOT_IN_SCROLL, f"{INSTALMENT}{row.id}", row.status, NOT_KNOWN) for row in rows
    )
    ours = sum(row.amount_paise for row in rows)
    following = f"{around}/{rows[-1].id}" if len(rows) == CASES_AT_ONCE else f"{around + 1}/"
    return _Step(following, len(rows), ours, 0, found)


def _days_around(env: Environment, day: date) -> list[date]:
    """The days up to the ones with banks before and behind a day, itself included."""
    first, last = expected_files.bank_days_beside(env, day)
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


async def _statements_around(acting: UnitOfWork, run: ReconciliationRun, day: date) -> list[str] | None:
    """The runs of the statements that may tell of a day; None where one of them is still to come."""
    days = _days_around(acting.env, day)
    known = await reconciliation.runs_between(acting.tx, run.rail, days[0], days[-1])
    over = {one.day for one in known if one.state is RunState.ENDED or one.id == run.id}
    present = all(one.day in over for one in known) and days[-1] in over
    owed = {one.day for one in await expected_files.of_days(acting, STATEMENT, days[0])}
    if not present or not any(one <= day for one in over) or owed & set(days) - {run.day}:
        return None
    return [one.id for one in known]


async def _references(acting: UnitOfWork, run: ReconciliationRun, place: str) -> _Step:
    """One bank reference, one payment: within the day's book, and against all that were ever seen."""
    if run.rail is Rail.IFMS:
        return _Step(None)
    rows = await payment_reads.references(acting.tx, run.id, place, RANGE)
    claims = {row.utr_hash: row.end_to_end_id for row in rows}
    twice = {row.utr_hash: row.end_to_end_id for row in rows if row.many > 1}
    twice |= {utr: claims[utr] for utr in await reconciliation.claim_utrs(acting.tx, claims)}
    found = tuple(reference_twice(utr, payment) for utr, payment in sorted(twice.items()))
    return _Step(rows[-1].utr_hash if len(rows) == RANGE else None, differences=found)


async def _batches(acting: UnitOfWork, run: ReconciliationRun, place: str) -> _Step:
    """Each file of payments: ordered = credited + returned + in flight, by its lines and by its payments.

    One that was closed long ago cannot change any more, so it is not added up again.
    """
    if run.rail is Rail.IFMS or _is_old(acting.env, run):
        return _Step(None)
    since = acting.now - BATCHES_BACK
    last, unequal = await payment_queues.unequal_batches(acting.tx, place, CASES_AT_ONCE, open_since=since)
    found = tuple(
        FinanceDifference(
            DifferenceKind.TOTAL_DIFFERS,
            f"batch:{one.message_id}",
            expected="/".join(map(str, one.expected)),
            found="/".join(map(str, one.found)),
            scheme_code=one.scheme_code,
        )
        for one in unequal
    )
    return _Step(last, differences=found)


async def _long_in_flight(acting: UnitOfWork, run: ReconciliationRun, place: str) -> _Step:
    """Payments of this rail that left long ago and neither arrived nor came back.

    An order to the treasury, which an officer of its spending unit must approve, has more time than a file.
    """
    if _is_old(acting.env, run):
        return _Step(None)
    by_bill = run.rail is Rail.IFMS
    days = acting.env.rules.payments.approval_days if by_bill else IN_FLIGHT_WORKING_DAYS
    before = _sent_before(acting, days)
    ids = await payment_reads.long_in_flight(acting.tx, run.rail, before, place, CASES_AT_ONCE)
    limit = f"{days} working days"
    found = tuple(FinanceDifference(DifferenceKind.TOO_LONG_IN_FLIGHT, f"{INSTALMENT}{one}", limit) for one in ids)
    return _Step(ids[-1] if len(ids) == CASES_AT_ONCE else None, differences=found)


async def _finish(env: Environment, run: ReconciliationRun) -> ReconciliationRun:
    """The sums of all schemes, kept anew; then the partner's rows go and the run is over."""
    unequal = [] if _is_old(env, run) else await rebuild_totals(env)
    crash_points.reach(crash_points.TOTALS_KEPT)
    await env.store.carry_out(lambda tx: open_cases(UnitOfWork(env, tx, SYSTEM), unequal))
    await auto_close_cases(env, run)
    await _forget_rows(env, run)
    if run.rail is Rail.PFMS:
        await env.store.carry_out(
            lambda tx: expected_files.note_compared_if_received(UnitOfWork(env, tx, SYSTEM), STATEMENT, run.day)
        )
    ended = await _set_state(env, run, RunState.ENDED, differences=len(unequal))
    log = _log.warning if ended.differences else _log.info
    log("reconciled", rail=run.rail.value, day=run.day.isoformat(), rows=ended.rows_compared, found=ended.differences)
    return ended


async def _forget_rows(env: Environment, run: ReconciliationRun) -> None:
    """The partner's rows of some days ago are needed no more, but those around a day whose statement is owed.

    Those of the last two days with banks are, however long ago they are: what moved then may be on one of the two.
    """
    before, _ = expected_files.bank_days_beside(env, run.day)
    kept, _ = expected_files.bank_days_beside(env, before)
    last = min(run.day - timedelta(days=KEPT_DAYS), kept - timedelta(days=1))
    if run.rail is Rail.PFMS and (owed := await expected_files.missing_days(env, STATEMENT)):
        last = min(last, owed[0] - timedelta(days=KEPT_DAYS))
    old = await env.store.read(lambda tx: reconciliation.runs_between(tx, run.rail, last - timedelta(days=31), last))
    for one in old:
        while await env.store.carry_out(partial(_forget, one.id)):
            pass


async def _forget(run_id: str, tx: Transaction) -> int:
    return await reconciliation.forget_rows(tx, run_id, 5 * RANGE)


async def _set_state(
    env: Environment, run: ReconciliationRun, state: RunState, *, differences: int = 0
) -> ReconciliationRun:
    counts = {"differences": differences}
    present = await env.store.carry_out(
        lambda tx: reconciliation.advance_run(tx, run, state=state, place=None, counts=counts)
    )
    crash_points.reach(crash_points.RUN_COMMITTED)
    return present


async def _present(env: Environment, run: ReconciliationRun) -> ReconciliationRun:
    async with env.store.read_transaction() as tx:
        return await reconciliation.run_of(tx, run.rail, run.day) or run


def _is_old(env: Environment, run: ReconciliationRun) -> bool:
    """Whether a later run compares the present states: one that is made up for looks at its statement only."""
    return run.day < ist_date(env.clock.now()) - timedelta(days=1)


def _difference(pair: Pair) -> FinanceDifference | None:
    kind = difference_of(pair.ours, pair.theirs)
    if kind is None:
        return None
    about = f"{INSTALMENT}{pair.instalment_id}" if pair.instalment_id else f"payment:{pair.end_to_end_id}"
    if kind is DifferenceKind.AMOUNT_DIFFERS and pair.ours and pair.theirs:
        return FinanceDifference(kind, about, str(pair.ours.paise), str(pair.theirs.paise))
    expected = pair.ours.status.value if pair.ours else None
    found = pair.theirs.side.value if pair.theirs else NOT_KNOWN
    return FinanceDifference(kind, about, expected, found, amount_paise=pair.theirs.paise if pair.theirs else None)


def _sent_before(acting: UnitOfWork, working_days: int) -> datetime:
    """An order that left before this instant has been in flight for more than so many working days."""
    calendar, day = acting.env.work_calendar, acting.today
    while calendar.working_days_between(day, acting.today) <= working_days:
        day -= timedelta(days=1)
    return bounds(day)[1]
