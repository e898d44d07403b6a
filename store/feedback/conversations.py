"""Conversations on a channel and their lines; addresses, texts and what the gateway remembers are encrypted.

At most one conversation of an address is not closed. A line that came in is kept once by the channel's name for it.
What goes out is a queue of its own, as messages are (store/feedback/messages.py): in the order of its conversation, and
given to a provider at most once.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from domain.feedback.conversations import Conversation, ConversationLine, ConversationState, LineAuthor
from domain.feedback.messages import RANK, MessageChannel, MessageState
from domain.kernel import mask_aadhaar_in
from store.database import Key, Records, StoredList, Transaction, rows_of
from store.database.metadata import partial_index, table_of

conversations_table = table_of(
    Conversation,
    "conversations",
    sa.Column("address", sa.LargeBinary, nullable=False),
    sa.Column("address_index", Key, nullable=False),
    sa.Column("engine", sa.LargeBinary, nullable=False),
    sa.Column("officer_id", Key, sa.ForeignKey("officers.officer_id")),
    partial_index(
        "uq_conversations_channel_address_index", "channel", "address_index", where="state <> 'CLOSED'", unique=True
    ),
    sa.Index(None, "citizen_id"),
    sa.Index(None, "state", "handed_over_at", "id"),
    sa.Index(None, "heard_at"),
)
lines_table = table_of(
    ConversationLine,
    "conversation_lines",
    sa.Column("conversation_id", Key, sa.ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False),
    sa.Column("text", sa.LargeBinary, nullable=False),
    sa.Column("extras", sa.LargeBinary),
    sa.Column("officer_id", Key, sa.ForeignKey("officers.officer_id")),
    sa.UniqueConstraint("provider_id"),
    sa.Index(None, "conversation_id", "at", "id"),
    partial_index("ix_conversation_lines_send_at", "send_at", where="send_at IS NOT NULL"),
)

UNHEARD = timedelta(seconds=30)
"""So long the next line of a conversation waits for the provider's answer about the one before it."""
_T, _L = conversations_table.c, lines_table.c
_PURPOSE = "conversation_address"
_CONVERSATIONS = Records(
    Conversation,
    conversations_table,
    "the conversation",
    write=lambda tx, one: {"address_index": _index(tx, one.channel, one.address)},
)
_LINES = Records(ConversationLine, lines_table, "the line")
get, by_ids = _CONVERSATIONS.get, _CONVERSATIONS.by_ids
_SAVED = ("citizen_id", "state", "engine", "version", "handed_over_at", "officer_id", "closed_at")
"""Not `heard_at`, which lines move on without a new version: a step in between must not set it back."""
_OPEN = (MessageState.CREATED.value, MessageState.SENDING.value)


async def open_conversation(
    tx: Transaction, *, conversation_id: str, channel: MessageChannel, address: str, citizen_id: str | None = None
) -> Conversation:
    """The conversation of an address that is not closed, locked, or a new one with that id.

    One of another citizen is closed: a number that was given to somebody else tells and exports nothing of before.
    """
    while (found := await _with_address(tx, channel, address)) is None or found.citizen_id not in (None, citizen_id):
        if found is not None:
            await close(tx, found)
            continue
        now = tx.clock.now()
        state = ConversationState.OPEN
        new = Conversation(
            conversation_id, channel, address, citizen_id, state, {}, heard_at=now, created_at=now, version=1
        )
        if await _CONVERSATIONS.insert(tx, new):
            return new
    return found


async def save(tx: Transaction, conversation: Conversation, expected_version: int) -> Conversation:
    """Replace a conversation whose version is still the expected one. Raises VersionConflict or NotThere."""
    return await _CONVERSATIONS.save(tx, conversation, expected_version, only=_SAVED)


async def hand_over(tx: Transaction, conversation: Conversation) -> Conversation:
    """Give it to the helpline. Raises Problems: STEP_NOT_ALLOWED; VersionConflict."""
    return await save(tx, conversation.hand_over(tx.clock.now()), conversation.version)


async def take(tx: Transaction, conversation: Conversation, officer_id: str) -> Conversation:
    """Note who answers in it. Raises Problems: STEP_NOT_ALLOWED; VersionConflict."""
    return await save(tx, conversation.take(officer_id), conversation.version)


async def close(tx: Transaction, conversation: Conversation) -> Conversation:
    """End it. Raises Problems: STEP_NOT_ALLOWED; VersionConflict."""
    return await save(tx, conversation.close(tx.clock.now()), conversation.version)


async def add_line(tx: Transaction, line: ConversationLine) -> bool:
    """Keep a line; False where one with its `provider_id` is there. What a citizen wrote moves `heard_at` on.

    Aadhaar numbers in its text are masked.
    """
    if not await _LINES.insert(tx, replace(line, text=mask_aadhaar_in(line.text))):
        return False
    if line.author is LineAuthor.CITIZEN:
        heard = sa.update(conversations_table).where(_T.id == line.conversation_id, _T.heard_at < line.at)
        await tx.connection.execute(heard.values(heard_at=line.at))
    return True


async def line_of(tx: Transaction, provider_id: str, line_id: str | None = None) -> ConversationLine | None:
    """The line with the channel's name for it, or with our id where the channel gives that back; or None."""
    return await _LINES.find(tx, sa.or_(_L.provider_id == provider_id, _L.id == line_id))


async def lines_named(
    tx: Transaction, provider_ids: Collection[str], line_ids: Collection[str]
) -> dict[str, ConversationLine]:
    """Lines by the channel's names for them, and by our ids, which the channel gives back."""
    lines = sa.select(lines_table)
    named = await rows_of(tx, lines, _L.provider_id, provider_ids)
    ours = await rows_of(tx, lines, _L.id, line_ids)
    return {row.provider_id: _LINES.read(tx, row) for row in named} | {row.id: _LINES.read(tx, row) for row in ours}


def lines_of(conversation_id: str) -> StoredList[ConversationLine]:
    """The lines of a conversation, the oldest first."""
    return StoredList(_LINES, sa.select(lines_table).where(_L.conversation_id == conversation_id), (_L.at, _L.id))


def of_helpline() -> StoredList[Conversation]:
    """Conversations that the helpline has, the one that waits longest first."""
    handed = sa.select(conversations_table).where(_T.state == ConversationState.WITH_HELPLINE.value)
    return StoredList(_CONVERSATIONS, handed, (_T.handed_over_at, _T.id))


async def of_helpline_with(tx: Transaction, citizen_id: str) -> Conversation | None:
    """A conversation with a citizen that the helpline has; None where there is none."""
    handed = _T.state == ConversationState.WITH_HELPLINE.value
    return await _CONVERSATIONS.find(tx, handed, _T.citizen_id == citizen_id)


async def is_line_due(tx: Transaction) -> bool:
    """Whether there is a line to give out now, by one read that takes no lock."""
    due = sa.select(sa.exists().where(_L.send_at <= tx.clock.now()))
    return bool((await tx.connection.execute(due)).scalar())


async def claim_lines(
    tx: Transaction, channel: MessageChannel, limit: int, claimed_for: timedelta
) -> list[tuple[Conversation, ConversationLine]]:
    """Take lines that are to go out now, of each conversation the oldest; nobody else takes them for a while."""
    earlier, now = lines_table.alias("earlier"), tx.clock.now()
    began = now - UNHEARD
    waits = sa.exists().where(
        earlier.c.conversation_id == _L.conversation_id,
        sa.tuple_(earlier.c.at, earlier.c.id) < sa.tuple_(_L.at, _L.id),
        sa.or_(
            earlier.c.send_at.is_not(None),
            sa.and_(earlier.c.state == MessageState.SENDING.value, earlier.c.at > began),
        ),
    )
    of_channel = sa.select(_T.id).where(_T.channel == channel.value)
    due = sa.select(lines_table).where(_L.send_at <= now, _L.conversation_id.in_(of_channel), ~waits)
    locked = due.order_by(_L.send_at, _L.id).limit(limit).with_for_update(skip_locked=True, of=lines_table)
    lines = [_LINES.read(tx, row) for row in await tx.connection.execute(locked)]
    until = now + claimed_for
    await tx.connection.execute(
        sa.update(lines_table).where(_L.id.in_([one.id for one in lines])).values(send_at=until)
    )
    held = await by_ids(tx, {one.conversation_id for one in lines})
    return [(held[one.conversation_id], replace(one, send_at=until)) for one in lines]


async def begin_line(tx: Transaction, line: ConversationLine) -> bool:
    """Note that a claimed line is given to its provider now; False for who does not hold it, and must not give it."""
    held = (_L.id == line.id, _L.state.in_(_OPEN), _L.send_at == line.send_at)
    begun = sa.update(lines_table).where(*held).values(state=MessageState.SENDING.value, send_at=None)
    return bool((await tx.connection.execute(begun)).rowcount)


async def put_off_line(tx: Transaction, line: ConversationLine, send_at: datetime) -> None:
    """Have a line that its provider surely did not take given again at a time."""
    unsent = sa.update(lines_table).where(_L.id == line.id, _L.state.in_(_OPEN))
    await tx.connection.execute(unsent.values(send_at=send_at))


async def move_line(tx: Transaction, line: ConversationLine, state: MessageState, **told: Any) -> bool:
    """Bring a line that goes out to a state, with what the provider `told` (`provider_id`, `reason`).

    False where it is as far already: an answer that comes late changes nothing.
    """
    lower = [each.value for each, rank in RANK.items() if rank < RANK[state]]
    values: Mapping[str, Any] = {"state": state.value, "send_at": None, **told}
    moved = sa.update(lines_table).where(_L.id == line.id, _L.state.in_(lower)).values(values)
    return bool((await tx.connection.execute(moved)).rowcount)


async def forget_before(tx: Transaction, before: datetime) -> None:
    """Delete conversations, with their lines, in which the citizen last wrote before a moment."""
    await tx.connection.execute(sa.delete(conversations_table).where(_T.heard_at < before))


async def _with_address(tx: Transaction, channel: MessageChannel, address: str) -> Conversation | None:
    indexes = tx.cipher.blind_indexes(_PURPOSE, f"{channel.value}:{address}")
    here = (_T.channel == channel.value, _T.address_index.in_(indexes), _T.state != ConversationState.CLOSED.value)
    return await _CONVERSATIONS.find(tx, *here, lock=True)


def _index(tx: Transaction, channel: MessageChannel, address: str) -> str:
    return tx.cipher.blind_index(_PURPOSE, f"{channel.value}:{address}")
