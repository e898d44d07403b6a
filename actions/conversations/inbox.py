"""Keeps what WhatsApp tells once, and works on it afterwards: receipts, and what people write."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog

from actions.conversations.dialogue import answer_message
from actions.feedback.receipts import note_receipt
from actions.feedback.whatsapp_carrier import note_not_there
from actions.kernel import Environment
from actions.kernel.scanner import ScannerAway
from domain.feedback.messages import MessageChannel, MessageState
from domain.kernel import TemporarilyUnavailable
from integrations.calling.errors import RemoteError
from integrations.whatsapp import NOT_THERE, Incoming, Receipt
from store.database import Transaction, VersionConflict
from store.feedback import conversations, whatsapp_notices
from store.feedback.whatsapp_notices import KeptNotice

AT_ONCE, CLAIMED, MOST_TRIES = 20, timedelta(minutes=1), 10
KEPT_FOR = timedelta(days=9)
"""A day longer than WhatsApp's notices are taken."""
_log = structlog.get_logger(__name__)


class WhatsAppInbox:
    """What stands behind the webhook."""

    def __init__(self, env: Environment) -> None:
        self._env = env

    async def keep(self, told: Sequence[Incoming | Receipt]) -> int:
        """Keep what was not told before; how much was new."""

        async def work(tx: Transaction) -> int:
            kept = 0
            for one in told:
                sender = one.sender if isinstance(one, Incoming) else None
                kept += await whatsapp_notices.keep(tx, one.key, _as_json(one), sender, one.at)
            return kept

        return await self._env.store.carry_out(work)


async def work_inbox(env: Environment) -> int:
    """Work on what was kept, of each sender in its order; how much was worked on.

    Raises what one of them failed by that is no usual error, after the others were worked on.
    """
    if env.partners.whatsapp is None:
        return 0
    async with env.store.read_transaction() as tx:
        if not await whatsapp_notices.is_due(tx):
            return 0
    claimed = await env.store.carry_out(lambda tx: whatsapp_notices.claim(tx, AT_ONCE, CLAIMED))
    ended = await asyncio.gather(*(_try(env, each) for each in claimed), return_exceptions=True)
    for error in filter(None, ended):
        raise error
    return len(claimed)


async def forget_notices(env: Environment) -> None:
    """Forget what was worked on long enough ago that nothing of it is taken again."""
    before = env.clock.now() - KEPT_FOR
    await env.store.carry_out(lambda tx: whatsapp_notices.forget_before(tx, before))


async def _try(env: Environment, notice: KeptNotice) -> None:
    """Work on a notice, or leave it for later; one that failed so often holds nobody up any more, whatever it was."""
    if notice.tries > MOST_TRIES:
        _log.error("whatsapp_notice_given_up")
        await env.store.carry_out(partial(whatsapp_notices.finish, key_hash=notice.key_hash))
        return
    try:
        await _work_on(env, notice)
    except (RemoteError, ScannerAway, TemporarilyUnavailable, VersionConflict) as error:
        _log.warning("whatsapp_notice_later", kind=type(error).__name__)


async def _work_on(env: Environment, notice: KeptNotice) -> None:
    told = _from_json(notice.content)
    if isinstance(told, Incoming):
        await answer_message(env, told, notice.key_hash)
        return
    tag = int(told.tag) if told.tag and told.tag.isdigit() else None
    await note_receipt(
        env,
        MessageChannel.WHATSAPP,
        told.message_id,
        told.state,
        reason=told.code,
        at=told.at,
        message_id=tag,
    )
    if told.code == NOT_THERE and told.recipient:
        await note_not_there(env, told.recipient.removeprefix("91"))

    async def end(tx: Transaction) -> None:
        line = await conversations.line_of(tx, told.message_id, told.tag)
        if line is not None and line.state is not None:
            await conversations.move_line(tx, line, told.state, reason=told.code, provider_id=told.message_id)
        await whatsapp_notices.finish(tx, notice.key_hash)

    await env.store.carry_out(end)


def _as_json(told: Incoming | Receipt) -> dict[str, Any]:
    return asdict(told) | {"kind": type(told).__name__, "at": told.at.isoformat()}


def _from_json(kept: Mapping[str, Any]) -> Incoming | Receipt:
    kind = Incoming if kept["kind"] == "Incoming" else Receipt
    given = {one.name: kept[one.name] for one in fields(kind)} | {"at": datetime.fromisoformat(kept["at"])}
    if kind is Receipt:
        given["state"] = MessageState(given["state"])
    return kind(**given)
