"""Runs of the batch times, and what they put in batches: one statement for all lines of a file.

A run remembers how far it came, in the transaction of each batch, so that it is taken up where a dead process left it.
"""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    exists,
    func,
    insert,
    literal,
    not_,
    select,
    tuple_,
    update,
)

from domain.benefits import Rail
from domain.payment_files import UNTOLD, BatchKind, Group, LineState, PaymentMethod, RegistrationState
from store.benefits import instalments_table
from store.engine import Transaction
from store.payment_batches import sum_of
from store.payment_tables import beneficiaries_table, lines_table, numbers_table, runs_table
from store.sql import AnyRow, first, insert_into, insert_new

_L, _N, _R = lines_table.c, numbers_table.c, runs_table.c
_B, _I = beneficiaries_table.c, instalments_table.c

Place = tuple[str, int]
"""How far a run came in its group: the beneficiary and the sequence of her instalment."""


@dataclass(frozen=True, slots=True)
class Run:
    """One batch time of one day. `group` and `place` are how far it came; `finished` when nothing was left."""

    day: date
    slot: str
    group: Group | None
    place: Place | None
    finished: bool
    batches: int
    lines: int


@dataclass(frozen=True, slots=True)
class Filled:
    """What was put in a batch."""

    lines: int
    total_paise: int
    place: Place | None


async def begin_run(tx: Transaction, day: date, slot: str) -> bool:
    """Begin the run of a batch time; False where somebody did."""
    values = {"day": day, "slot": slot, "started_at": tx.clock.now(), "batches": 0, "lines": 0}
    return await insert_new(tx, runs_table, values)


async def is_begun(tx: Transaction, day: date, slot: str) -> bool:
    """Whether the run of a batch time was begun."""
    return await first(tx, select(_R.slot).where(_R.day == day, _R.slot == slot)) is not None


async def open_run(tx: Transaction) -> Run | None:
    """The oldest run that is not at its end, locked; None where there is none."""
    statement = select(runs_table).where(_R.finished_at.is_(None)).order_by(_R.day, _R.slot).limit(1)
    row = await first(tx, statement.with_for_update())
    return _run(row) if row else None


async def has_open_run(tx: Transaction) -> bool:
    """Whether a run is not at its end; takes no lock."""
    return await first(tx, select(_R.slot).where(_R.finished_at.is_(None)).limit(1)) is not None


async def save_run(tx: Transaction, run: Run) -> None:
    """Note how far a run came."""
    group = run.group
    place = [group.scheme_code, group.agency, group.method.value, *(run.place or ())] if group else None
    values: dict[str, Any] = {"place": place, "batches": run.batches, "lines": run.lines}
    if run.finished:
        values["finished_at"] = tx.clock.now()
    await tx.connection.execute(update(runs_table).where(_R.day == run.day, _R.slot == run.slot).values(values))


async def next_number(tx: Transaction, kind: BatchKind, day: date) -> int:
    """The running number of the day, from 1; each is given once."""
    statement = insert_into(tx, numbers_table).values(kind=kind.value, day=day, last=1)
    counting = statement.on_conflict_do_update(index_elements=("kind", "day"), set_={"last": _N.last + 1})
    return int((await tx.connection.execute(counting.returning(_N.last))).scalar_one())


async def next_group(tx: Transaction, after: Group | None, today: date) -> Group | None:
    """The group behind `after` in which a payment is due."""
    columns = (_B.scheme_code, _B.agency, _B.method)
    statement = _due(select(*columns), today)
    if after is not None:
        values = (after.scheme_code, after.agency, after.method.value)
        statement = statement.where(tuple_(*columns) > tuple_(*map(literal, values)))
    row = await first(tx, statement.order_by(*columns).limit(1))
    return Group(row.scheme_code, row.agency, PaymentMethod(row.method)) if row else None


async def anything_due(tx: Transaction, group: Group, today: date, after: Place | None) -> bool:
    """Whether a payment of a group is due behind a place."""
    return await first(tx, _of_group(select(_I.id), group, today, after).limit(1)) is not None


async def fill(tx: Transaction, batch_id: str, group: Group, today: date, *, after: Place | None, limit: int) -> Filled:
    """Put the payments of a group that are due, behind a place and at most so many, in a batch: one statement."""
    columns = (_I.id, _I.end_to_end_id, _B.id.label("who"), _I.sequence, _B.account_id, _I.amount_paise)
    found = _of_group(select(*columns), group, today, after).order_by(_B.id, _I.sequence).limit(limit).subquery().c
    position = func.row_number().over(order_by=(found.who, found.sequence))
    rows = select(
        literal(batch_id), position, found.id, found.end_to_end_id, found.who, found.account_id, found.amount_paise,
        literal(LineState.BUILT.value), literal(tx.clock.now(), _L.state_at.type),
    )  # fmt: skip
    names = (
        "batch_id", "position", "instalment_id", "end_to_end_id", "beneficiary_id", "account_id", "amount_paise",
        "state", "state_at",
    )  # fmt: skip
    await tx.connection.execute(insert(lines_table).from_select(names, rows))
    many, total = await sum_of(tx, batch_id)
    return Filled(many, total, await _last_place(tx, batch_id))


def _of_group(statement: Select[Any], group: Group, today: date, after: Place | None) -> Select[Any]:
    due = _due(statement, today).where(
        _B.scheme_code == group.scheme_code, _B.agency == group.agency, _B.method == group.method.value
    )
    if after is not None:
        # The first condition says nothing new; by it the index leads to the place, where the second has to look.
        due = due.where(_B.id >= after[0], tuple_(_B.id, _I.sequence) > tuple_(literal(after[0]), literal(after[1])))
    return due


def _due(statement: Select[Any], today: date) -> Select[Any]:
    joined = statement.select_from(beneficiaries_table)
    joined = joined.join(instalments_table, _I.sanction_id == _B.sanction_id)
    return joined.where(_B.state == RegistrationState.VALIDATED.value, _payable(today))


def _payable(today: date) -> ColumnElement[bool]:
    """Due, held back by nothing, and in no batch that PFMS may have; a sanction that stops holds its payments."""
    return and_(
        _I.rail == Rail.PFMS.value,
        _I.status.in_([status.value for status in UNTOLD]),
        _I.hold.is_(None),
        _I.period_from <= today,
        _I.amount_paise > 0,
        not_(exists().where(_L.instalment_id == _I.id, _L.state != LineState.RELEASED.value)),
    )


async def _last_place(tx: Transaction, batch_id: str) -> Place | None:
    statement = select(_L.beneficiary_id, _I.sequence).join(instalments_table, _I.id == _L.instalment_id)
    row = await first(tx, statement.where(_L.batch_id == batch_id).order_by(_L.position.desc()).limit(1))
    return (row.beneficiary_id, row.sequence) if row else None


def _run(row: AnyRow) -> Run:
    kept = row.place
    group = Group(kept[0], kept[1], PaymentMethod(kept[2])) if kept else None
    place = (kept[3], kept[4]) if kept and len(kept) > 3 else None
    return Run(row.day, row.slot, group, place, row.finished_at is not None, row.batches, row.lines)


def advanced(run: Run, group: Group, filled: Filled) -> Run:
    """The run behind one more batch."""
    return replace(run, group=group, place=filled.place, batches=run.batches + 1, lines=run.lines + filled.lines)
