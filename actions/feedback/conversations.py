"""The helpline's conversations: read one, take it, answer within WhatsApp's hours, and close it."""

from collections.abc import Sequence
from dataclasses import dataclass

from actions.feedback.tracking import tracking_view
from actions.kernel import Environment, UnitOfWork, note, refuse_other_version, require_thing, run_request
from domain.applications.applications import Application
from domain.feedback.conversations import Conversation, ConversationLine, LineAuthor
from domain.feedback.feedback import moderate_text
from domain.feedback.messages import MessageState
from domain.feedback.notices import Notice
from domain.feedback.tracking import HANDED_IN, Tracked
from domain.identity.policy import ObjectKind, Purpose, Resource
from domain.kernel import ErrorCode, Problem, Problems, Subject
from store.applications import applications
from store.database import Transaction
from store.feedback import conversations, notices

MOST_SHOWN = 10
"""Applications of the citizen, and notices about them, that stand beside a conversation: the latest."""


@dataclass(frozen=True, slots=True)
class ConversationRequest:
    """A step of one conversation; `expected_version` is the one that was seen."""

    conversation_id: str
    idempotency_key: str
    expected_version: int | None = None


@dataclass(frozen=True, slots=True)
class AnswerConversation:
    """What the citizen is to read."""

    conversation_id: str
    text: str
    idempotency_key: str


def of_conversation(conversation: Conversation) -> Resource:
    """What access to a conversation depends on: before it was handed over it is the citizen's own business."""
    given = conversation.handed_over_at is not None
    return Resource(ObjectKind.CONVERSATION, conversation.id, conversation.citizen_id, draft=not given)


async def read_conversation(
    env: Environment, subject: Subject, conversation_id: str
) -> tuple[Conversation, Sequence[Tracked], Sequence[Notice]]:
    """A conversation, what tracking shows of the citizen's latest applications, and the latest notices about them.

    It leaves a receipt for her and an audit line. Raises Problems: NOT_FOUND; NotSignedIn.
    """

    async def work(tx: Transaction) -> tuple[Conversation, Sequence[Tracked], Sequence[Notice]]:
        acting = UnitOfWork(env, tx, subject)
        found = await _conversation_for(acting, conversation_id, ())
        await note(acting, "conversation.read", of_conversation(found), Purpose.RESPOND)
        hers: list[Application] = []
        if found.citizen_id:
            hers = await applications.page_of_citizen(tx, found.citizen_id, statuses=HANDED_IN, limit=MOST_SHOWN)
        shown = [await tracking_view(tx, one.id) for one in hers]
        told = [one for each in (await notices.of_applications(tx, [one.id for one in hers])).values() for one in each]
        latest = sorted(told, key=lambda one: (one.created_at, one.id), reverse=True)[:MOST_SHOWN]
        return found, [one for one in shown if one is not None], latest

    return await env.store.carry_out(work)


async def take_conversation(
    env: Environment, subject: Subject, request: ConversationRequest
) -> tuple[Conversation, bool]:
    """Take a conversation, also from a colleague. Raises Problems: NOT_FOUND, STEP_NOT_ALLOWED, CONFLICT."""

    async def step(acting: UnitOfWork, _: ConversationRequest) -> Conversation:
        found = await _conversation_for(acting, request.conversation_id)
        refuse_other_version(request.expected_version, found.version, found.state)
        return await _note(acting, "take", await conversations.take(acting.tx, found, acting.subject.person_id or ""))

    return await run_request(env, subject, "takeConversation", request, step, read=conversations.get)


async def answer_conversation(
    env: Environment, subject: Subject, request: AnswerConversation
) -> tuple[Conversation, bool]:
    """Write an answer, which the worker gives to the channel; who answers has the conversation.

    Raises Problems: NOT_FOUND, STEP_NOT_ALLOWED where it is closed or a colleague has it,
    ANSWER_TOO_LATE after 24 hours without a word of the citizen, REASON_REQUIRED, BAD_INPUT.
    """
    return await run_request(env, subject, "answerConversation", request, _answer, read=conversations.get)


async def close_conversation(
    env: Environment, subject: Subject, request: ConversationRequest
) -> tuple[Conversation, bool]:
    """End a conversation; what the citizen writes next begins another. Raises as `take_conversation`."""

    async def step(acting: UnitOfWork, _: ConversationRequest) -> Conversation:
        found = await _conversation_for(acting, request.conversation_id)
        refuse_other_version(request.expected_version, found.version, found.state)
        return await _note(acting, "close", await conversations.close(acting.tx, found))

    return await run_request(env, subject, "closeConversation", request, step, read=conversations.get)


async def _answer(acting: UnitOfWork, request: AnswerConversation) -> Conversation:
    found, me = await _conversation_for(acting, request.conversation_id), acting.subject.person_id or ""
    text = moderate_text(request.text, "input", "text") or ""
    if found.officer_id not in (None, me):
        raise Problems(Problem(ErrorCode.STEP_NOT_ALLOWED, ("input", "conversationId")))
    if acting.now >= found.answers_end_at():
        raise Problems(Problem(ErrorCode.ANSWER_TOO_LATE, ("input", "text")))
    taken = await conversations.take(acting.tx, found, me)
    line = ConversationLine(
        acting.env.ids.key(),
        found.id,
        LineAuthor.HELPLINE,
        text,
        acting.now,
        officer_id=me,
        state=MessageState.CREATED,
        send_at=acting.now,
    )
    await conversations.add_line(acting.tx, line)
    return await _note(acting, "answer", taken)


async def _conversation_for(
    acting: UnitOfWork, conversation_id: str, path: tuple[str, ...] = ("input", "conversationId")
) -> Conversation:
    found = await conversations.get(acting.tx, conversation_id)
    return await require_thing(acting, found, of_conversation, Purpose.RESPOND, path=path)


async def _note(acting: UnitOfWork, step: str, saved: Conversation) -> Conversation:
    detail = {"state": saved.state.value, "version": saved.version}
    await note(acting, f"conversation.{step}", of_conversation(saved), Purpose.RESPOND, **detail)
    return saved
