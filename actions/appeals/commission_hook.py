"""Takes in the Commission's messages, received by webhook or fetched, each exactly once."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

import structlog

from actions.appeals.commission_filing import COMMISSION
from actions.appeals.commission_words import apply
from actions.kernel import Environment, UnitOfWork, leave_receipt, of_appeal
from domain.appeals.appeals import Appeal
from domain.appeals.commission import CommissionCase, CommissionMessage, MessageState
from domain.identity.policy import Purpose, decide
from domain.kernel import Problems
from integrations.calling.errors import NotLetIn, RemoteError, Unavailable
from integrations.right_to_service import MessageReceipt, OtherMessage, ReceivedMessage, UnknownCase
from store.appeals import appeals, commission
from store.database import Transaction, TryAgain, VersionConflict

_RACES = 3
"""How often a message is tried where somebody else changed the appeal at the same moment."""

BATCH = 50
_log = structlog.get_logger(__name__)


class CommissionHearings:
    """Takes what integrations/right_to_service/endpoint lets through."""

    def __init__(self, env: Environment) -> None:
        self._env = env

    async def take(self, word: ReceivedMessage) -> MessageReceipt:
        """Take a message once; the second delivery gets the first answer. Raises UnknownCase, OtherMessage."""
        told = await take(self._env, word)
        if not told.repeated:
            await settle_waiting(self._env, await self._appeal_of(word))
        return told

    async def case_file(self, sha256: str) -> bytes | None:
        """The case file with a hash, with a receipt that the citizen sees; None where there is none."""
        case = await self._env.store.carry_out(lambda tx: self._read(tx, sha256))
        return None if case is None else await self._env.objects.get(sha256)

    async def _read(self, tx: Transaction, sha256: str) -> CommissionCase | None:
        case = await commission.case_with_bundle(tx, sha256)
        if case is None:
            return None
        appeal = (await appeals.by_ids(tx, [case.appeal_id]))[case.appeal_id]
        if not decide(COMMISSION, of_appeal(appeal), Purpose.HEAR_APPEAL):
            return None
        await leave_receipt(UnitOfWork(self._env, tx, COMMISSION), of_appeal(appeal), Purpose.HEAR_APPEAL)
        return case

    async def _appeal_of(self, word: ReceivedMessage) -> str:
        case = await self._env.store.read(lambda tx: commission.case_by_number(tx, word.number))
        return case.appeal_id if case else ""


async def take(env: Environment, word: ReceivedMessage) -> MessageReceipt:
    """Take one message of the Commission, in one transaction. Raises UnknownCase, OtherMessage."""
    refusal: str | None = None
    for _ in range(_RACES):
        try:
            return await env.store.carry_out(partial(_take_message, env, word, refusal))
        except Problems as problems:
            refusal = problems.code.value  # what was begun is rolled back; the refusal itself is kept
        except VersionConflict:
            continue
    raise TryAgain("the case is written to by others")


async def settle_waiting(env: Environment, appeal_id: str) -> int:
    """Try the messages of an appeal that wait for another one, in their order; returns how many wait no more."""
    settled = 0
    async with env.store.read_transaction() as tx:
        known = (await commission.messages(tx, [appeal_id])).get(appeal_id, [])
    for message in known:
        if message.state is MessageState.WAITING:
            state = await _apply_waiting(env, message)
            settled += state is not MessageState.WAITING
    return settled


async def compare_cases(env: Environment) -> int:
    """Fetch the histories that were not compared for a day, apply the messages that were missed; returns how many.

    A case whose history cannot be read holds back no other one: it is asked for again on the next day.
    """
    partner, law = env.partners.commission, env.rules.law
    if partner is None:
        return 0
    before = env.clock.now() - timedelta(days=law.commission_compare_days.value)
    cases = await env.store.read(lambda tx: commission.to_compare(tx, before, BATCH))
    taken = 0
    for case in cases:
        try:
            there = await partner.case(case.number or case.reference)
        except (Unavailable, NotLetIn) as error:
            _log.warning("commission_case_not_compared", code=error.code)
            return taken
        except RemoteError as error:
            _log.error("commission_case_not_compared", code=error.code)
        else:
            if there is None:
                _log.error("commission_case_unknown_there")
            taken += await _take_missed_messages(env, there.words if there else ())
        await settle_waiting(env, case.appeal_id)
        await env.store.carry_out(partial(_mark_compared, env, case))
    return taken


async def _take_missed_messages(env: Environment, words: Sequence[ReceivedMessage]) -> int:
    """Take the words of a history; returns how many are new. One that cannot be taken holds back no other one."""
    taken = 0
    for word in words:
        try:
            taken += not (await take(env, word)).repeated
        except (UnknownCase, OtherMessage, TryAgain) as error:
            _log.error("commission_message_not_taken", reason=type(error).__name__)
    return taken


async def settle_all_waiting(env: Environment) -> int:
    """Try every message that waits, as after a hearing whose hour has come."""
    waiting = await env.store.read(lambda tx: commission.waiting_appeal_ids(tx, BATCH))
    return sum([await settle_waiting(env, appeal_id) for appeal_id in waiting])


async def _mark_compared(env: Environment, case: CommissionCase, tx: Transaction) -> None:
    present = (await commission.cases(tx, [case.appeal_id]))[case.appeal_id]
    await commission.save_case(tx, replace(present, compared_at=env.clock.now()))


async def _take_message(
    env: Environment, word: ReceivedMessage, refusal: str | None, tx: Transaction
) -> MessageReceipt:
    case = await commission.case_by_number(tx, word.number)
    if case is None:
        raise UnknownCase
    kept = await commission.message(tx, word.id)
    if kept is not None:
        if kept.digest != word.digest:
            raise OtherMessage
        return MessageReceipt(
            kept.id, kept.answered, kept.code if kept.answered is MessageState.REFUSED else None, repeated=True
        )
    acting = UnitOfWork(env, tx, COMMISSION)
    appeal = (await appeals.by_ids(tx, [case.appeal_id]))[case.appeal_id]
    message = _message(acting, case, word)
    state = MessageState.REFUSED if refusal else await apply(acting, appeal, message)
    if not await commission.add_message(tx, replace(message, state=state, answered=state, code=refusal)):
        raise VersionConflict(appeal.version, appeal.state.value)  # its twin came at the same moment
    await _note(acting, appeal, word.word.value, state)
    return MessageReceipt(word.id, state, refusal)


def _message(acting: UnitOfWork, case: CommissionCase, word: ReceivedMessage) -> CommissionMessage:
    return CommissionMessage(
        id=word.id,
        appeal_id=case.appeal_id,
        citizen_id=case.citizen_id,
        word=word.word,
        at=word.at,
        payload=word.payload,
        digest=word.digest,
        received_at=acting.now,
        state=MessageState.WAITING,
        answered=MessageState.WAITING,
    )


async def _apply_waiting(env: Environment, message: CommissionMessage) -> MessageState:
    async def work(tx: Transaction, refusal: str | None = None) -> MessageState:
        kept = await commission.message(tx, message.id)
        if kept is not None and kept.state is not MessageState.WAITING:
            return kept.state  # another worker was here in between
        acting = UnitOfWork(env, tx, COMMISSION)
        appeal = (await appeals.by_ids(tx, [message.appeal_id]))[message.appeal_id]
        state = MessageState.REFUSED if refusal else await apply(acting, appeal, message)
        if state is not MessageState.WAITING:
            await commission.settle_message(tx, message.id, state, refusal)
            await _note(acting, appeal, message.word.value, state)
        return state

    try:
        return await env.store.carry_out(work)
    except VersionConflict:
        return MessageState.WAITING
    except Problems as problems:
        return await env.store.carry_out(partial(work, refusal=problems.code.value))


async def _note(acting: UnitOfWork, appeal: Appeal, word: str, state: MessageState) -> None:
    """A line that the message came and what became of it; the change itself has lines of its own."""
    await acting.record("commission.message", "APPEAL", appeal.id, Purpose.HEAR_APPEAL, word=word, state=state.value)
