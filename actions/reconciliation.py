"""The daily comparison with the partners' books: totals and row by row; every difference opens one case.

A run goes forward in short transactions and keeps its place in each, so one that was killed goes on where it
stopped, and memory stays flat however many rows there are. Nothing is mended by it: officers settle the cases.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial

import structlog

from actions.acting import Acting
from actions.environment import Environment
from actions.finance_cases import open_cases
from actions.finance_totals import rebuild_totals
from actions.payment_enquiries import NOT_KNOWN, ask_due, reference_twice
from actions.statement_files import read_statements
from domain.benefits import Rail
from domain.clock import IST, ist_date
from domain.finance_cases import INSTALMENT, DifferenceKind, FinanceDifference
from domain.people import SYSTEM
from domain.reconciliation import IN_FLIGHT_WORKING_DAYS, ReconciliationRun, RunState, difference_of
from store import payment_enquiries, payment_queues, payment_reads, reconciliation
from store.engine import Transaction
from store.payment_reads import Pair

RANGE, CASES_AT_ONCE = 1_000, 200
ASKED_WITHIN = timedelta(hours=12)
"""An answer of the treasury that is older is asked for anew before it is compared."""

STATEMENT_MADE = time(23, 30)
"""When PFMS makes the statement of a day (INFERRED)."""
KEPT_DAYS = 3
"""After so many days the partner's rows go: by then each may have come a day late."""
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Step:
    """What one short transaction of a run did: where it goes on (None: this part is over), and what it found."""

    place: str | None
    rows: int = 0
    ours_paise: int = 0
    theirs_paise: int = 0
    differences: tuple[FinanceDifference, ...] = ()


Comparison = Callable[[Acting, ReconciliationRun, str], Awaitable[_Step]]


async def reconcile_due(env: Environment) -> list[ReconciliationRun]:
    """Take every run that is due as far as it goes now; gives those that ended. May be run again at any time."""
    yesterday = ist_date(env.clock.now()) - timedelta(days=1)
    ended = []
    for rail in Rail:
        if rail is Rail.PFMS and env.partners.pfms is None:
            continue
        async with env.store.reading() as tx:
            known = await reconciliation.run_of(tx, rail, yesterday)
        if known is None or known.state is not RunState.ENDED:
            run = await reconcile(env, rail, yesterday)
            if run.state is RunState.ENDED:
                ended.append(run)
    return ended


async def reconcile(env: Environment, rail: Rail, day: date) -> ReconciliationRun:
    """Compare one day of one rail; gives the run as it stands, which is not ended where the partner owes its book.

    A run that ended is given back as it is: a day is compared once.
    """
    run_id = env.ids.key()
    run = await env.store.carry_out(lambda tx: reconciliation.begin(tx, run_id, rail, day))
    if run.state is RunState.ENDED:
        return run
    if run.id != run_id:
        await env.store.carry_out(lambda tx: reconciliation.taken_up(tx, run.id))
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
    return await _moved(env, read, RunState.COMPARING) if whole else read


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
            await env.store.carry_out(lambda tx: reconciliation.troubled(tx, run.id, "PARTNER_AWAY"))
            return False
    async with env.store.reading() as tx:
        owed = await payment_enquiries.count_unasked(tx, asked_before)
    if owed and env.clock.now() - run.begun_at < ASKED_WITHIN:
        await env.store.carry_out(lambda tx: reconciliation.troubled(tx, run.id, "ANSWERS_MISSING"))
        return False
    return True


async def _compare(env: Environment, run: ReconciliationRun) -> ReconciliationRun:
    """Row by row forwards, then backwards for what the partner left out, then its references."""
    steps = (_rows, _missing, _references, _batches, _long_in_flight)
    while run.state is RunState.COMPARING:
        number, _, place = (run.place or "0|").partition("|")
        run = await env.store.carry_out(partial(_one_step, env, run, steps, int(number), place))
    return run


async def _one_step(
    env: Environment, run: ReconciliationRun, steps: Sequence[Comparison], number: int, place: str, tx: Transaction
) -> ReconciliationRun:
    acting = Acting(env, tx, SYSTEM)
    step = await steps[number](acting, run, place)
    await open_cases(acting, step.differences)
    counts = {
        "rows_compared": step.rows,
        "ours_paise": step.ours_paise,
        "theirs_paise": step.theirs_paise,
        "differences": len(step.differences),
    }
    if step.place is not None:
        return await reconciliation.moved(tx, run, state=run.state, place=f"{number}|{step.place}", counts=counts)
    last = number + 1 == len(steps)
    state, following = (RunState.TOTALLING, None) if last else (RunState.COMPARING, f"{number + 1}|")
    return await reconciliation.moved(tx, run, state=state, place=following, counts=counts)


async def _rows(acting: Acting, run: ReconciliationRun, place: str) -> _Step:
    if run.rail is Rail.IFMS:
        since = run.begun_at - ASKED_WITHIN
        compared = await payment_reads.compare_enquiries(acting.tx, since, place, RANGE)
    else:
        _, ends = statement_bounds(run.day)
        compared = await payment_reads.compare_statement(acting.tx, run.id, run.rail, ends, place, RANGE)
    if compared is None:
        return _Step(None)
    found = tuple(one for pair in compared.doubtful if (one := _difference(pair)) is not None)
    return _Step(compared.last, compared.rows, compared.ours_paise, compared.theirs_paise, found)


async def _missing(acting: Acting, run: ReconciliationRun, place: str) -> _Step:
    """What moved the day before and is on none of three days' statements: a late answer may be a day apart.

    Before there were two statements nothing can be said.
    """
    if run.rail is Rail.IFMS:
        return _Step(None)
    day = run.day - timedelta(days=1)
    known = await reconciliation.runs_between(acting.tx, run.rail, day - timedelta(days=1), run.day)
    if not any(one.day <= day for one in known):
        return _Step(None)
    ids = [one.id for one in known]
    rows = await payment_reads.missing_in_statement(
        acting.tx, ids, run.rail, statement_bounds(day), place, CASES_AT_ONCE
    )
    found = tuple(
        FinanceDifference(DifferenceKind.NOT_IN_SCROLL, f"{INSTALMENT}{row.id}", row.status, NOT_KNOWN) for row in rows
    )
    ours = sum(row.amount_paise for row in rows)
    return _Step(rows[-1].id if len(rows) == CASES_AT_ONCE else None, len(rows), ours, 0, found)


async def _references(acting: Acting, run: ReconciliationRun, place: str) -> _Step:
    """One bank reference, one payment: within the day's book, and against all that were ever seen."""
    if run.rail is Rail.IFMS:
        return _Step(None)
    rows = await payment_reads.references(acting.tx, run.id, place, RANGE)
    claims = {row.utr_hash: row.end_to_end_id for row in rows}
    twice = {row.utr_hash: row.end_to_end_id for row in rows if row.many > 1}
    twice |= {utr: claims[utr] for utr in await reconciliation.claim_utrs(acting.tx, claims)}
    found = tuple(reference_twice(utr, payment) for utr, payment in sorted(twice.items()))
    return _Step(rows[-1].utr_hash if len(rows) == RANGE else None, differences=found)


async def _batches(acting: Acting, run: ReconciliationRun, place: str) -> _Step:
    """Every file of payments: what was ordered is the sum of its lines and of the payments that they name."""
    if run.rail is Rail.IFMS:
        return _Step(None)
    last, unequal = await payment_queues.unequal_batches(acting.tx, place, CASES_AT_ONCE)
    found = tuple(
        FinanceDifference(
            DifferenceKind.TOTAL_DIFFERS,
            f"batch:{one.message_id}",
            expected=str(one.ordered_paise),
            found=str(one.lines_paise),
            scheme_code=one.scheme_code,
        )
        for one in unequal
    )
    return _Step(last, differences=found)


async def _long_in_flight(acting: Acting, run: ReconciliationRun, place: str) -> _Step:
    """Payments of this rail that left more than five working days ago and neither arrived nor came back."""
    before = sent_before(acting)
    ids = await payment_reads.long_in_flight(acting.tx, run.rail, before, place, CASES_AT_ONCE)
    limit = f"{IN_FLIGHT_WORKING_DAYS} working days"
    found = tuple(FinanceDifference(DifferenceKind.TOO_LONG_IN_FLIGHT, f"{INSTALMENT}{one}", limit) for one in ids)
    return _Step(ids[-1] if len(ids) == CASES_AT_ONCE else None, differences=found)


async def _finish(env: Environment, run: ReconciliationRun) -> ReconciliationRun:
    """The sums of all schemes, kept anew; then the partner's rows go and the run is over."""
    unequal = await rebuild_totals(env)
    await env.store.carry_out(lambda tx: open_cases(Acting(env, tx, SYSTEM), unequal))
    await _forget_rows(env, run)
    ended = await _moved(env, run, RunState.ENDED, differences=len(unequal))
    log = _log.warning if ended.differences else _log.info
    log("reconciled", rail=run.rail.value, day=run.day.isoformat(), rows=ended.rows_compared, found=ended.differences)
    return ended


async def _forget_rows(env: Environment, run: ReconciliationRun) -> None:
    """The partner's rows of some days ago are needed no more."""
    last = run.day - timedelta(days=KEPT_DAYS)
    async with env.store.reading() as tx:
        old = await reconciliation.runs_between(tx, run.rail, last - timedelta(days=31), last)
    for one in old:
        while await env.store.carry_out(partial(_forget, one.id)):
            pass


async def _forget(run_id: str, tx: Transaction) -> int:
    return await reconciliation.forget_rows(tx, run_id, 5 * RANGE)


async def _moved(
    env: Environment, run: ReconciliationRun, state: RunState, *, differences: int = 0
) -> ReconciliationRun:
    counts = {"differences": differences}
    return await env.store.carry_out(lambda tx: reconciliation.moved(tx, run, state=state, place=None, counts=counts))


async def _present(env: Environment, run: ReconciliationRun) -> ReconciliationRun:
    async with env.store.reading() as tx:
        return await reconciliation.run_of(tx, run.rail, run.day) or run


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


def bounds(day: date) -> tuple[datetime, datetime]:
    """The first instant of a day in India, and the first one after it."""
    begins = datetime.combine(day, time(), IST)
    return begins, begins + timedelta(days=1)


def statement_bounds(day: date) -> tuple[datetime, datetime]:
    """What the statement of a day covers: from the statement before to its own making, at half past eleven at night."""
    ends = datetime.combine(day, STATEMENT_MADE, IST)
    return ends - timedelta(days=1), ends


def sent_before(acting: Acting) -> datetime:
    """An order that left before this instant has been in flight for more than five working days."""
    calendar, day = acting.env.work_calendar, acting.today
    while calendar.working_days_between(day, acting.today) <= IN_FLIGHT_WORKING_DAYS:
        day -= timedelta(days=1)
    return bounds(day)[1]
