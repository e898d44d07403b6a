"""Gives the lines of conversations to WhatsApp, each at most once and in its order."""

import asyncio
from datetime import timedelta
from typing import Any

import structlog

from actions.kernel import Environment
from domain.certificates.certificates import ENDED
from domain.feedback.conversations import Conversation, ConversationLine
from domain.feedback.messages import MessageChannel, MessageState
from integrations.calling.errors import NotLetIn, Refused, RemoteError
from integrations.whatsapp import Choice, Content, Document, Options, Text, WhatsApp
from store.certificates import certificates
from store.feedback import conversations

AT_ONCE = 20
CLAIMED, AGAIN = timedelta(minutes=1), timedelta(seconds=10)
WINDOW_OVER, FILE_GONE = "WINDOW_OVER", "FILE_GONE"
"""Why a line did not go: she wrote more than 24 hours ago; the file that it brings is gone."""
_log = structlog.get_logger(__name__)


async def send_lines(env: Environment) -> int:
    """Give lines that are to go out to WhatsApp; how many were tried.

    Raises what one of them failed by that is no usual error, after the others were given.
    """
    number = env.partners.whatsapp
    if number is None:
        return 0
    async with env.store.read_transaction() as tx:
        if not await conversations.is_line_due(tx):
            return 0
    claimed = await env.store.carry_out(
        lambda tx: conversations.claim_lines(tx, MessageChannel.WHATSAPP, AT_ONCE, CLAIMED)
    )
    ended = await asyncio.gather(*(_send(env, number, *each) for each in claimed), return_exceptions=True)
    for error in filter(None, ended):
        raise error
    return len(claimed)


async def _send(env: Environment, number: WhatsApp, conversation: Conversation, line: ConversationLine) -> None:
    now = env.clock.now()
    if now >= conversation.answers_end_at():
        await _end(env, line, MessageState.NOT_SENT, WINDOW_OVER)
        return
    try:
        content = await _content(env, number, line)
    except RemoteError as error:  # the file could not be brought there; nothing of the line was sent
        await _note_not_taken(env, line, error, unsent=True)
        return
    if content is None:
        await _end(env, line, MessageState.NOT_SENT, FILE_GONE)
        return
    if await env.store.carry_out(lambda tx: conversations.begin_line(tx, line)):
        await _give(env, number, conversation, line, content)


async def _give(
    env: Environment, number: WhatsApp, conversation: Conversation, line: ConversationLine, content: Content
) -> None:
    """Give a begun line under its id; after an answer that was lost it stays SENDING until WhatsApp reports of it."""
    try:
        sent = await number.send(conversation.address.removeprefix("91"), content, line.id)
    except RemoteError as error:
        await _note_not_taken(env, line, error, unsent=error.nothing_arrived)
        return
    await env.store.carry_out(lambda tx: conversations.move_line(tx, line, MessageState.SENT, provider_id=sent))


async def _note_not_taken(env: Environment, line: ConversationLine, error: RemoteError, *, unsent: bool) -> None:
    """End a line that is refused for good, and put off one of which WhatsApp surely has nothing."""
    _log.warning("conversation_line_not_taken", code=error.code)
    if isinstance(error, Refused) and not isinstance(error, NotLetIn):
        await _end(env, line, MessageState.FAILED, error.code)
    elif unsent:
        again = env.clock.now() + (timedelta(seconds=error.retry_after) if error.retry_after else AGAIN)
        await env.store.carry_out(lambda tx: conversations.put_off_line(tx, line, again))


async def _content(env: Environment, number: WhatsApp, line: ConversationLine) -> Content | None:
    """What a line is to WhatsApp; None where the certificate that it brings is gone or ended."""
    extras: Any = line.extras or {}
    if choices := extras.get("choices"):
        return Options(line.text, tuple(Choice(*one) for one in choices), extras.get("opens", ""))
    if key := extras.get("certificate"):
        found = (await env.store.read(lambda tx: certificates.by_ids(tx, [key]))).get(key)
        if found is None or found.status in ENDED:
            return None
        name = f"{found.number}.pdf"
        content = await env.objects.get(found.pdf_sha256)
        if content is None:
            return None
        return Document(await number.upload(content, "application/pdf", name), name, line.text)
    return Text(line.text)


async def _end(env: Environment, line: ConversationLine, state: MessageState, reason: str) -> None:
    await env.store.carry_out(lambda tx: conversations.move_line(tx, line, state, reason=reason))
