"""Notices that Asha is told of, and the messages that carry them."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from actions.feedback.channels import connected_channels
from actions.feedback.message_planning import plan_messages
from actions.feedback.message_sending import ReadValues, send_messages
from actions.feedback.notices import About, tell
from actions.feedback.receipts import MessageReport, note_reports
from actions.kernel import Environment, UnitOfWork
from domain.feedback.messages import Message, MessageChannel, MessageState
from domain.feedback.notices import NoticeKind, Topic
from domain.kernel import IST, SYSTEM, Language, Subject
from store.feedback import messages
from store.feedback.messages import messages_table
from tests.support.actions import World

MOBILE = "9800000001"
DAY = datetime(2026, 11, 24, 11, tzinfo=IST)
SMS = MessageChannel.SMS


async def words(message: Message, language: Language) -> Mapping[str, str]:
    """What a text is filled with, whatever the notice."""
    return {"number": "UKAS 12345 67890", "appeal": "UKAP 12345 67890", "on": "05-12-2026", "at": "05-12-2026 11:00"}


async def told(
    world: World, kind: NoticeKind = NoticeKind.DELIVERED, event: str = "1", *, reader: Subject | None = None
) -> None:
    """She, or another, is told of an event."""
    about = About(Topic.APPLICATION, "A", (reader or world.asha).person_id or "", None, event)
    async with world.env.store.write_transaction() as tx:
        await tell(UnitOfWork(world.env, tx, SYSTEM), kind, about, number="UKAS1234567890")


async def carry_messages(env: Environment, read: ReadValues) -> None:
    """A batch is planned, and one sent by each channel."""
    await plan_messages(env)
    await asyncio.gather(*(send_messages(env, read, each) for each in sorted(connected_channels(env))))


async def carried(world: World) -> None:
    """Messages are planned and sent."""
    await carry_messages(world.env, words)


async def note_receipt(
    env: Environment, channel: MessageChannel, provider_id: str, state: MessageState, *, at: datetime, **more: Any
) -> bool:
    """One report of a provider; whether it changed anything."""
    report = MessageReport(provider_id, state, at, **more)
    return await env.store.carry_out(lambda tx: note_reports(tx, channel, [report])) > 0


async def kept(world: World) -> list[Message]:
    """The messages, the oldest first."""
    async with world.env.store.read_transaction() as tx:
        rows = (await tx.connection.execute(select(messages_table).order_by(messages_table.c.id))).all()
        return [messages.MESSAGES.read(tx, row) for row in rows]


async def states(world: World) -> list[MessageState]:
    """Their states."""
    return [each.state for each in await kept(world)]
