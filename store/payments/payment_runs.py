"""Runs at the batch times, and the payments that they put in batches.

A run remembers how far it came, in the transaction of each batch, so that it is taken up where a dead process left it.
What is due is looked for page by page of the beneficiaries: each statement reads a bounded part of an index, so that
no plan depends on what the database happens to know of its tables.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, literal, literal_column, not_, select, tuple_, update

from domain.benefits.benefits import Rail
from domain.payments.files import UNTOLD, BatchKind, Group, LineState, PaymentMethod, RegistrationState
from store.benefits.benefits import instalments_table
from store.database import AnyRow, Transaction, first_row, insert_into, insert_new, rows_of
from store.database.bulk import insert_rows
from store.payments.payment_tables import NOT_RELEASED, beneficiaries_table, lines_table, numbers_table, runs_table

_L, _N, _R = lines_table.c, numbers_table.c, runs_table.c
_B, _I = beneficiaries_table.c, instalments_table.c

Place = tuple[str, int]
"""How far a run came in its group: the beneficiary and the sequence of the instalment."""

PAGE = 2_000
"""Beneficiaries whose payments are looked for at once."""


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
class Due:
    """A payment that is due, by references; `account_id` is the present version of the beneficiary's account."""

    instalment_id: str
    end_to_end_id: str
    sequence: int
    amount_paise: int
    beneficiary_id: str
    account_id: str

    @property
    def place(self) -> Place:
        """Where it stands in its group."""
        return self.beneficiary_id, self.sequence


async def begin_run(tx: Transaction, day: date, slot: str) -> bool:
    """Begin the run of a batch time; False where somebody did."""
    values = {"day": day, "slot": slot, "started_at": tx.clock.now(), "batches": 0, "lines": 0}
    return await insert_new(tx, runs_table, values)


async def is_begun(tx: Transaction, day: date, slot: str) -> bool:
    """Whether the run of a batch time was begun."""
    return await first_row(tx, select(_R.slot).where(_R.day == day, _R.slot == slot)) is not None


async def open_run(tx: Transaction) -> Run | None:
    """The oldest run that is not at its end, locked where the transaction may write; None where there is none."""
    statement = select(runs_table).where(_R.finished_at.is_(None)).order_by(_R.day, _R.slot).limit(1)
    row = await first_row(tx, statement.with_for_update() if tx.writable else statement)
    return _run(row) if row else None


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


async def next_group(tx: Transaction, after: Group | None) -> Group | None:
    """The group behind `after` that has beneficiaries whom PFMS pays."""
    columns = (_B.scheme_code, _B.agency, _B.method)
    statement = select(*columns).where(_B.state == RegistrationState.VALIDATED.value)
    if after is not None:
        values = (after.scheme_code, after.agency, after.method.value)
        statement = statement.where(tuple_(*columns) > tuple_(*map(literal, values)))
    row = await first_row(tx, statement.order_by(*columns).limit(1))
    return Group(row.scheme_code, row.agency, PaymentMethod(row.method)) if row else None


async def due(tx: Transaction, group: Group, today: date, *, after: Place | None, limit: int) -> list[Due]:
    """The payments of a group that are due behind a place, by beneficiary and sequence, at most so many."""
    found: list[Due] = []
    behind = _payees(group).order_by(_B.id).limit(PAGE)
    page = (await tx.connection.execute(behind if after is None else behind.where(_B.id >= after[0]))).all()
    while page and len(found) < limit:
        found += [one for one in await _due_of(tx, page, today) if after is None or one.place > after]
        whole = len(page) == PAGE
        page = (await tx.connection.execute(behind.where(_B.id > page[-1].id))).all() if whole else []
    return found[:limit]


async def still_due(tx: Transaction, group: Group, today: date, wanted: Sequence[Due]) -> list[Due]:
    """Those of some payments of a group that are due now, with the account of now."""
    payees = await rows_of(tx, _payees(group), _B.id, [one.beneficiary_id for one in wanted])
    ids = {one.instalment_id for one in wanted}
    return [one for one in await _due_of(tx, payees, today) if one.instalment_id in ids]


async def fill(tx: Transaction, batch_id: str, payments: Sequence[Due]) -> None:
    """Put payments in a batch, in their order."""
    now = tx.clock.now()
    lines = [
        {
            "batch_id": batch_id,
            "position": position,
            "instalment_id": one.instalment_id,
            "end_to_end_id": one.end_to_end_id,
            "beneficiary_id": one.beneficiary_id,
            "account_id": one.account_id,
            "amount_paise": one.amount_paise,
            "state": LineState.BUILT.value,
            "state_at": now,
        }
        for position, one in enumerate(payments, 1)
    ]
    await insert_rows(tx, lines_table, lines)


def _payees(group: Group) -> Select[Any]:
    """Whom PFMS pays in a group."""
    return select(_B.id, _B.sanction_id, _B.account_id).where(
        _B.state == RegistrationState.VALIDATED.value,
        _B.scheme_code == group.scheme_code,
        _B.agency == group.agency,
        _B.method == group.method.value,
    )


async def _due_of(tx: Transaction, payees: Sequence[AnyRow], today: date) -> list[Due]:
    """What is due to some payees, by beneficiary and sequence."""
    columns = (_I.id, _I.end_to_end_id, _I.sequence, _I.amount_paise, _I.sanction_id)
    by_sanction = {row.sanction_id: row for row in payees}
    rows = await rows_of(tx, select(*columns).where(_payable(today)), _I.sanction_id, by_sanction)
    return sorted((_due(row, by_sanction[row.sanction_id]) for row in rows), key=lambda one: one.place)


def _payable(today: date) -> ColumnElement[bool]:
    """Due, held back by nothing, and in no batch that PFMS may have; a sanction that stops holds its payments.

    Its first three conditions are those of an index of instalments, and are said without parameters as it says them.
    """
    return and_(
        _I.rail == literal_column(f"'{Rail.PFMS.value}'"),
        _I.hold.is_(None),
        _I.status.in_([literal_column(f"'{status.value}'") for status in UNTOLD]),
        _I.period_from <= today,
        _I.amount_paise > 0,
        not_(exists().where(_L.instalment_id == _I.id, NOT_RELEASED)),
    )


def _due(row: AnyRow, beneficiary: AnyRow) -> Due:
    return Due(row.id, row.end_to_end_id, row.sequence, row.amount_paise, beneficiary.id, beneficiary.account_id)


def _run(row: AnyRow) -> Run:
    kept = row.place
    group = Group(kept[0], kept[1], PaymentMethod(kept[2])) if kept else None
    place = (kept[3], kept[4]) if kept and len(kept) > 3 else None
    return Run(row.day, row.slot, group, place, row.finished_at is not None, row.batches, row.lines)


def advance_run(run: Run, group: Group, place: Place, lines: int) -> Run:
    """The run behind one more batch of so many lines; behind none where there are no lines."""
    return replace(run, group=group, place=place, batches=run.batches + bool(lines), lines=run.lines + lines)
