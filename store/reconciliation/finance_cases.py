"""Finance cases: one open case for each discrepancy, with the history of its resolution."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from domain.kernel import Posting
from domain.reconciliation.finance_cases import (
    ACCEPTED_AS_IT_IS,
    CaseEvent,
    CaseOutcome,
    CaseState,
    CaseStep,
    DifferenceKind,
    FinanceCase,
    FinanceDifference,
    SuggestedCause,
)
from store.database import (
    AnyRow,
    Instant,
    Key,
    NotThere,
    Transaction,
    VersionConflict,
    count,
    first_row,
    group_rows,
    insert_new,
    keyset_window,
    posting_covers,
)
from store.database.metadata import metadata

cases_table = sa.Table(
    "finance_cases",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("kind", Key, nullable=False),
    sa.Column("about", Key, nullable=False),
    sa.Column("open_key", Key),
    sa.Column("state", Key, nullable=False),
    sa.Column("expected", sa.Text),
    sa.Column("found", sa.Text),
    sa.Column("suggested_cause", Key, nullable=False),
    sa.Column("critical", sa.Boolean, nullable=False),
    sa.Column("scheme_code", Key),
    sa.Column("department", Key),
    sa.Column("district", Key),
    sa.Column("amount_paise", sa.BigInteger),
    sa.Column("instalment_id", Key),
    sa.Column("citizen_id", Key, sa.ForeignKey("citizens.citizen_id")),
    sa.Column("found_at", Instant, nullable=False),
    sa.Column("last_found_at", Instant, nullable=False),
    sa.Column("times_found", sa.Integer, nullable=False),
    sa.Column("taken_by", Key),
    sa.Column("outcome", Key),
    sa.Column("proposed_by", Key),
    sa.Column("settled_by", Key),
    sa.Column("settled_at", Instant),
    sa.Column("version", sa.Integer, nullable=False),
    sa.UniqueConstraint("open_key"),
    sa.Index(None, "kind", "about"),
    sa.Index(None, "instalment_id"),
    sa.Index(None, "state", "found_at", "id"),
    sa.Index(None, "found_at", "id"),
    sa.Index(None, "citizen_id"),
)
"""`open_key` names kind and object while the case is open, so that no second one can be; a settled one has none."""

events_table = sa.Table(
    "finance_case_events",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("case_id", Key, sa.ForeignKey("finance_cases.id"), nullable=False),
    sa.Column("citizen_id", Key, sa.ForeignKey("citizens.citizen_id")),
    sa.Column("step", Key, nullable=False),
    sa.Column("by", Key, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("outcome", Key),
    sa.Column("note", sa.LargeBinary),
    sa.Index(None, "case_id", "id"),
    sa.Index(None, "citizen_id"),
)

_C, _E = cases_table.c, events_table.c
OPEN_STATES = (CaseState.OPEN, CaseState.TAKEN, CaseState.PROPOSED)


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
    if await insert_new(tx, cases_table, values):
        return OpenedCase(case_id, True)
    again = (
        sa.update(cases_table)
        .where(_C.open_key == _open_key(difference))
        .values(
            times_found=_C.times_found + 1,
            last_found_at=now,
            expected=difference.expected,
            found=difference.found,
        )
    )
    row = (await tx.connection.execute(again.returning(_C.id))).first()
    if row is None:
        raise NotThere("the case")
    return OpenedCase(row.id, False)


async def save(tx: Transaction, case: FinanceCase, event: CaseEvent) -> FinanceCase:
    """Keep a step of a case whose version is still the one that was read. Raises VersionConflict, NotThere."""
    values: dict[str, Any] = {
        "state": case.state.value,
        "taken_by": case.taken_by,
        "outcome": case.outcome.value if case.outcome else None,
        "proposed_by": case.proposed_by,
        "settled_by": case.settled_by,
        "settled_at": case.settled_at,
        "version": case.version + 1,
    }
    if case.state is CaseState.SETTLED:
        values["open_key"] = None
    statement = sa.update(cases_table).where(_C.id == case.id, _C.version == case.version).values(values)
    row = (await tx.connection.execute(statement.returning(cases_table))).first()
    if row is None:
        present = await get(tx, case.id)
        if present is None:
            raise NotThere("the case")
        raise VersionConflict(present.version, present.state.value)
    await add_event(tx, event, case.citizen_id)
    return _case(row)


async def add_event(tx: Transaction, event: CaseEvent, citizen_id: str | None) -> None:
    """Add a line to the history of a case."""
    sealed = tx.cipher.encrypt(event.note.encode(), _note_place(event.id)) if event.note is not None else None
    values = {
        "id": event.id,
        "case_id": event.case_id,
        "citizen_id": citizen_id,
        "step": event.step.value,
        "by": event.by,
        "at": event.at,
        "outcome": event.outcome.value if event.outcome else None,
        "note": sealed,
    }
    await tx.connection.execute(sa.insert(events_table).values(values))


async def get(tx: Transaction, case_id: str) -> FinanceCase | None:
    """The case with an id, or None."""
    row = await first_row(tx, sa.select(cases_table).where(_C.id == case_id))
    return _case(row) if row else None


async def open_one(tx: Transaction, kind: DifferenceKind, about: str) -> FinanceCase | None:
    """The open case of a difference, or None."""
    row = await first_row(tx, sa.select(cases_table).where(_C.open_key == f"{kind.value}|{about}"))
    return _case(row) if row else None


async def open_about(tx: Transaction, about: str) -> list[FinanceCase]:
    """The open cases about one thing, of whatever kind, the oldest first."""
    keys = [f"{kind.value}|{about}" for kind in DifferenceKind]
    statement = sa.select(cases_table).where(_C.open_key.in_(keys)).order_by(_C.found_at, _C.id)
    return [_case(row) for row in (await tx.connection.execute(statement)).all()]


async def of_instalments(tx: Transaction, instalment_ids: Iterable[str]) -> dict[str, list[FinanceCase]]:
    """Open cases by the instalment that they are about, the oldest first."""
    statement = sa.select(cases_table).where(_is_open()).order_by(_C.found_at, _C.id)
    return await group_rows(tx, statement, _C.instalment_id, instalment_ids, _case)


async def history(tx: Transaction, case_ids: Iterable[str]) -> dict[str, list[CaseEvent]]:
    """The history of each case, the oldest line first."""
    return await group_rows(
        tx, sa.select(events_table).order_by(_E.case_id, _E.id), _E.case_id, case_ids, lambda row: _event(tx, row)
    )


async def page(
    tx: Transaction,
    postings: Sequence[Posting] | None,
    asked: CaseFilter,
    *,
    place: tuple[datetime, str] | None,
    backward: bool = False,
    limit: int,
) -> list[FinanceCase]:
    """Cases that the postings cover, the newest first, by (found_at, id). No postings (None): every place."""
    statement = _select_cases(postings, asked)
    columns = (_C.found_at, _C.id)
    rows = await keyset_window(tx, statement, columns, place=place, backward=backward, limit=limit, descending=True)
    return [_case(row) for row in rows]


async def count_of(tx: Transaction, postings: Sequence[Posting] | None, asked: CaseFilter) -> int:
    """How many such cases there are."""
    return await count(tx, _select_cases(postings, asked))


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


def wide_posting_covers(table: sa.Table, postings: Sequence[Posting]) -> sa.ColumnElement[bool]:
    """As Posting.covers, in SQL, for a table with department and district; one for a tehsil covers nothing of it."""
    wide = [posting for posting in postings if posting.tehsil is None]
    return sa.or_(sa.false(), *(posting_covers(table, posting) for posting in wide))


def _is_equal(column: sa.Column[Any], value: str | None) -> sa.ColumnElement[bool]:
    return column.is_(None) if value is None else column == value


def _open_key(difference: FinanceDifference) -> str:
    return f"{difference.kind.value}|{difference.about}"


def _select_cases(postings: Sequence[Posting] | None, asked: CaseFilter) -> sa.Select[Any]:
    wanted: list[sa.ColumnElement[bool]] = [sa.true()]
    if postings is not None:
        wanted.append(wide_posting_covers(cases_table, postings))
    if asked.states:
        wanted.append(_C.state.in_([state.value for state in asked.states]))
    if asked.kinds:
        wanted.append(_C.kind.in_([kind.value for kind in asked.kinds]))
    if asked.scheme_code is not None:
        wanted.append(_C.scheme_code == asked.scheme_code)
    if asked.district is not None:
        wanted.append(_C.district == asked.district)
    if asked.critical is not None:
        wanted.append(_C.critical.is_(asked.critical))
    return sa.select(cases_table).where(*wanted)


def _note_place(event_id: str) -> str:
    return f"finance_case_events:note:{event_id}"


def _event(tx: Transaction, row: AnyRow) -> CaseEvent:
    note = tx.cipher.decrypt(row.note, _note_place(row.id)).decode() if row.note is not None else None
    outcome = CaseOutcome(row.outcome) if row.outcome else None
    return CaseEvent(row.id, row.case_id, CaseStep(row.step), row.by, row.at, outcome, note)


def _case(row: AnyRow) -> FinanceCase:
    return FinanceCase(
        id=row.id,
        kind=DifferenceKind(row.kind),
        about=row.about,
        state=CaseState(row.state),
        expected=row.expected,
        found=row.found,
        suggested_cause=SuggestedCause(row.suggested_cause),
        critical=bool(row.critical),
        scheme_code=row.scheme_code,
        department=row.department,
        district=row.district,
        amount_paise=row.amount_paise,
        instalment_id=row.instalment_id,
        citizen_id=row.citizen_id,
        found_at=row.found_at,
        last_found_at=row.last_found_at,
        times_found=row.times_found,
        taken_by=row.taken_by,
        outcome=CaseOutcome(row.outcome) if row.outcome else None,
        proposed_by=row.proposed_by,
        settled_by=row.settled_by,
        settled_at=row.settled_at,
        version=row.version,
    )
