"""Keeps what WhatsApp tells once, and works on it afterwards: receipts, and what people write."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog

from actions.conversations.dialogue import answer_message
from actions.feedback.receipts import MessageReport, note_reports
from actions.kernel import Environment
from actions.kernel.scanner import ScannerAway
from domain.feedback.messages import MessageChannel, MessageState
from domain.feedback.whatsapp import NOT_THERE_FOR, TemplateState
from domain.kernel import TemporarilyUnavailable
from integrations.calling.errors import RemoteError
from integrations.whatsapp import NOT_THERE, Incoming, Receipt, Told
from store.database import Transaction, VersionConflict
from store.feedback import conversations, whatsapp_consents, whatsapp_notices, whatsapp_templates
from store.feedback.whatsapp_notices import KeptNotice, NewNotice

AT_ONCE, REPORTS_AT_ONCE, CLAIMED, MOST_TRIES = 20, 500, timedelta(minutes=1), 10
KEPT_FOR = timedelta(days=9)
"""A day longer than WhatsApp's notices are taken."""
_KINDS: Mapping[str, type[Told]] = {one.__name__: one for one in (Incoming, Receipt, TemplateState)}
_LONGEST_NUMBER = 18
_log = structlog.get_logger(__name__)


class WhatsAppInbox:
    """What stands behind the webhook."""

    def __init__(self, env: Environment) -> None:
        self._env = env

    async def keep(self, told: Sequence[Told]) -> int:
        """Keep what was not told before, in its order; how much was new."""
        kept = [NewNotice(one.key, _as_json(one), getattr(one, "sender", None), one.at) for one in told]
        return await self._env.store.carry_out(lambda tx: whatsapp_notices.keep(tx, kept))


async def work_inbox(env: Environment) -> int:
    """Work on what was kept, of each sender in its order, reports all at once; how much was worked on.

    Raises what one of them failed by that is no usual error, after the others were worked on. A report among those
    that failed is worked on alone the next time.
    """
    if env.partners.whatsapp is None:
        return 0
    async with env.store.read_transaction() as tx:
        if not await whatsapp_notices.is_due(tx):
            return 0
    claim = partial(whatsapp_notices.claim, claimed_for=CLAIMED)
    written = await env.store.carry_out(lambda tx: claim(tx, AT_ONCE, written=True))
    reports = await env.store.carry_out(lambda tx: claim(tx, REPORTS_AT_ONCE, written=False))
    alone = [[one] for one in (*written, *reports) if one.tries > 1 or one in written]
    pieces = [[one for one in reports if one.tries == 1], *alone]
    ended: list[BaseException | None] = []
    for at in range(0, len(pieces), AT_ONCE):
        work = [_try(env, piece) for piece in pieces[at : at + AT_ONCE] if piece]
        ended += await asyncio.gather(*work, return_exceptions=True)
    for error in filter(None, ended):
        raise error
    return len(written) + len(reports)


async def forget_notices(env: Environment) -> None:
    """Forget what was worked on long enough ago that nothing of it is taken again."""
    before = env.clock.now() - KEPT_FOR
    await env.store.carry_out(lambda tx: whatsapp_notices.forget_before(tx, before))


async def _try(env: Environment, notices: Sequence[KeptNotice]) -> None:
    """Work on notices, or leave them for later; one that failed so often holds nobody up any more, whatever it was."""
    if notices[0].tries > MOST_TRIES:
        _log.error("whatsapp_notice_given_up")
        await env.store.carry_out(partial(whatsapp_notices.finish, key_hashes=[notices[0].key_hash]))
        return
    try:
        told = [_from_json(one.content) for one in notices]
        if isinstance(told[0], Incoming):
            await answer_message(env, told[0], notices[0].key_hash)
        else:
            await env.store.carry_out(lambda tx: _note_reports(tx, told, [one.key_hash for one in notices]))
    except (RemoteError, ScannerAway, TemporarilyUnavailable, VersionConflict) as error:
        _log.warning("whatsapp_notice_later", kind=type(error).__name__)


async def _note_reports(tx: Transaction, told: Sequence[Told], key_hashes: Sequence[str]) -> None:
    """Note what became of our messages, of lines of conversations, and of templates, all in one transaction."""
    receipts = [one for one in told if isinstance(one, Receipt)]
    reports = [MessageReport(one.message_id, one.state, one.at, one.code, _number_in(one.tag)) for one in receipts]
    await note_reports(tx, MessageChannel.WHATSAPP, reports)
    lines = await conversations.lines_named(
        tx, [one.message_id for one in receipts], [one.tag for one in receipts if one.tag]
    )
    for one in receipts:
        line = lines.get(one.message_id) or lines.get(one.tag or "")
        if line is not None and line.state is not None:
            await conversations.move_line(tx, line, one.state, reason=one.code, provider_id=one.message_id)
    gone = {one.recipient.removeprefix("91") for one in receipts if one.code == NOT_THERE and one.recipient}
    await whatsapp_consents.note_not_there(tx, gone, tx.clock.now() + NOT_THERE_FOR)
    await whatsapp_templates.note(tx, [one for one in told if isinstance(one, TemplateState)])
    await whatsapp_notices.finish(tx, key_hashes)


def _number_in(tag: str | None) -> int | None:
    """The number of a message that a tag is; None for that of a line, which has letters."""
    return int(tag) if tag and tag.isascii() and tag.isdecimal() and len(tag) <= _LONGEST_NUMBER else None


def _as_json(told: Told) -> dict[str, Any]:
    return asdict(told) | {"kind": type(told).__name__, "at": told.at.isoformat()}


def _from_json(kept: Mapping[str, Any]) -> Told:
    kind = _KINDS[kept["kind"]]
    given = {one.name: kept[one.name] for one in fields(kind)} | {"at": datetime.fromisoformat(kept["at"])}
    if kind is Receipt:
        given["state"] = MessageState(given["state"])
    return kind(**given)
