"""Messages that carry notices: a row for each notice and channel, in the order of reader and channel.

They are a queue of their own and not the outbox: a million of them may wait and none stands before a certificate or a
payment, and each is given to a channel at most once, where the outbox delivers at least once. A claim holds a message
until its new `send_at`. It is SENDING, without `send_at`, before a provider is asked; then nobody asks again.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from domain.feedback.messages import (
    IN_TURN,
    MUTED,
    RANK,
    Message,
    MessageChannel,
    MessageSettings,
    MessageState,
    NotSent,
)
from domain.feedback.notices import ALWAYS_BY_SMS, WARNINGS, NoticeKind
from store.database import Instant, Key, Records, Serial, Transaction, fetch_rows, insert_into, rows_of
from store.database.bulk import insert_rows, update_rows
from store.database.metadata import metadata, partial_index, table_of
from store.database.types import Json
from store.feedback.notices import notices_table

messages_table = table_of(
    Message,
    "messages",
    sa.Column("id", Serial, primary_key=True),
    sa.Column("is_urgent", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.UniqueConstraint("notice_id", "channel"),
    sa.Index(None, "citizen_id", "channel", "id"),
    partial_index("ix_messages_send_at", "channel", "is_urgent", "send_at", where="send_at IS NOT NULL"),
    partial_index("ix_messages_look_at", "look_at", where="look_at IS NOT NULL"),
    partial_index("ix_messages_next_at", "next_at", where="next_at IS NOT NULL"),
    partial_index("ix_messages_provider_id", "channel", "provider_id", where="provider_id IS NOT NULL"),
    sqlite_autoincrement=True,
)
settings_table = sa.Table(
    "message_settings",
    metadata,
    sa.Column("citizen_id", Key, sa.ForeignKey("citizens.citizen_id"), primary_key=True),
    sa.Column("channels", Json, nullable=False),
    sa.Column("quiet_from", sa.Integer, nullable=False),
    sa.Column("quiet_until", sa.Integer, nullable=False),
    sa.Column("chosen_at", Instant, nullable=False),
    sa.Column("is_chosen", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("shows_content", sa.Boolean, nullable=False, server_default=sa.false()),
)
muted_table = sa.Table(
    "muted_applications",
    metadata,
    sa.Column("application_id", Key, sa.ForeignKey("applications.id"), primary_key=True),
    sa.Column("muted_at", Instant, nullable=False),
)
"""Applications of which MUTED tell nothing but what SMS must (docs/contracts/messages.md section 5)."""

UNHEARD = timedelta(seconds=30)
"""So long the next message waits for the provider's answer about the one before it."""
_ARRIVED = {"reason": NotSent.ARRIVED_OTHERWISE.value, "send_at": None, "look_at": None, "next_at": None}
_SWITCHED_OFF = _ARRIVED | {"reason": NotSent.SWITCHED_OFF.value}
_IN_TURN = [each.value for each in IN_TURN]
_OPEN = (MessageState.CREATED.value, MessageState.SENDING.value)
_T, _S, _M = messages_table.c, settings_table.c, muted_table.c
MESSAGES = Records(Message, messages_table, "the message")


async def add_many(tx: Transaction, rows: Sequence[dict[str, Any]]) -> None:
    """Add messages; one whose notice has a message on that channel already is left out."""
    await insert_rows(tx, messages_table, rows, once=True)


async def is_to_plan(tx: Transaction) -> bool:
    """Whether there is something to plan, by one read that takes no lock."""
    return await _is_any(tx, notices_table.c.to_send.is_not(None), _T.next_at <= tx.clock.now())


async def is_to_send(tx: Transaction, channel: MessageChannel) -> bool:
    """Whether something is due on a channel, by one read that takes no lock."""
    due = (_is_due(channel, tx.clock.now(), urgent=urgent) for urgent in (True, False))
    return await _is_any(tx, *(sa.and_(*each) for each in due))


async def _is_any(tx: Transaction, *anything: sa.ColumnElement[bool]) -> bool:
    return bool((await fetch_rows(tx, sa.select(sa.or_(*(sa.exists().where(each) for each in anything)))))[0][0])


async def to_send(
    tx: Transaction, channel: MessageChannel, limit: int, *, most_not_urgent: int | None = None
) -> list[Message]:
    """Messages that are due on a channel, urgent ones first, of each reader the oldest of them.

    They are held until the transaction ends. An urgent message waits for no other that has not gone.
    """
    urgent = await _due(tx, channel, limit, urgent=True)
    rest = min(limit - len(urgent), limit if most_not_urgent is None else most_not_urgent)
    return [*urgent, *await _due(tx, channel, rest, urgent=False)] if rest else urgent


async def _due(tx: Transaction, channel: MessageChannel, limit: int, *, urgent: bool) -> list[Message]:
    earlier, now = messages_table.alias("earlier"), tx.clock.now()
    before = (earlier.c.is_urgent,) if urgent else ()
    unheard = sa.and_(earlier.c.state == MessageState.SENDING.value, earlier.c.state_at > now - UNHEARD)
    waits = sa.exists().where(
        earlier.c.citizen_id == _T.citizen_id,
        earlier.c.channel == _T.channel,
        earlier.c.id < _T.id,
        sa.or_(sa.and_(earlier.c.send_at.is_not(None), *before), unheard),
    )
    due = sa.select(messages_table).where(*_is_due(channel, now, urgent=urgent), ~waits)
    return await _lock_due(tx, due.order_by(_T.send_at, _T.id).limit(limit))


def _is_due(channel: MessageChannel, now: datetime, *, urgent: bool) -> tuple[sa.ColumnElement[bool], ...]:
    return _T.channel == channel.value, _T.is_urgent == urgent, _T.send_at <= now


async def to_look_after(tx: Transaction, limit: int) -> list[Message]:
    """Messages whose provider is to be asked, or whose time is over; held until the transaction ends."""
    due = sa.select(messages_table).where(_T.look_at <= tx.clock.now())
    return await _lock_due(tx, due.order_by(_T.look_at, _T.id).limit(limit))


async def to_pass_on(tx: Transaction, limit: int) -> list[Message]:
    """Messages after which the next channel takes its turn; held until the transaction ends."""
    due = sa.select(messages_table).where(_T.next_at <= tx.clock.now())
    return await _lock_due(tx, due.order_by(_T.next_at, _T.id).limit(limit))


async def ids_without_report(tx: Transaction, channel: MessageChannel, before: datetime) -> list[int]:
    """The messages of a channel that were made before a moment, and given to a provider that never said they came.

    They are held until the transaction ends.
    """
    given = (_T.state.in_((MessageState.SENDING.value, MessageState.SENT.value)), _T.channel == channel.value)
    found = sa.select(_T.id).where(_T.look_at.is_not(None), _T.created_at <= before, *given)
    return [row.id for row in await fetch_rows(tx, found.with_for_update(skip_locked=True, of=messages_table))]


async def move(tx: Transaction, message_ids: Collection[int], state: MessageState, **values: Any) -> int:
    """Bring messages to a state, and its time; those that are further stay as they are. Returns how many moved."""
    moved = sa.update(messages_table).where(_T.id.in_(sorted(message_ids)), _is_before(state))
    values = {"state_at": tx.clock.now()} | values | {"state": state.value}
    return int((await tx.connection.execute(moved.values(**values))).rowcount)


async def hold(tx: Transaction, send_at: Mapping[int, datetime]) -> None:
    """Have messages that this transaction holds given to a provider at a time, and not before."""
    await update_rows(tx, messages_table, ("id",), [{"id": each, "send_at": at} for each, at in send_at.items()])


async def begin(tx: Transaction, held: Sequence[Message], critical: Collection[int], next_at: datetime) -> set[int]:
    """Note that messages are given to a provider now; the ids of those that the caller holds, who must give no other.

    `next_at` is when the next channel takes the turn of those that are `critical`, unless they have such a time.
    """
    values = {"state": MessageState.SENDING.value, "state_at": tx.clock.now(), "reason": None, "send_at": None}
    later = sa.case((_T.id.in_(sorted(critical)), sa.func.coalesce(_T.next_at, next_at)), else_=_T.next_at)
    begun = set[int]()
    for send_at in {each.send_at for each in held}:
        ids = sorted(each.id for each in held if each.send_at == send_at)
        changed = sa.update(messages_table).where(_T.id.in_(ids), _T.state.in_(_OPEN), _T.send_at == send_at)
        changed = changed.values(**values, attempts=_T.attempts + 1, next_at=later)
        begun |= {row.id for row in await tx.connection.execute(changed.returning(_T.id))}
    return begun


async def name(tx: Transaction, names: Sequence[Mapping[str, object]]) -> None:
    """Note who took messages and as what: for each its id, and the same other columns."""
    await update_rows(tx, messages_table, ("id",), names)


async def note_taken(tx: Transaction, message_ids: Collection[int], look_at: datetime | None) -> None:
    """Note that providers took messages. A receipt may have come before, whose state stays.

    Without `look_at` nobody looks after them.
    """
    before = _is_before(MessageState.SENT)
    state = sa.case((before, MessageState.SENT.value), else_=_T.state)
    state_at = sa.case((before, tx.clock.now()), else_=_T.state_at)
    look = sa.case((_T.look_at.is_not(None), sa.literal(look_at, _T.look_at.type)), else_=None)
    taken = sa.update(messages_table).where(_T.id.in_(sorted(message_ids)))
    await tx.connection.execute(taken.values(state=state, state_at=state_at, look_at=look))


async def named_so(
    tx: Transaction, channel: MessageChannel, provider_ids: Collection[str], message_ids: Collection[int]
) -> tuple[dict[str, Message], dict[int, Message]]:
    """The messages of a channel by their provider's names for them, and those with our numbers that have no such name.

    They are held until the transaction ends.
    """
    of_channel = sa.select(messages_table).where(_T.channel == channel.value).order_by(_T.id)
    of_channel = of_channel.with_for_update(of=messages_table)
    named = await rows_of(tx, of_channel, _T.provider_id, provider_ids)
    unnamed = await rows_of(tx, of_channel.where(_T.provider_id.is_(None)), _T.id, message_ids)
    return {row.provider_id: MESSAGES.read(tx, row) for row in named}, {
        row.id: MESSAGES.read(tx, row) for row in unnamed
    }


async def move_each(tx: Transaction, rows: Sequence[Mapping[str, Any]]) -> None:
    """Give messages that are held new values, each its own of the same columns; `id` names the message."""
    await update_rows(tx, messages_table, ("id",), rows)


async def put_off(
    tx: Transaction, message_ids: Collection[int], send_at: datetime | None, *, untried: bool = False, **values: Any
) -> None:
    """Have messages given to a provider at a time, with None never, unless they came to their end or were taken.

    With `untried` the try that was begun does not count.
    """
    values |= {"attempts": _T.attempts - 1} if untried else {}
    unsent = sa.update(messages_table).where(_T.id.in_(sorted(message_ids)), _T.state.in_(_OPEN))
    await tx.connection.execute(unsent.values(send_at=send_at, **values))


async def plan(tx: Transaction, message_ids: Collection[int], **values: Any) -> None:
    """Change when messages that this transaction holds are looked after, or passed on, whatever their state."""
    if message_ids:
        await tx.connection.execute(sa.update(messages_table).where(_T.id.in_(sorted(message_ids))).values(**values))


async def look_again(tx: Transaction, message: Message, look_at: datetime) -> None:
    """Note that a provider was asked in vain; nothing where the message ended, or another asked, in the meantime."""
    held = (_T.id == message.id, _T.look_at == message.look_at)
    await tx.connection.execute(sa.update(messages_table).where(*held).values(look_at=look_at, looks=_T.looks + 1))


async def pass_on(tx: Transaction, channels: Collection[MessageChannel], kinds: Collection[NoticeKind]) -> int:
    """Have the next channel take its turn now where messages of these kinds wait for channels; how many there are."""
    waits = (_T.channel.in_(sorted(channels)), _T.is_urgent.is_(True), _T.send_at.is_not(None))
    passed = sa.update(messages_table).where(*waits, _T.kind.in_(sorted(kinds)), _T.state.in_(_OPEN))
    return int((await tx.connection.execute(passed.values(next_at=tx.clock.now()))).rowcount)


async def cancel_turns(tx: Transaction, delivered: Sequence[Message]) -> None:
    """End the messages that wait to carry the same notices by another channel in their place, tried before or not."""
    waits = (_T.channel.in_(_IN_TURN), _T.state.in_(_OPEN), _T.send_at.is_not(None))
    found = await rows_of(tx, sa.select(_T.id).where(*waits), _T.notice_id, {each.notice_id for each in delivered})
    await move(tx, [row.id for row in found], MessageState.NOT_SENT, **_ARRIVED)


async def leave_arrived(tx: Transaction, due: Sequence[Message]) -> list[Message]:
    """End those whose notice another channel delivered while they were planned or tried; returns the others.

    So too where another channel took it and its reader has read it since, unless it is a warning: who has come into an
    account may read what is there.
    """
    seen = (notices_table.c.read_at.is_not(None), _T.kind.not_in(sorted(WARNINGS)))
    came = sa.or_(_T.state == MessageState.DELIVERED.value, sa.and_(_T.state == MessageState.SENT.value, *seen))
    arrived = sa.select(_T.notice_id).join(notices_table, notices_table.c.id == _T.notice_id)
    arrived = arrived.where(_T.channel.in_(_IN_TURN), came)
    there = {row.notice_id for row in await rows_of(tx, arrived, _T.notice_id, {each.notice_id for each in due})}
    over = {each.id for each in due if each.notice_id in there and each.channel in IN_TURN}
    if over:
        await move(tx, over, MessageState.NOT_SENT, **_ARRIVED)
    return [each for each in due if each.id not in over]


async def of_notices(tx: Transaction, notice_ids: Iterable[str]) -> dict[str, list[Message]]:
    """The messages of each of these notices, the oldest first."""
    return await MESSAGES.groups(tx, sa.select(messages_table).order_by(_T.id), _T.notice_id, notice_ids)


async def settings_of(tx: Transaction, citizen_ids: Iterable[str]) -> dict[str, MessageSettings]:
    """What these citizens chose; those of whom nothing is kept are left out."""
    rows = await rows_of(tx, sa.select(settings_table), _S.citizen_id, citizen_ids)
    return {
        row.citizen_id: MessageSettings(
            tuple(MessageChannel(each) for each in row.channels),
            row.quiet_from,
            row.quiet_until,
            row.is_chosen,
            row.shows_content,
        )
        for row in rows
    }


async def choose(tx: Transaction, citizen_id: str, settings: MessageSettings) -> None:
    """Keep what a citizen chose, and have what waits for her hours looked at anew."""
    chosen = {
        "channels": list(settings.channels),
        "quiet_from": settings.quiet_from,
        "quiet_until": settings.quiet_until,
        "chosen_at": tx.clock.now(),
        "is_chosen": settings.is_chosen,
        "shows_content": settings.shows_content,
    }
    statement = insert_into(tx, settings_table).values(citizen_id=citizen_id, **chosen)
    await tx.connection.execute(statement.on_conflict_do_update(index_elements=["citizen_id"], set_=chosen))
    untried = (_T.citizen_id == citizen_id, _T.state == MessageState.CREATED.value, _T.send_at > tx.clock.now())
    await tx.connection.execute(sa.update(messages_table).where(*untried).values(send_at=tx.clock.now()))


async def mute(tx: Transaction, application_id: str) -> bool:
    """Have MUTED tell nothing more of an application but what must be told; False where it is so already."""
    muted = insert_into(tx, muted_table).values(application_id=application_id, muted_at=tx.clock.now())
    return bool((await tx.connection.execute(muted.on_conflict_do_nothing())).rowcount)


async def unmute(tx: Transaction, citizen_ids: Collection[str], application_id: str | None = None) -> None:
    """Have MUTED tell again of an application of these citizens, None for all of them."""
    applications = metadata.tables["applications"].c
    hers = sa.select(applications.id).where(applications.citizen_id.in_(sorted(citizen_ids)))
    one = () if application_id is None else (_M.application_id == application_id,)
    await tx.connection.execute(sa.delete(muted_table).where(_M.application_id.in_(hers), *one))


async def muted_of(tx: Transaction, notice_ids: Collection[str]) -> set[str]:
    """Those of these notices that are about an application that was muted."""
    about = sa.select(notices_table.c.id).join(muted_table, notices_table.c.application_id == _M.application_id)
    return {row.id for row in await rows_of(tx, about, notices_table.c.id, notice_ids)}


async def stop_waiting(tx: Transaction, citizen_ids: Collection[str], application_id: str | None = None) -> None:
    """End what waits for these citizens, but for what must be told: all SMS, or what MUTED tell of one application."""
    channels = [MessageChannel.SMS] if application_id is None else MUTED
    hers = (_T.citizen_id.in_(sorted(citizen_ids)), _T.channel.in_([each.value for each in channels]))
    waits = (_T.state == MessageState.CREATED.value, _T.kind.not_in(sorted(ALWAYS_BY_SMS)))
    about = sa.select(notices_table.c.id).where(notices_table.c.application_id == application_id)
    one = () if application_id is None else (_T.notice_id.in_(about),)
    found = await fetch_rows(tx, sa.select(_T.id).where(*hers, *waits, *one))
    await move(tx, [row.id for row in found], MessageState.NOT_SENT, **_SWITCHED_OFF)


def _is_before(state: MessageState) -> sa.ColumnElement[bool]:
    return _T.state.in_([each.value for each, rank in RANK.items() if rank < RANK[state]])


async def _lock_due(tx: Transaction, due: sa.Select[Any]) -> list[Message]:
    rows = await tx.connection.execute(due.with_for_update(skip_locked=True, of=messages_table))
    return [MESSAGES.read(tx, row) for row in rows]
