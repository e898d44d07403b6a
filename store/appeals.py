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
from domain.changes import ChangeKind
from domain.deadline import ORDER
from domain.lifecycle import ON_THE_CLOCK
from domain.people import Posting, Role
from store import changes
from store.appeal_rows import appeal_of, appeals_table, values_of
from store.application_rows import application_of, applications_table
from store.catalogue_rows import services_table
from store.engine import Transaction
from store.errors import NotThere, VersionConflict
from store.metadata import metadata
from store.sql import AnyRow, count, first, insert_into, insert_new, keyset_window, rows_of
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


async def add(tx: Transaction, filed: Sequence[Appeal]) -> set[str]:
    """Keep new appeals in two statements; gives the ids of those whose application, level and ground had none yet."""
    if not filed:
        return set()
    statement = insert_into(tx, appeals_table).values([values_of(tx, one) for one in filed]).on_conflict_do_nothing()
    new = set((await tx.connection.execute(statement.returning(_A.id))).scalars())
    told = dict.fromkeys(one.application_id for one in filed if one.id in new)
    await changes.touch_many(tx, ChangeKind.APPLICATION, list(told))
    return new


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
    await changes.touch(tx, ChangeKind.APPLICATION, appeal.application_id)
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


async def page_of_citizen(
    tx: Transaction, citizen_id: str, *, place: tuple[datetime, str] | None, backward: bool = False, limit: int
) -> list[Appeal]:
    """A citizen's appeals, the newest first, by (received_at, id): after a place, or before it."""
    columns = (_A.received_at, _A.id)
    rows = await keyset_window(
        tx, _of_citizen(citizen_id), columns, place=place, backward=backward, limit=limit, descending=True
    )
    return [appeal_of(tx, row) for row in rows]


async def count_of_citizen(tx: Transaction, citizen_id: str) -> int:
    """How many appeals the citizen has."""
    return await count(tx, _of_citizen(citizen_id))


def _of_citizen(citizen_id: str) -> Select[Any]:
    return select(appeals_table).where(_A.citizen_id == citizen_id)


async def add_events(tx: Transaction, taken: Iterable[tuple[str, AppealEvent]]) -> None:
    """Add steps, each with its citizen, in one statement; notes are encrypted."""
    rows = [_event_values(tx, citizen_id, event) for citizen_id, event in taken]
    if rows:
        await tx.connection.execute(insert(events_table), rows)


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
    place: tuple[datetime, str] | None = None,
    backward: bool = False,
    limit: int,
) -> list[Appeal]:
    """Appeals for an authority by (received_at, id), the oldest first: of her level and place, or come to her."""
    statement, columns = _docket(postings, officer_id, states), (_A.received_at, _A.id)
    rows = await keyset_window(tx, statement, columns, place=place, backward=backward, limit=limit)
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
        there = tuple_(literal(after[0], _T.due_at.type), literal(after[1], Key))
        statement = statement.where(tuple_(_T.due_at, _T.id) > there)
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


async def with_authority(tx: Transaction, officer_id: str, *, after: str | None = None, limit: int) -> list[Appeal]:
    """Appeals that an officer has and has to decide, by id."""
    states = sorted(state.value for state in (*PENDING, AppealState.SERVICE_DELIVERED_LATE))
    statement = select(appeals_table).where(_A.authority_id == officer_id, _A.state.in_(states))
    if after is not None:
        statement = statement.where(_A.id > after)
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


def _event_values(tx: Transaction, citizen_id: str, event: AppealEvent) -> dict[str, Any]:
    return {
        "id": event.id,
        "citizen_id": citizen_id,
        "appeal_id": event.appeal_id,
        "sequence": event.sequence,
        "move": event.move.value,
        "state_before": event.before.value if event.before else None,
        "state_after": event.after.value,
        "actor_role": event.actor_role,
        "actor_id": event.actor_id,
        "note": None if event.note is None else tx.cipher.encrypt(event.note.encode(), _note_place(event.id)),
        "at": event.at,
    }


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
