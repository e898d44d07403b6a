"""Receivers of events, and what each of them was told and is still to be told."""

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa

from domain.platform.changes import FeedState, Position
from domain.platform.event_receivers import EventDelivery, EventReceiver, ReceiverState
from store.database import Records, Transaction
from store.database.bulk import insert_rows
from store.database.metadata import partial_index, table_of

receivers_table = table_of(
    EventReceiver,
    "event_receivers",
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("secret", sa.LargeBinary, nullable=False),
    sa.Column("former_secret", sa.LargeBinary),
    sa.Column("feed_transaction", sa.BigInteger, nullable=False),
    sa.Column("feed_row", sa.BigInteger, nullable=False),
    sa.Index(None, "state"),
)
deliveries_table = table_of(
    EventDelivery,
    "event_deliveries",
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("receiver_id", "event_id"),
    sa.Index(None, "receiver_id", "occurred_at"),
    partial_index("ix_event_deliveries_due_at", "receiver_id", "due_at", where="delivered_at IS NULL"),
    partial_index(
        "ix_event_deliveries_sequence", "receiver_id", "application_id", "sequence", where="delivered_at IS NULL"
    ),
)

_R, _D = receivers_table.c, deliveries_table.c
_RECEIVERS = Records(EventReceiver, receivers_table, "the receiver")
_DELIVERIES = Records(EventDelivery, deliveries_table, "the event")
_TOLD = (ReceiverState.VERIFYING.value, ReceiverState.ACTIVE.value)
add, get, save = _RECEIVERS.add, _RECEIVERS.get, _RECEIVERS.save


async def all_receivers(tx: Transaction) -> list[EventReceiver]:
    """Every receiver, the newest first."""
    return await _RECEIVERS.select_all(tx, sa.select(receivers_table).order_by(_R.proposed_at.desc(), _R.id.desc()))


async def told_now(tx: Transaction) -> list[EventReceiver]:
    """The receivers that are told of events, or asked to answer their challenge."""
    return await _RECEIVERS.select_all(tx, sa.select(receivers_table).where(_R.state.in_(_TOLD)).order_by(_R.id))


async def any_confirmed(tx: Transaction) -> bool:
    """Whether there is a receiver that administrators named."""
    confirmed = sa.select(_R.id).where(_R.confirmed_at.is_not(None), _R.state != ReceiverState.REFUSED.value).limit(1)
    return (await tx.connection.execute(confirmed)).first() is not None


async def failed_ids(tx: Transaction) -> list[str]:
    """The receivers that did not take what they were told."""
    failed = sa.select(_R.id).where(_R.state == ReceiverState.FAILED.value).order_by(_R.id)
    return [row.id for row in (await tx.connection.execute(failed)).all()]


async def move_on(tx: Transaction, receiver_id: str, feed: FeedState, position: Position) -> None:
    """Note up to where the feed was read for a receiver; its version stays, as it is no administrator's change."""
    values = {"feed": feed.name, "feed_transaction": position.transaction, "feed_row": position.row}
    await tx.connection.execute(sa.update(receivers_table).where(_R.id == receiver_id).values(values))


async def plan(tx: Transaction, deliveries: Sequence[EventDelivery]) -> None:
    """Keep events that are to be told; one that was planned for its receiver before is left out."""
    await insert_rows(tx, deliveries_table, [_DELIVERIES.values(tx, one) for one in deliveries], once=True)


async def count_waiting(tx: Transaction, receiver_id: str) -> int:
    """How many events a receiver is still to be told."""
    waiting = sa.select(sa.func.count()).where(_D.receiver_id == receiver_id, _D.delivered_at.is_(None))
    return int((await tx.connection.execute(waiting)).scalar_one())


async def due(tx: Transaction, receiver_id: str, limit: int) -> list[EventDelivery]:
    """What is due for a receiver: of each application the first event that it was not told yet."""
    earlier = deliveries_table.alias("earlier")
    waits = sa.exists().where(
        earlier.c.receiver_id == _D.receiver_id,
        earlier.c.application_id == _D.application_id,
        earlier.c.delivered_at.is_(None),
        earlier.c.sequence < _D.sequence,
    )
    here = (_D.receiver_id == receiver_id, _D.delivered_at.is_(None), _D.due_at <= tx.clock.now(), ~waits)
    return await _DELIVERIES.select_all(tx, sa.select(deliveries_table).where(*here).order_by(_D.sequence).limit(limit))


async def note(tx: Transaction, deliveries: Collection[EventDelivery]) -> None:
    """Keep how attempts came out."""
    await _DELIVERIES.upsert(tx, deliveries, keys=("id",))


async def put_off(tx: Transaction, receiver_id: str, until: datetime) -> None:
    """Try nothing of a receiver before an instant; no attempt counts."""
    due = (_D.receiver_id == receiver_id, _D.delivered_at.is_(None), _D.due_at < until)
    await tx.connection.execute(sa.update(deliveries_table).where(*due).values(due_at=until))


async def make_due(tx: Transaction, receiver_id: str, *, since: datetime | None = None) -> None:
    """Have everything that waits for a receiver tried now from the first attempt.

    With `since` also the events since then that it took; a challenge that it answered is none.
    """
    chosen: sa.ColumnElement[bool] = _D.delivered_at.is_(None)
    if since is not None:
        chosen = sa.or_(chosen, sa.and_(_D.occurred_at >= since, _D.application_id.is_not(None)))
    values = {"delivered_at": None, "attempts": 0, "due_at": tx.clock.now()}
    await tx.connection.execute(sa.update(deliveries_table).where(_D.receiver_id == receiver_id, chosen).values(values))


async def log(tx: Transaction, receiver_id: str, limit: int) -> list[EventDelivery]:
    """What a receiver was told and is to be told, the latest event first."""
    rows = sa.select(deliveries_table).where(_D.receiver_id == receiver_id)
    latest = rows.order_by(_D.occurred_at.desc(), _D.sequence.desc()).limit(limit)
    return await _DELIVERIES.select_all(tx, latest)


async def forget_before(tx: Transaction, before: datetime) -> None:
    """Forget what was told and happened before a moment, which the change feed has forgotten too."""
    old = (_D.occurred_at < before, _D.delivered_at.is_not(None))
    await tx.connection.execute(sa.delete(deliveries_table).where(*old))
