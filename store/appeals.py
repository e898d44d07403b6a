"""Appeals: the row, its events, hearings and awards; who opted out; and what the legal clock has to look at."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Select,
    Table,
    Text,
    UniqueConstraint,
    and_,
    delete,
    exists,
    false,
    insert,
    literal,
    or_,
    select,
    true,
    tuple_,
    update,
)

from domain.appeals import (
    LEVELS,
    PENDING,
    Appeal,
    AppealEvent,
    AppealGround,
    AppealLevel,
    AppealMove,
    AppealState,
    Award,
    AwardKind,
    Hearing,
)
from domain.applications import Application
from domain.deadline import ORDER
from domain.lifecycle import ON_THE_CLOCK
from domain.people import Posting, Role
from store.appeal_rows import appeal_of, appeals_table, values_of
from store.application_rows import application_of, applications_table
from store.catalogue_rows import services_table
from store.engine import Transaction
from store.errors import NotThere, VersionConflict
from store.metadata import metadata
from store.sql import AnyRow, count, first, insert_new, rows_of
from store.types import Instant, Key

events_table = Table(
    "appeal_events",
    metadata,
    Column("id", Key, primary_key=True),
    Column("citizen_id", Key, ForeignKey("citizens.citizen_id"), nullable=False),
    Column("appeal_id", Key, ForeignKey("appeals.id"), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("move", Key, nullable=False),
    Column("state_before", Key),
    Column("state_after", Key, nullable=False),
    Column("actor_role", Key, nullable=False),
    Column("actor_id", Key),
    Column("note", LargeBinary),
    Column("at", Instant, nullable=False),
    UniqueConstraint("appeal_id", "sequence"),
)

hearings_table = Table(
    "appeal_hearings",
    metadata,
    Column("id", Key, primary_key=True),
    Column("citizen_id", Key, ForeignKey("citizens.citizen_id"), nullable=False),
    Column("appeal_id", Key, ForeignKey("appeals.id"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("place", Text, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Index(None, "appeal_id"),
)

awards_table = Table(
    "appeal_awards",
    metadata,
    Column("id", Key, primary_key=True),
    Column("citizen_id", Key, ForeignKey("citizens.citizen_id"), nullable=False),
    Column("appeal_id", Key, ForeignKey("appeals.id"), nullable=False),
    Column("kind", Key, nullable=False),
    Column("officer_id", Key),
    Column("amount_paise", BigInteger, nullable=False),
    Column("reason", LargeBinary, nullable=False),
    Column("section", Text, nullable=False),
    Column("ordered_by", Key),
    Column("ordered_at", Instant, nullable=False),
    UniqueConstraint("appeal_id", "kind"),
)

opt_outs_table = Table(
    "appeal_opt_outs",
    metadata,
    Column("citizen_id", Key, ForeignKey("citizens.citizen_id"), primary_key=True),
    Column("since", Instant, nullable=False),
)

_A, _T = appeals_table.c, applications_table.c
_UNCHANGING = frozenset({"id", "citizen_id", "application_id", "number", "level", "ground", "received_at"})


async def add(tx: Transaction, appeal: Appeal) -> bool:
    """Keep a new appeal; False where there is one for its application, level and ground already."""
    return await insert_new(tx, appeals_table, values_of(tx, appeal))


async def save(tx: Transaction, appeal: Appeal) -> Appeal:
    """Replace an appeal at the version before `appeal.version`. Raises VersionConflict, or NotThere."""
    values = {name: value for name, value in values_of(tx, appeal).items() if name not in _UNCHANGING}
    statement = update(appeals_table).where(_A.id == appeal.id, _A.version == appeal.version - 1)
    changed = await tx.connection.execute(statement.values(values).returning(_A.id))
    if changed.first() is None:
        present = await first(tx, select(_A.version, _A.state).where(_A.id == appeal.id))
        if present is None:
            raise NotThere("the appeal")
        raise VersionConflict(present.version, present.state)
    return appeal


async def many(tx: Transaction, ids: Iterable[str]) -> dict[str, Appeal]:
    """Appeals by id; those that are not there are left out."""
    rows = await rows_of(tx, select(appeals_table), _A.id, ids)
    return {row.id: appeal_of(tx, row) for row in rows}


async def by_numbers(tx: Transaction, numbers: Iterable[str]) -> dict[str, Appeal]:
    """Appeals by their reference number of fourteen Latin digits."""
    rows = await rows_of(tx, select(appeals_table), _A.number, numbers)
    return {row.number: appeal_of(tx, row) for row in rows}


async def of_applications(tx: Transaction, ids: Iterable[str]) -> dict[str, list[Appeal]]:
    """The appeals of each application, the oldest first; an application without any is left out."""
    statement = select(appeals_table).order_by(_A.application_id, _A.received_at, _A.id)
    found: dict[str, list[Appeal]] = {}
    for row in await rows_of(tx, statement, _A.application_id, ids):
        found.setdefault(row.application_id, []).append(appeal_of(tx, row))
    return found


async def there(tx: Transaction, application_id: str, level: AppealLevel, ground: AppealGround) -> Appeal | None:
    """The one appeal for an application, level and ground, or None."""
    wanted = (_A.application_id == application_id, _A.level == level.value, _A.ground == ground.value)
    row = await first(tx, select(appeals_table).where(*wanted))
    return appeal_of(tx, row) if row else None


async def add_event(tx: Transaction, citizen_id: str, event: AppealEvent) -> None:
    """Add a step; the note is encrypted."""
    note = None if event.note is None else tx.cipher.encrypt(event.note.encode(), _note_place(event.id))
    values = {
        "id": event.id,
        "citizen_id": citizen_id,
        "appeal_id": event.appeal_id,
        "sequence": event.sequence,
        "move": event.move.value,
        "state_before": event.before.value if event.before else None,
        "state_after": event.after.value,
        "actor_role": event.actor_role,
        "actor_id": event.actor_id,
        "note": note,
        "at": event.at,
    }
    await tx.connection.execute(insert(events_table).values(values))


async def events(tx: Transaction, appeal_ids: Iterable[str]) -> dict[str, list[AppealEvent]]:
    """The steps of each appeal in their order."""
    statement = select(events_table).order_by(events_table.c.appeal_id, events_table.c.sequence)
    found: dict[str, list[AppealEvent]] = {}
    for row in await rows_of(tx, statement, events_table.c.appeal_id, appeal_ids):
        found.setdefault(row.appeal_id, []).append(_event(tx, row))
    return found


async def add_hearing(tx: Transaction, citizen_id: str, hearing: Hearing) -> None:
    """Keep a date of hearing."""
    values = {name: getattr(hearing, name) for name in ("id", "appeal_id", "at", "place", "recorded_at")}
    await tx.connection.execute(insert(hearings_table).values(citizen_id=citizen_id, **values))


async def hearings(tx: Transaction, appeal_ids: Iterable[str]) -> dict[str, list[Hearing]]:
    """The hearings of each appeal by date."""
    table = hearings_table
    found: dict[str, list[Hearing]] = {}
    for row in await rows_of(tx, select(table).order_by(table.c.at, table.c.id), table.c.appeal_id, appeal_ids):
        hearing = Hearing(row.id, row.appeal_id, row.at, row.place, row.recorded_at)
        found.setdefault(row.appeal_id, []).append(hearing)
    return found


async def add_award(tx: Transaction, citizen_id: str, award: Award) -> None:
    """Keep a penalty or compensation; its reason is encrypted."""
    values = {
        "id": award.id,
        "citizen_id": citizen_id,
        "appeal_id": award.appeal_id,
        "kind": award.kind.value,
        "officer_id": award.officer_id,
        "amount_paise": award.amount_paise,
        "reason": tx.cipher.encrypt(award.reason.encode(), _reason_place(award.id)),
        "section": award.section,
        "ordered_by": award.ordered_by,
        "ordered_at": award.ordered_at,
    }
    await tx.connection.execute(insert(awards_table).values(values))


async def awards(tx: Transaction, appeal_ids: Iterable[str]) -> dict[str, list[Award]]:
    """The penalties and compensations of each appeal."""
    table = awards_table
    found: dict[str, list[Award]] = {}
    for row in await rows_of(tx, select(table).order_by(table.c.kind.desc()), table.c.appeal_id, appeal_ids):
        found.setdefault(row.appeal_id, []).append(_award(tx, row))
    return found


async def opted_out(tx: Transaction, citizen_ids: Iterable[str]) -> dict[str, datetime]:
    """Since when each of these citizens wants no appeal filed by itself; the others are left out."""
    table = opt_outs_table
    rows = await rows_of(tx, select(table), table.c.citizen_id, citizen_ids)
    return {row.citizen_id: row.since for row in rows}


async def opt_out(tx: Transaction, citizen_id: str, since: datetime | None) -> None:
    """Note that a citizen wants no appeal filed by itself, or with None that she wants it again."""
    if since is None:
        await tx.connection.execute(delete(opt_outs_table).where(opt_outs_table.c.citizen_id == citizen_id))
        return
    await insert_new(tx, opt_outs_table, {"citizen_id": citizen_id, "since": since})


async def docket(
    tx: Transaction,
    postings: Sequence[Posting],
    officer_id: str | None,
    *,
    states: Collection[AppealState],
    after: tuple[datetime, str] | None = None,
    limit: int,
) -> list[Appeal]:
    """Appeals for an authority by (received_at, id), the oldest first: of her level and place, or come to her."""
    statement = _docket(postings, officer_id, states)
    if after is not None:
        statement = statement.where(tuple_(_A.received_at, _A.id) > tuple_(*_literals(after)))
    rows = (await tx.connection.execute(statement.order_by(_A.received_at, _A.id).limit(limit))).all()
    return [appeal_of(tx, row) for row in rows]


async def count_docket(
    tx: Transaction, postings: Sequence[Posting], officer_id: str | None, states: Collection[AppealState]
) -> int:
    """How many appeals in those states the authority has."""
    return await count(tx, _docket(postings, officer_id, states))


async def breached(
    tx: Transaction, before: datetime, *, after: tuple[datetime, str] | None = None, limit: int
) -> list[Application]:
    """Applications whose due instant lies before a moment and that have no appeal for it, by (due_at, id).

    Not while paused, not for a citizen who opted out, nor for a service that is not notified. The rows are
    locked, so that a delivery at the same moment comes either before or after.
    """
    filed = exists().where(
        _A.application_id == _T.id,
        _A.level == AppealLevel.FIRST.value,
        _A.ground == AppealGround.TIME_LIMIT_BREACHED.value,
    )
    not_notified = exists().where(services_table.c.code == _T.service_code, services_table.c.rts_notified.is_(False))
    out = exists().where(opt_outs_table.c.citizen_id == _T.citizen_id)
    statement = select(applications_table).where(running(), _T.due_at < before, ~filed, ~not_notified, ~out)
    return await _by_due_date(tx, statement, after, limit)


async def _by_due_date(
    tx: Transaction, statement: Select[Any], after: tuple[datetime, str] | None, limit: int
) -> list[Application]:
    if after is not None:
        statement = statement.where(tuple_(_T.due_at, _T.id) > tuple_(*_literals(after, _T.due_at)))
    ordered = statement.order_by(_T.due_at, _T.id).limit(limit).with_for_update(of=applications_table)
    return [application_of(tx, row) for row in (await tx.connection.execute(ordered)).all()]


def running() -> ColumnElement[bool]:
    """The clock of an application runs under its own limit."""
    return and_(
        _T.status.in_(sorted(status.value for status in ON_THE_CLOCK)),
        _T.paused_since.is_(None),
        _T.due_at.is_not(None),
        ~_T.calendar_version.startswith(ORDER, autoescape=True),
    )


async def due(tx: Transaction, now: datetime, limit: int) -> list[Appeal]:
    """Appeals that the clock has to look at, the most urgent first; their rows are locked."""
    waiting = sorted(state.value for state in (*PENDING, AppealState.DIRECTED))
    statement = select(appeals_table).where(_A.state.in_(waiting), _A.next_at <= now)
    ordered = statement.order_by(_A.next_at, _A.id).limit(limit).with_for_update()
    return [appeal_of(tx, row) for row in (await tx.connection.execute(ordered)).all()]


async def with_authority(tx: Transaction, officer_id: str, limit: int) -> list[Appeal]:
    """Appeals that an officer has and has to decide."""
    states = sorted(state.value for state in (*PENDING, AppealState.SERVICE_DELIVERED_LATE))
    statement = select(appeals_table).where(_A.authority_id == officer_id, _A.state.in_(states))
    rows = (await tx.connection.execute(statement.order_by(_A.id).limit(limit))).all()
    return [appeal_of(tx, row) for row in rows]


def _docket(postings: Sequence[Posting], officer_id: str | None, states: Collection[AppealState]) -> Select[Any]:
    covered = or_(false(), _A.authority_id == officer_id, *(_hears(posting) for posting in postings))
    return select(appeals_table).where(_A.state.in_(sorted(state.value for state in states)), covered)


def _hears(posting: Posting) -> ColumnElement[bool]:
    levels = [level for level, rank in LEVELS.items() if rank is posting.level]
    if posting.role is Role.COMMISSION:
        levels = [AppealLevel.COMMISSION]
    pairs = ((_A.department, posting.department), (_A.district, posting.district), (_A.tehsil, posting.tehsil))
    place = (column == value for column, value in pairs if value is not None)
    return and_(true(), _A.level.in_([level.value for level in levels]), *place)


def _literals(place: tuple[datetime, str], column: Column[Any] = _A.received_at) -> tuple[Any, Any]:
    return literal(place[0], column.type), literal(place[1], Key)


def _event(tx: Transaction, row: AnyRow) -> AppealEvent:
    return AppealEvent(
        id=row.id,
        appeal_id=row.appeal_id,
        sequence=row.sequence,
        move=AppealMove(row.move),
        before=AppealState(row.state_before) if row.state_before else None,
        after=AppealState(row.state_after),
        actor_role=row.actor_role,
        actor_id=row.actor_id,
        note=None if row.note is None else tx.cipher.decrypt(row.note, _note_place(row.id)).decode(),
        at=row.at,
    )


def _award(tx: Transaction, row: AnyRow) -> Award:
    return Award(
        id=row.id,
        appeal_id=row.appeal_id,
        kind=AwardKind(row.kind),
        officer_id=row.officer_id,
        amount_paise=row.amount_paise,
        reason=tx.cipher.decrypt(row.reason, _reason_place(row.id)).decode(),
        section=row.section,
        ordered_by=row.ordered_by,
        ordered_at=row.ordered_at,
    )


def _note_place(event_id: str) -> str:
    return f"appeal_events:note:{event_id}"


def _reason_place(award_id: str) -> str:
    return f"appeal_awards:reason:{award_id}"
