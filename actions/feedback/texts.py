"""The texts of messages in force, and how a new one comes into force: proposed, confirmed by a second administrator."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache, partial
from typing import TypeVar

from actions.kernel import Environment, UnitOfWork, require, require_postings, require_second_person, run_request
from domain.catalogue.definitions import DraftState
from domain.feedback.message_texts import EventTexts
from domain.feedback.text_proposals import TextProposal
from domain.feedback.whatsapp import TemplateState
from domain.identity.policy import ObjectKind, Purpose, Resource
from domain.kernel import CommandFailed, ErrorCode, Problem, Problems, Subject, ist_date, require_found
from states.message_texts import LARGEST, document_problems, texts_of_document
from store.database import Transaction
from store.feedback import text_proposals, whatsapp_templates

MOST_LISTED = 20
T = TypeVar("T")
_PATH = ("input", "proposalId")
_TEXTS = Resource(ObjectKind.DEFINITION, "texts")
"""Texts are those of the whole state, so that an administrator of one department has no say in them."""


@dataclass(frozen=True, slots=True)
class ProposeMessageText:
    """The texts of an event as their document, or without one those of the state's package again, from a day on."""

    event: str
    publish_on: date
    idempotency_key: str
    document: str | None = None


@dataclass(frozen=True, slots=True)
class ConfirmMessageText:
    """A text that waits for a second administrator, and whether it is confirmed or refused."""

    proposal_id: str
    confirm: bool
    idempotency_key: str


async def texts_in_force(env: Environment, tx: Transaction) -> Mapping[str, EventTexts]:
    """The texts of all events as they are today: those of the state's package, but for what was published."""
    return {**env.rules.message_texts, **{event: one for event, one in (await _published_texts(tx)).items() if one}}


async def unreadable_texts(tx: Transaction) -> list[str]:
    """The events whose published text cannot be read by this release, in whose place that of the package goes."""
    return [event for event, one in (await _published_texts(tx)).items() if one is None]


async def _published_texts(tx: Transaction) -> dict[str, EventTexts | None]:
    changed = await text_proposals.in_force(tx, ist_date(tx.clock.now()))
    return {event: _texts_of(event, one.document) for event, one in changed.items() if one.document}


async def propose_message_text(
    env: Environment, subject: Subject, request: ProposeMessageText
) -> tuple[TextProposal, bool]:
    """Ask for a text to be published on a day; nothing changes before a second administrator confirms it.

    Raises Problems: NOT_FOUND for who is no administrator of the state, BAD_INPUT with the place of what is wrong,
    DATE_NOT_ALLOWED for a day that is over.
    """
    return await run_request(env, subject, "proposeMessageText", request, _propose, read=text_proposals.get)


async def confirm_message_text(
    env: Environment, subject: Subject, request: ConfirmMessageText
) -> tuple[TextProposal, bool]:
    """Confirm or refuse a text that another administrator proposed.

    Raises Problems: NOT_FOUND, STEP_NOT_ALLOWED, SECOND_OFFICER_NEEDED for whoever proposed it, and as
    `propose_message_text` where it breaks a rule by now.
    """
    return await run_request(env, subject, "confirmMessageText", request, _confirm, read=text_proposals.get)


async def texts_for(env: Environment, subject: Subject) -> Mapping[str, EventTexts]:
    """The texts in force, for administrators of the state. Raises NOT_FOUND for others."""
    return await _read_for(env, subject, partial(texts_in_force, env))


async def proposals_for(env: Environment, subject: Subject) -> list[TextProposal]:
    """The latest proposals, for administrators of the state. Raises NOT_FOUND for others."""
    return await _read_for(env, subject, partial(text_proposals.latest, limit=MOST_LISTED))


async def whatsapp_states_for(env: Environment, subject: Subject) -> Iterable[TemplateState]:
    """What WhatsApp said last of account and numbers, and the templates that somebody must look at.

    Raises NOT_FOUND for who is no administrator of the state.
    """
    told = await _read_for(env, subject, whatsapp_templates.all_states)
    return [one for one in told if not one.language or one.needs_attention(env.clock.now())]


async def _read_for(env: Environment, subject: Subject, read: Callable[[Transaction], Awaitable[T]]) -> T:
    require_postings(subject, ObjectKind.DEFINITION, Purpose.OPERATE)
    async with env.store.read_transaction() as tx:
        await require(env, tx, subject, _TEXTS, Purpose.OPERATE)
        return await read(tx)


def _require_fit(event: str, document: str) -> None:
    """Raise Problems with BAD_INPUT for each thing that is wrong with an event's document."""
    problems = [f"longer than {LARGEST}"] if len(document) > LARGEST else document_problems(event, document)
    if problems:
        path, sentence = ("input", "document"), "message_text.refused"
        raise Problems(
            *(Problem(ErrorCode.BAD_INPUT, path, params={"said": one}, sentence=sentence) for one in problems)
        )


async def _propose(acting: UnitOfWork, request: ProposeMessageText) -> TextProposal:
    await _require(acting, ("input",))
    return await propose(acting, request)


async def propose(acting: UnitOfWork, request: ProposeMessageText) -> TextProposal:
    """The inner step of a proposal, in the caller's transaction, for one who may."""
    if request.publish_on < acting.today:
        raise Problems(Problem(ErrorCode.DATE_NOT_ALLOWED, ("input", "publishOn")))
    if request.event not in acting.env.rules.message_texts:
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("input", "event")))
    if request.document is not None:
        _require_fit(request.event, request.document)
    proposal = TextProposal(
        id=acting.env.ids.key(),
        event=request.event,
        document=request.document,
        state=DraftState.WAITING,
        publish_on=request.publish_on,
        proposed_by=acting.actor,
        proposed_at=acting.now,
    )
    await text_proposals.add(acting.tx, proposal)
    await _note(acting, proposal)
    return proposal


async def _confirm(acting: UnitOfWork, request: ConfirmMessageText) -> TextProposal:
    await _require(acting, _PATH)
    proposal = require_found(await text_proposals.get(acting.tx, request.proposal_id), *_PATH)
    require_second_person(acting, proposal.proposed_by, *_PATH)
    if request.confirm and proposal.document is not None:
        _require_fit(proposal.event, proposal.document)
    state = DraftState.CONFIRMED if request.confirm else DraftState.REFUSED
    answered = replace(proposal, state=state, confirmed_by=acting.actor, confirmed_at=acting.now)
    if proposal.state is not DraftState.WAITING or not await text_proposals.answer(acting.tx, answered):
        raise Problems(Problem(ErrorCode.STEP_NOT_ALLOWED, _PATH, params={"state": proposal.state.value}))
    await _note(acting, answered)
    return answered


async def _require(acting: UnitOfWork, path: tuple[str, ...]) -> None:
    await require(acting.env, acting.tx, acting.subject, _TEXTS, Purpose.OPERATE, path=path)


async def _note(acting: UnitOfWork, proposal: TextProposal) -> None:
    action = f"message_text.{proposal.state.value.lower()}"
    await acting.record(action, "DEFINITION", proposal.id, Purpose.OPERATE, event=proposal.event)


@lru_cache(maxsize=1_000)
def _texts_of(event: str, document: str) -> EventTexts | None:
    try:
        return texts_of_document(event, document)
    except CommandFailed:
        return None
