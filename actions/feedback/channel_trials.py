"""Sends a test message by one channel: to a citizen's own address, or where an administrator wants to see it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from actions.feedback.carrier import Carrier, Outgoing
from actions.feedback.channels import carrier_of
from actions.feedback.message_outcomes import count_costs
from actions.feedback.message_planning import new_message
from actions.feedback.notices import About, new_notice
from actions.feedback.texts import texts_in_force
from actions.kernel import (
    DAY_SECONDS,
    Environment,
    UnitOfWork,
    note,
    refuse_flood,
    require,
    require_own,
    run_idempotently,
    run_request,
)
from domain.feedback.messages import Message, MessageChannel, MessageState
from domain.feedback.notices import Notice, NoticeKind, Topic
from domain.identity.policy import ObjectKind, Purpose, Resource
from domain.kernel import ErrorCode, Language, PersonKind, Problem, Problems, Subject, mobile_digits, require_found
from integrations.email import is_address
from store.database import Transaction, audit, locks
from store.feedback import messages, notices

MOST_TESTS, MOST_OFFICE_TESTS = 6, 20
"""So many test messages a citizen has in a day, and all administrators together."""
_TRIED = "message.test"


@dataclass(frozen=True, slots=True)
class SendTestMessage:
    """The channel to try; where to and in which language is said by administrators alone."""

    channel: MessageChannel
    idempotency_key: str
    to: str | None = field(default=None, repr=False)
    language: Language = Language.HI


@dataclass(frozen=True, slots=True)
class TriedChannel:
    """The notice that goes to a citizen, or what became of the message of an administrator."""

    notice: Notice | None = None
    message: Message | None = None


async def send_test_message(env: Environment, subject: Subject, request: SendTestMessage) -> tuple[TriedChannel, bool]:
    """Send the citizen who asks a test message to her own address by one channel and no other.

    An administrator says where to, and it is given to the provider at once: SENT, or SENDING for a replay, which sends
    nothing. Raises NotSignedIn; RemoteError where the provider did not take it; Problems: NOT_FOUND for others,
    CHANNEL_NOT_CONNECTED, BAD_INPUT for an address that the channel does not go to, RATE_LIMITED.
    """
    if subject.kind is PersonKind.OFFICER:
        return await _try_for_office(env, subject, request)
    if request.to is not None:
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("input", "to")))
    notice, replayed = await run_request(env, subject, "testMessage", request, _send_to_herself, read=notices.get)
    return TriedChannel(notice), replayed


async def _send_to_herself(acting: UnitOfWork, request: SendTestMessage) -> Notice:
    citizen_id = await require_own(acting, ObjectKind.NOTICE)
    _require_connected(acting.env, request.channel)
    await locks.lock_exclusive(acting.tx, "test_message", citizen_id)
    kind, since = NoticeKind.TEST_MESSAGE, acting.now - timedelta(seconds=DAY_SECONDS)
    refuse_flood(await notices.count_of_kind(acting.tx, citizen_id, kind, since), MOST_TESTS)
    test = new_notice(acting, kind, About(Topic.ACCOUNT, citizen_id, citizen_id, None, acting.env.ids.key()), {})
    await notices.add(acting.tx, test, to_send=None)
    await messages.add_many(acting.tx, [new_message(acting.env, (test.id, citizen_id, kind), request.channel)])
    return test


async def _try_for_office(env: Environment, subject: Subject, request: SendTestMessage) -> tuple[TriedChannel, bool]:
    """The message is kept nowhere: nobody's notice stands behind it. It is begun, and counted, before it goes."""
    begun = list[Outgoing]()

    async def begin(tx: Transaction) -> Mapping[str, str]:
        begun[:] = [await _begin(UnitOfWork(env, tx, subject), request)]
        return {}

    body = {"channel": request.channel.value, "to": request.to, "language": request.language.value}
    _, replayed = await run_idempotently(
        env, subject, "testMessage", key=request.idempotency_key, body=body, work=begin
    )
    message = _message(env, request.channel)
    if not replayed:
        await _require_connected(env, request.channel).send(begun[0])
        message = replace(message, state=MessageState.SENT)
    return TriedChannel(message=message), replayed


async def _begin(acting: UnitOfWork, request: SendTestMessage) -> Outgoing:
    env, tx, on_day = acting.env, acting.tx, acting.today
    resource = Resource(ObjectKind.NOTICE, env.ids.key())
    await require(env, tx, acting.subject, resource, Purpose.OPERATE, path=("input",))
    carrier = _require_connected(env, request.channel)
    address = _address(request)
    await locks.lock_exclusive(tx, "test_message", "office")
    since = acting.now - timedelta(seconds=DAY_SECONDS)
    before = await audit.objects_of(tx, ObjectKind.NOTICE, _TRIED)
    refuse_flood(sum(at > since for at in before.values()), MOST_OFFICE_TESTS)
    event = require_found((await texts_in_force(env, tx)).get(NoticeKind.TEST_MESSAGE.value), "input", "channel")
    text = require_found(event.text_for(request.channel, request.language), "input", "language")
    message = _message(env, request.channel)
    outgoing = Outgoing(message, (address,), request.language, text.fill_all({}), event)
    await count_costs(tx, env, carrier, on_day, [outgoing])
    await note(acting, _TRIED, resource, Purpose.OPERATE, channel=request.channel.value)
    return outgoing


def _message(env: Environment, channel: MessageChannel) -> Message:
    """A message of no notice: the number 0 is that of none that is kept."""
    row = new_message(env, ("", "", NoticeKind.TEST_MESSAGE), channel)
    row |= dict.fromkeys(("template", "segments", "provider", "provider_id", "next_at"))
    row |= {"id": 0, "kind": NoticeKind.TEST_MESSAGE, "channel": channel, "state": MessageState.SENDING}
    given: dict[str, Any] = row
    return Message(**given)


def _require_connected(env: Environment, channel: MessageChannel) -> Carrier:
    carrier = carrier_of(env, channel)
    if carrier is None:
        raise Problems(Problem(ErrorCode.CHANNEL_NOT_CONNECTED, ("input", "channel")))
    return carrier


def _address(request: SendTestMessage) -> str:
    """Where it goes, as carriers take it; a push goes to an app that a citizen signed in, and staff have none."""
    if request.channel is MessageChannel.PUSH:
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("input", "channel")))
    given = (request.to or "").strip()
    by_mail = request.channel is MessageChannel.EMAIL
    address = (given if is_address(given) else None) if by_mail else mobile_digits(given)
    if address is None:
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("input", "to")))
    return address
