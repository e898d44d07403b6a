"""Finance cases: one open case for each discrepancy, with the history of its resolution."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from domain.kernel import Posting
from domain.reconciliation.finance_cases import (
    ACCEPTED_AS_IT_IS,
    CaseEvent,
    CaseState,
    DifferenceKind,
    FinanceCase,
    FinanceDifference,
)
from store.database import (
    Key,
    Records,
    StoredList,
    Transaction,
    equals_given,
    first_row,
    insert_new,
    wide_posting_covers,
)
from store.database.metadata import table_of

cases_table = table_of(
    FinanceCase,
    "finance_cases",
    sa.Column("open_key", Key),
    sa.Column("expected", sa.Text),
    sa.Column("found", sa.Text),
    sa.UniqueConstraint("open_key"),
    sa.Index(None, "kind", "about"),
    sa.Index(None, "instalment_id"),
    sa.Index(None, "state", "found_at", "id"),
    sa.Index(None, "found_at", "id"),
    sa.Index(None, "citizen_id"),
)
"""`open_key` names kind and object while the case is open, so that no second one can be; a settled one has none."""

events_table = table_of(
    CaseEvent,
    "finance_case_events",
    sa.Column("case_id", Key, sa.ForeignKey("finance_cases.id"), nullable=False),
    sa.Column("citizen_id", Key, sa.ForeignKey("citizens.citizen_id")),
    sa.Column("note", sa.LargeBinary),
    sa.Index(None, "case_id", "id"),
    sa.Index(None, "citizen_id"),
)

_C, _E = cases_table.c, events_table.c
OPEN_STATES = (CaseState.OPEN, CaseState.TAKEN, CaseState.PROPOSED)


_CASES = Records(FinanceCase, cases_table, "the case")
get = _CASES.get
_EVENTS = Records(CaseEvent, events_table, "the line")
history = _EVENTS.groups_reader_by(_E.case_id, _E.case_id, _E.id)
"""The history of each case, the oldest line first."""
_SAVED = ("state", "taken_by", "outcome", "proposed_by", "settled_by", "settled_at")


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Which cases are asked for; an empty collection or None asks for every one."""

    states: Collection[CaseState] = ()
    kinds: Collection[DifferenceKind] = ()
    scheme_code: str | None = None
    district: str | None = None
    critical: bool | None = None


@dataclass(frozen=True, slots=True)
class OpenedCase:
    """The case of a difference, and whether it was opened just now."""

    case_id: str
    opened: bool


async def open_once(
    tx: Transaction, case_id: str, difference: FinanceDifference, *, critical: bool, anew: bool = False
) -> OpenedCase:
    """Open a case, or note on the one that is there that its difference was found again.

    A settled one whose facts were accepted as they are stays settled while the facts are the same, unless `anew`.
    """
    is_same = _C.open_key == _open_key(difference)
    await first_row(tx, sa.select(_C.id).where(is_same).with_for_update())  # whoever settles it now is waited for
    settled = None if anew else await _accepted_case_id(tx, difference)
    if settled is not None:
        return OpenedCase(settled, False)
    now = tx.clock.now()
    values = asdict(difference) | {
        "kind": difference.kind.value,
        "suggested_cause": difference.cause.value,
        "id": case_id,
        "open_key": _open_key(difference),
        "state": CaseState.OPEN.value,
        "critical": critical,
        "found_at": now,
        "last_found_at": now,
        "times_found": 1,
        "version": 1,
    }
    again = (
        sa.update(cases_table)
        .where(is_same)
        .values(times_found=_C.times_found + 1, last_found_at=now, expected=difference.expected, found=difference.found)
    )
    while not await insert_new(tx, cases_table, values):
        row = (await tx.connection.execute(again.returning(_C.id))).first()
        if row is not None:  # else it was settled in between, so that this is a case of its own
            return OpenedCase(row.id, False)
    return OpenedCase(case_id, True)


async def save(tx: Transaction, case: FinanceCase, event: CaseEvent) -> FinanceCase:
    """Keep a step of a case whose version is still the one that was read. Raises VersionConflict, NotThere."""
    values = {name: value for name, value in _CASES.values(tx, case).items() if name in _SAVED}
    values["version"] = case.version + 1
    if case.state is CaseState.SETTLED:
        values["open_key"] = None
    statement = sa.update(cases_table).where(_C.id == case.id, _C.version == case.version).values(values)
    row = (await tx.connection.execute(statement.returning(cases_table))).first()
    if row is None:
        raise await _CASES.conflict(tx, _C.id == case.id)
    await add_event(tx, event, case.citizen_id)
    return _CASES.read(tx, row)


async def add_event(tx: Transaction, event: CaseEvent, citizen_id: str | None) -> None:
    """Add a line to the history of a case."""
    await _EVENTS.add(tx, event, citizen_id=citizen_id)


async def open_one(tx: Transaction, kind: DifferenceKind, about: str) -> FinanceCase | None:
    """The open case of a difference, or None."""
    return await _CASES.find(tx, _C.open_key == f"{kind.value}|{about}")


async def open_about(tx: Transaction, about: str) -> list[FinanceCase]:
    """The open cases about one thing, of whatever kind, the oldest first."""
    keys = [f"{kind.value}|{about}" for kind in DifferenceKind]
    statement = sa.select(cases_table).where(_C.open_key.in_(keys)).order_by(_C.found_at, _C.id)
    return await _CASES.select_all(tx, statement)


async def last_settled(
    tx: Transaction, kinds: Collection[DifferenceKind], about: Collection[str]
) -> FinanceCase | None:
    """The case of some kinds about one of some things that was settled last, or None."""
    named = (_C.kind.in_([kind.value for kind in kinds]), _C.about.in_(list(about)))
    settled = sa.select(cases_table).where(*named, _C.state == CaseState.SETTLED.value)
    return await _CASES.select_first(tx, settled.order_by(_C.settled_at.desc(), _C.id.desc()).limit(1))


async def of_instalments(tx: Transaction, instalment_ids: Iterable[str]) -> dict[str, list[FinanceCase]]:
    """Open cases by the instalment that they are about, the oldest first."""
    statement = sa.select(cases_table).where(_is_open()).order_by(_C.found_at, _C.id)
    return await _CASES.groups(tx, statement, _C.instalment_id, instalment_ids)


async def open_counts(tx: Transaction) -> dict[tuple[DifferenceKind, bool], int]:
    """How many cases are open, by kind and whether it is critical."""
    counted = sa.select(_C.kind, _C.critical, sa.func.count().label("many")).where(_is_open())
    statement = counted.group_by(_C.kind, _C.critical)
    rows = (await tx.connection.execute(statement)).all()
    return {(DifferenceKind(row.kind), bool(row.critical)): int(row.many) for row in rows}


async def _accepted_case_id(tx: Transaction, difference: FinanceDifference) -> str | None:
    """A case with the very same facts that was settled by accepting them."""
    outcomes = [outcome.value for outcome in ACCEPTED_AS_IT_IS]
    same = sa.and_(
        _C.kind == difference.kind.value,
        _C.about == difference.about,
        _C.state == CaseState.SETTLED.value,
        _C.outcome.in_(outcomes),
        _is_equal(_C.expected, difference.expected),
        _is_equal(_C.found, difference.found),
    )
    row = await first_row(tx, sa.select(_C.id).where(same).order_by(_C.id.desc()).limit(1))
    return row.id if row else None


def _is_open() -> sa.ColumnElement[bool]:
    return _C.state.in_([state.value for state in OPEN_STATES])


def _is_equal(column: sa.Column[Any], value: str | None) -> sa.ColumnElement[bool]:
    return column.is_(None) if value is None else column == value


def _open_key(difference: FinanceDifference) -> str:
    return f"{difference.kind.value}|{difference.about}"


def cases(postings: Sequence[Posting] | None, asked: CaseFilter) -> StoredList[FinanceCase]:
    """Cases that the postings cover, the newest first. No postings (None): every place."""
    wanted: list[sa.ColumnElement[bool]] = [sa.true()]
    if postings is not None:
        wanted.append(wide_posting_covers(cases_table, postings))
    if asked.states:
        wanted.append(_C.state.in_([state.value for state in asked.states]))
    if asked.kinds:
        wanted.append(_C.kind.in_([kind.value for kind in asked.kinds]))
    wanted += equals_given({_C.scheme_code: asked.scheme_code, _C.district: asked.district})
    if asked.critical is not None:
        wanted.append(_C.critical.is_(asked.critical))
    return StoredList(_CASES, sa.select(cases_table).where(*wanted), (_C.found_at, _C.id), descending=True)
