"""Sums of public money: rebuilds the stored totals and makes a month's statement, in constant memory."""

import itertools
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta

from actions.kernel import Environment, UnitOfWork
from actions.reconciliation.finance_cases import open_cases
from actions.reconciliation.finance_desk import reach_of
from actions.reconciliation.second_payments import paid_again
from domain.benefits.benefits import PaymentStatus, Rail
from domain.identity.policy import ObjectKind
from domain.kernel import IST, SYSTEM, Subject, ist_date
from domain.reconciliation.finance_cases import DifferenceKind, FinanceDifference
from domain.reconciliation.finance_totals import NOTHING, MonthMovement, PaymentTotal, Sum, add_sums, merge_movements
from domain.statistics.figures import month_of, months_back
from store.database import Transaction, crash_points
from store.payments import payment_reads
from store.reconciliation import finance_totals
from store.reconciliation.finance_totals import MOVES, Range

SANCTIONS_AT_ONCE, LINES_AT_ONCE = 2_000, 200
MOST_MONTHS = 24
"""How far back months are made up for."""
MOST_TWICE = 1_000
"""Payments that were made twice of which one month's end tells."""
_COLUMNS = tuple(f"{name}_{kind}" for name in MOVES for kind in ("count", "paise"))
_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)


async def rebuild_totals(env: Environment) -> list[FinanceDifference]:
    """Recompute the totals, store them, and return what does not balance.

    In two ways: from each payment's state, and from its history. For each scheme instructed = credited +
    returned + in flight must come out the same (docs/contracts/dbt_finance.md section 10).
    """
    now = env.clock.now()
    sums: dict[tuple[str, str, str, str, str], PaymentTotal] = {}
    told: list[MonthMovement] = []
    async for within in _ranges(env):
        async with env.store.read_transaction() as tx:
            rows = await finance_totals.totals_by_status(tx, within)
            told = merge_movements(
                [*told, *await finance_totals.sum_movements(tx, within, _BEGINNING, now + timedelta(days=1))]
            )
        for row in rows:
            key = (row.month, row.rail, row.scheme_code, row.department, row.district)
            empty = PaymentTotal(row.month, Rail(row.rail), row.scheme_code, row.department or None, row.district)
            more = (int(row.many), int(row.paise))
            sums[key] = sums.get(key, empty).with_more(PaymentStatus(row.status), more)
    await env.store.carry_out(lambda tx: finance_totals.replace(tx, list(sums.values()), now))
    return _unequal(list(sums.values()), told)


async def month_statement(env: Environment, month: date, *, scheme_code: str | None = None) -> list[MonthMovement]:
    """What moved in a month (its first day), by scheme, district and department, as we had learned of it by its end.

    Read from the histories anew; `make_statements` keeps it for months that are over.
    """
    begins, ends = month_bounds(month)
    lines: list[MonthMovement] = []
    async for within in _ranges(env):
        async with env.store.read_transaction() as tx:
            found = await finance_totals.sum_movements(tx, within, begins, ends, scheme_code=scheme_code)
        lines = merge_movements([*lines, *found])
    return lines


class StatementTable:
    """A month's statement as rows of a table, amounts in paise; the last row holds the sums of those before it."""

    HEAD = ("scheme_code", "department", "district", *_COLUMNS, "balances")

    def __init__(self) -> None:
        self._sums: dict[str, Sum] = dict.fromkeys(MOVES, NOTHING)

    def add_row(self, line: MonthMovement) -> list[object]:
        """The row of one line, which is added to the sums."""
        moved: list[Sum] = [getattr(line, name) for name in MOVES]
        self._sums = {name: add_sums(self._sums[name], sum_) for name, sum_ in zip(MOVES, moved, strict=True)}
        cells = itertools.chain.from_iterable(moved)
        return [line.scheme_code, line.department or "", line.district, *cells, "yes" if line.balances else "NO"]

    def total_row(self) -> list[object]:
        """The row of the sums."""
        return ["TOTAL", "", "", *itertools.chain.from_iterable(self._sums.values()), ""]


async def make_statements(env: Environment) -> bool:
    """Make and keep the statements of the months that are over, each once; False where there was none to make.

    A month that no worker lived to the end of is made up for. A line that does not balance opens a case; the statement
    is kept as it is.
    """
    last = await env.store.read(finance_totals.last_statement)
    owed = months_owed(last, ist_date(env.clock.now()))
    return any([await _make_statement(env, month) for month in owed])


def months_owed(last: str | None, today: date) -> list[date]:
    """The first days of the months that are over and come after one (`2026-10`), the oldest first and at most so many.

    Where none is known it is the one that ended last.
    """
    many = 1 if last is None else MOST_MONTHS
    ended = [months_back(month_of(today), back) for back in range(many, 0, -1)]
    return [month for month in ended if last is None or f"{month:%Y-%m}" > last]


async def _make_statement(env: Environment, month: date) -> bool:
    name = f"{month:%Y-%m}"
    lines = await month_statement(env, month)

    async def work(tx: Transaction) -> bool:
        twice = [paid_again(one) for one in await payment_reads.paid_twice(tx, MOST_TWICE)]
        unequal = [_balance_difference(name, line) for line in lines if not line.balances]
        await open_cases(UnitOfWork(env, tx, SYSTEM), [*unequal, *twice])
        made = await finance_totals.keep_statement(tx, name, lines)
        crash_points.reach(crash_points.MONTH_STATED)
        return made

    made = await env.store.carry_out(work)
    crash_points.reach(crash_points.MONTH_COMMITTED)
    return made


async def statement_lines(
    env: Environment, subject: Subject, month: date, *, scheme_code: str | None = None, district: str | None = None
) -> AsyncIterator[list[MonthMovement]]:
    """The stored statement of a month in the subject's places, some lines at a time.

    Raises NotSignedIn, NOT_FOUND for those who pay nothing.
    """
    reach = reach_of(subject, ObjectKind.FINANCE_BOOK)
    after = ("", "", "")
    while True:
        async with env.store.read_transaction() as tx:
            lines = await finance_totals.statement(
                tx,
                f"{month:%Y-%m}",
                reach,
                scheme_code=scheme_code,
                district=district,
                after=after,
                limit=LINES_AT_ONCE,
            )
        yield lines
        if len(lines) < LINES_AT_ONCE:
            return
        after = (lines[-1].scheme_code, lines[-1].department or "", lines[-1].district)


def _balance_difference(month: str, line: MonthMovement) -> FinanceDifference:
    gone = line.credited[1] + line.returned[1] + line.closing[1]
    return FinanceDifference(
        DifferenceKind.TOTAL_DIFFERS,
        f"statement:{month}/{line.scheme_code}/{line.district}",
        expected=str(line.opening[1] + line.instructed[1]),
        found=str(gone),
        scheme_code=line.scheme_code,
        department=line.department,
        district=line.district,
    )


def month_bounds(month: date) -> tuple[datetime, datetime]:
    """The first instant of a month in India, and the first one after it."""
    first = month.replace(day=1)
    following = (first + timedelta(days=32)).replace(day=1)
    return datetime.combine(first, time(), IST), datetime.combine(following, time(), IST)


async def _ranges(env: Environment) -> AsyncIterator[Range]:
    after = ""
    while True:
        async with env.store.read_transaction() as tx:
            within = await finance_totals.next_range(tx, after, SANCTIONS_AT_ONCE)
        if within is None:
            return
        yield within
        after = within.last


def _unequal(totals: list[PaymentTotal], movements: list[MonthMovement]) -> list[FinanceDifference]:
    """Schemes of which the history says another sum than the payments themselves."""
    standing: dict[str, list[int]] = {}
    for one in totals:
        sums = standing.setdefault(one.scheme_code, [0, 0, 0])
        for place, (_, paise) in enumerate((one.in_flight, one.credited, one.returned)):
            sums[place] += paise
    history: dict[str, list[int]] = {}
    for line in movements:
        sums = history.setdefault(line.scheme_code, [0, 0, 0])
        for place, (_, paise) in enumerate((line.closing, line.credited, line.returned)):
            sums[place] += paise
    nothing = [0, 0, 0]
    return [
        FinanceDifference(
            DifferenceKind.TOTAL_DIFFERS,
            f"total:{scheme}",
            expected="/".join(map(str, history.get(scheme, nothing))),
            found="/".join(map(str, standing.get(scheme, nothing))),
            scheme_code=scheme,
        )
        for scheme in sorted(standing.keys() | history.keys())
        if standing.get(scheme, nothing) != history.get(scheme, nothing)
    ]
