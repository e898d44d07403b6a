"""Counts attempts in time windows: of tracking by number and client, of one-time codes by number and person.

Of numbers, addresses and persons only blind indexes are kept.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Column, Index, Integer, Table, and_, case, delete, or_, select, update

from store.database import Instant, Key, Transaction, insert_into
from store.database.metadata import metadata

tries_table = Table(
    "tracking_tries",
    metadata,
    Column("scope", Key, primary_key=True),
    Column("since", Instant, nullable=False),
    Column("tries", Integer, nullable=False),
    Index(None, "since"),
)

_T = tries_table.c

LONGEST_WINDOW = timedelta(days=1)
"""The longest window of those who count here, but for tracking, whose window is a setting."""


async def count_try(tx: Transaction, kind: str, value: str, *, window: timedelta) -> tuple[int, datetime]:
    """Count one more attempt and return how many there are in the present window, and when it began.

    The row stays locked until the transaction ends, so that tries at once are counted one after the other.
    """
    now = tx.clock.now()
    scope = _scope(tx, kind, value)
    statement = insert_into(tx, tries_table).values(scope=scope, since=now, tries=1)
    # A window ends in both directions, so that a clock that was set back does not lock a number for long.
    over = or_(_T.since <= now - window, _T.since > now + window)
    counted = statement.on_conflict_do_update(
        index_elements=["scope"],
        set_={"tries": case((over, 1), else_=_T.tries + 1), "since": case((over, now), else_=_T.since)},
    ).returning(_T.tries, _T.since)
    row = (await tx.connection.execute(counted)).one()
    return row.tries, row.since


async def tries_of(
    tx: Transaction, kind: str, values: Iterable[str], *, window: timedelta
) -> dict[str, tuple[int, datetime]]:
    """By value, how many attempts there are in the present window, and when it began; left out where there are none."""
    now = tx.clock.now()
    named = {_scope(tx, kind, value): value for value in values}
    statement = select(tries_table).where(_T.scope.in_(named), _T.since > now - window, _T.since <= now, _T.tries > 0)
    rows = (await tx.connection.execute(statement)).all()
    return {named[row.scope]: (row.tries, row.since) for row in rows}


async def settle_try(tx: Transaction, kind: str, value: str, *, forgiven: bool) -> None:
    """Take the try back where it was right; the statement is the same for a wrong one."""
    change = 1 if forgiven else 0
    statement = update(tries_table).where(and_(_T.scope == _scope(tx, kind, value)))
    await tx.connection.execute(statement.values(tries=_T.tries - change))


async def forget_before(tx: Transaction, moment: datetime) -> None:
    """Drop the windows that began before a moment."""
    await tx.connection.execute(delete(tries_table).where(_T.since < moment))


def _scope(tx: Transaction, kind: str, value: str) -> str:
    return tx.cipher.blind_index(f"tracking:{kind}", value)
