"""The end of the legal clock and the days left in a pause; due dates that pauses cut short move later, never earlier.

What an earlier release ended bears no end of the clock where it is not needed: where it ended in time, the hand-over or
the decision stands for it. Rules are written down here as they were when this revision was made.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from itertools import pairwise

import sqlalchemy as sa
from alembic import op

from store.database.types import Instant, Key

revision = "1003"
down_revision = "1002"
branch_labels = None
depends_on = None

_ENDED_LATE = "status IN ('DELIVERED', 'REJECTED', 'RETURNED_AS_INCOMPLETE') AND coalesce({ends}) > due_at"
_BEFORE = _ENDED_LATE.format(ends="delivered_at, decided_at")
_AFTER = _ENDED_LATE.format(ends="clock_ended_at, delivered_at, decided_at")
_INDIA = timezone(timedelta(hours=5, minutes=30))

_APPLICATIONS = sa.table(
    "applications",
    sa.column("id", Key),
    sa.column("district", Key),
    sa.column("status", Key),
    sa.column("limit_days", sa.Integer),
    sa.column("limit_unit", Key),
    sa.column("calendar_version", Key),
    sa.column("clock_started_at", Instant),
    sa.column("paused_since", Instant),
    sa.column("paused_days", sa.Integer),
    sa.column("due_at", Instant),
    sa.column("delivered_at", Instant),
    sa.column("clock_ended_at", Instant),
)
_A = _APPLICATIONS.c
_E = sa.table(
    "timeline_entries",
    sa.column("application_id", Key),
    sa.column("sequence", sa.Integer),
    sa.column("move", Key),
    sa.column("at", Instant),
).c
_H = sa.table("holidays", sa.column("version", Key), sa.column("day", sa.Date), sa.column("district", Key)).c


def upgrade() -> None:
    """Add the columns, fill in the ends of the clock that lateness depends on, and mend what pauses cut short."""
    op.add_column("applications", sa.Column("paused_left", sa.Integer))
    op.add_column("applications", sa.Column("clock_ended_at", Instant))
    connection = op.get_bind()
    _end_clocks(connection)
    _mend_pauses(connection, datetime.now(UTC))  # noqa: TID251 - no clock is handed to a migration
    op.drop_index("ix_applications_ended_late", "applications")
    _index_late("ix_applications_clock_ended_late", _AFTER)


def downgrade() -> None:
    """Drop the columns; due dates stay as they are."""
    op.drop_index("ix_applications_clock_ended_late", "applications")
    _index_late("ix_applications_ended_late", _BEFORE)
    op.drop_column("applications", "clock_ended_at")
    op.drop_column("applications", "paused_left")


def _index_late(name: str, words: str) -> None:
    only = sa.text(words)
    op.create_index(name, "applications", ["updated_at", "id"], sqlite_where=only, postgresql_where=only)


def _end_clocks(connection: sa.Connection) -> None:
    """The issue or sanction ended the clock: of what waits to be collected, and of what was collected late."""
    made = sa.select(sa.func.max(_E.at)).where(
        _E.application_id == _A.id, _E.move.in_(["ISSUE_CERTIFICATE", "SANCTION_BENEFIT"])
    )
    waits = _A.status.in_(["CERTIFICATE_ISSUED", "BENEFIT_SANCTIONED"])
    late = sa.and_(_A.status == "DELIVERED", _A.delivered_at > _A.due_at)
    filled = sa.update(_APPLICATIONS).where(sa.or_(waits, late)).values(clock_ended_at=made.scalar_subquery())
    connection.execute(filled)


def _mend_pauses(connection: sa.Connection, now: datetime) -> None:
    """Count running limits of working days anew that pauses moved by calendar days; no date moves earlier."""
    running = sa.select(_APPLICATIONS).where(
        _A.status.in_(["IN_SCRUTINY", "IN_VERIFICATION", "QUERY_RAISED", "APPROVED"]),
        _A.paused_since.is_(None),
        _A.paused_days > 0,
        _A.due_at > now,
        _A.limit_unit == "WORKING_DAYS",
        _A.limit_days.is_not(None),
        _A.clock_started_at.is_not(None),
        ~_A.calendar_version.startswith("ORDER:", autoescape=True),
    )
    calendars: dict[str, list[tuple[date, str | None]]] = {}
    for row in connection.execute(running).all():
        if row.calendar_version not in calendars:
            found = connection.execute(sa.select(_H.day, _H.district).where(_H.version == row.calendar_version))
            calendars[row.calendar_version] = [(one.day, one.district) for one in found]
        shut = {day for day, district in calendars[row.calendar_version] if district in (None, row.district)}
        due = _add(_day(row.clock_started_at), row.limit_days, shut)
        for asked, answered in _pauses(connection, row.id):
            if asked < answered and asked <= due:
                due = _add(answered, max(sum(1 for _ in _open_days(asked, due, shut)), 1), shut)
        due_at = datetime.combine(due, time(23, 59, 59), tzinfo=_INDIA)
        if due_at > row.due_at:
            connection.execute(sa.update(_APPLICATIONS).where(_A.id == row.id).values(due_at=due_at))


def _pauses(connection: sa.Connection, application_id: str) -> Iterator[tuple[date, date]]:
    """The days of each query and its answer."""
    moves = _E.move.in_(["RAISE_QUERY", "ANSWER_QUERY"])
    steps = sa.select(_E.move, _E.at).where(_E.application_id == application_id, moves).order_by(_E.sequence)
    for one, other in pairwise(connection.execute(steps).all()):
        if (one.move, other.move) == ("RAISE_QUERY", "ANSWER_QUERY"):
            yield _day(one.at), _day(other.at)


def _day(at: datetime) -> date:
    return at.astimezone(_INDIA).date()


def _is_open(day: date, shut: set[date]) -> bool:
    second_saturday = day.weekday() == 5 and 8 <= day.day <= 14
    return day.weekday() != 6 and not second_saturday and day not in shut


def _open_days(after: date, last: date, shut: set[date]) -> Iterator[date]:
    days = (after + timedelta(days=offset) for offset in range(1, (last - after).days + 1))
    return (day for day in days if _is_open(day, shut))


def _add(start: date, count: int, shut: set[date]) -> date:
    day = start
    while count > 0:
        day += timedelta(days=1)
        count -= _is_open(day, shut)
    return day
