"""Administrators name receivers of events: proposed by one, confirmed by a second, then kept up by either."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit

from actions.kernel import Environment, UnitOfWork, require, require_postings, require_second_person, verb
from domain.identity.policy import ObjectKind, Purpose, Resource, decide
from domain.kernel import ErrorCode, Problem, Problems, Subject, require_found
from domain.platform.changes import START
from domain.platform.event_receivers import (
    CHALLENGE,
    SECRET_OCTETS,
    EventDelivery,
    EventKind,
    EventOwner,
    EventReceiver,
    ReceiverState,
    ReceiverStep,
    secret_of,
)
from integrations.calling.ssrf_guard import NotAllowed, names_own_network, origin_of
from store.catalogue import catalogue
from store.platform import event_receivers

LONGEST_URL = 500
MOST_RECEIVERS = 20
"""Receivers of one owner that wait or are told."""
MOST_LOGGED = 100
_PATH = ("input", "receiverId")
_ENDED = (ReceiverState.REFUSED, ReceiverState.OFF)
_KEPT_UP = (ReceiverState.ACTIVE, ReceiverState.OFF, ReceiverState.FAILED)


@dataclass(frozen=True, slots=True)
class ProposeEventReceiver:
    """An address, whose it is, and the kinds of events that it is told of."""

    owner: EventOwner
    url: str
    kinds: tuple[EventKind, ...]
    idempotency_key: str
    department: str | None = None


@dataclass(frozen=True, slots=True)
class ConfirmEventReceiver:
    """A receiver that waits for a second administrator, and whether it is confirmed or refused."""

    receiver_id: str
    confirm: bool
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class ChangeEventReceiver:
    """What is done with a receiver; `since` is from when on everything is told again."""

    receiver_id: str
    step: ReceiverStep
    idempotency_key: str
    since: datetime | None = None


@verb(event_receivers.get)
async def propose_event_receiver(acting: UnitOfWork, request: ProposeEventReceiver) -> EventReceiver:
    """Ask for a receiver; nothing is sent there before a second administrator confirms it.

    Raises Problems: NOT_FOUND for who is no administrator of the department, or for a partner of the state;
    BAD_INPUT with the place of what is wrong, DEPARTMENT_UNKNOWN.
    """
    resource = Resource(ObjectKind.EVENT_RECEIVER, "new", department=request.department)
    await require(acting.env, acting.tx, acting.subject, resource, Purpose.OPERATE, path=("input",))
    return await enter(acting, request)


@verb(event_receivers.get)
async def confirm_event_receiver(acting: UnitOfWork, request: ConfirmEventReceiver) -> EventReceiver:
    """Confirm or refuse a receiver that somebody else proposed; a confirmed one is asked to answer a challenge.

    Whoever confirms what its own system asked for proposes it by that, and a second administrator is still needed.
    Raises Problems: NOT_FOUND, STEP_NOT_ALLOWED, SECOND_OFFICER_NEEDED for whoever proposed it.
    """
    receiver = await _receiver_held(acting, request.receiver_id)
    if receiver.state is ReceiverState.REQUESTED and request.confirm:
        proposed = replace(receiver, state=ReceiverState.PROPOSED, proposed_by=acting.actor, proposed_at=acting.now)
        await event_receivers.save(acting.tx, proposed, receiver.version)
        await _note(acting, proposed, "proposed")
        return proposed
    require_second_person(acting, receiver.proposed_by, *_PATH)
    if receiver.state not in {ReceiverState.PROPOSED, ReceiverState.REQUESTED}:
        raise not_allowed(receiver)
    state = ReceiverState.VERIFYING if request.confirm else ReceiverState.REFUSED
    answered = replace(receiver, state=state, confirmed_by=acting.actor, confirmed_at=acting.now)
    await event_receivers.save(acting.tx, answered, receiver.version)
    if request.confirm:
        key = acting.env.ids.key()
        challenge = EventDelivery(key, receiver.id, f"evt_{key}", CHALLENGE, acting.env.ids.token(), None, None, 0,
                                  acting.now, acting.now)  # fmt: skip
        await event_receivers.plan(acting.tx, [challenge])
    await _note(acting, answered, "confirmed" if request.confirm else "refused")
    return answered


@verb(event_receivers.get)
async def change_event_receiver(acting: UnitOfWork, request: ChangeEventReceiver) -> EventReceiver:
    """Switch a receiver on or off, make it a new secret, or tell it everything again since an instant.

    Raises Problems: NOT_FOUND, STEP_NOT_ALLOWED in a state in which that means nothing, BAD_INPUT for an instant that
    is missing or to come.
    """
    return await take_step(acting, await _receiver_held(acting, request.receiver_id), request.step, request.since)


async def receivers_for(env: Environment, subject: Subject) -> list[EventReceiver]:
    """The receivers that an administrator looks after, the newest first. Raises NOT_FOUND for others."""
    require_postings(subject, ObjectKind.EVENT_RECEIVER, Purpose.OPERATE)
    found = await env.store.read(event_receivers.all_receivers)
    return [one for one in found if decide(subject, _of_receiver(one), Purpose.OPERATE)]


async def deliveries_of(env: Environment, receiver: EventReceiver, first: int) -> Sequence[EventDelivery]:
    """The log of a receiver that was read before, the latest event first."""
    return await env.store.read(lambda tx: event_receivers.log(tx, receiver.id, first))


async def enter(
    acting: UnitOfWork, request: ProposeEventReceiver, state: ReceiverState = ReceiverState.PROPOSED
) -> EventReceiver:
    """The inner step of a proposal, or of a system's request for one, in the caller's transaction."""
    problems = [*_problems_of_url(acting.env, request.url)]
    if not request.kinds:
        problems.append(Problem(ErrorCode.BAD_INPUT, ("input", "kinds")))
    if (request.owner is EventOwner.DEPARTMENT) == (request.department is None):
        problems.append(Problem(ErrorCode.BAD_INPUT, ("input", "department")))
    elif request.department and request.department not in {one.slug for one in await catalogue.departments(acting.tx)}:
        problems.append(Problem(ErrorCode.DEPARTMENT_UNKNOWN, ("input", "department")))
    own = [one for one in await event_receivers.all_receivers(acting.tx) if one.state not in _ENDED]
    if sum((one.owner, one.department) == (request.owner, request.department) for one in own) >= MOST_RECEIVERS:
        problems.append(Problem(ErrorCode.BAD_INPUT, ("input", "owner"), params={"most": str(MOST_RECEIVERS)}))
    if problems:
        raise Problems(*problems)
    receiver = EventReceiver(
        id=acting.env.ids.key(),
        owner=request.owner,
        department=request.department,
        url=request.url,
        kinds=tuple(dict.fromkeys(request.kinds)),
        state=state,
        secret=_new_secret(acting.env),
        secret_made_at=acting.now,
        proposed_by=acting.actor,
        proposed_at=acting.now,
    )
    await event_receivers.add(acting.tx, receiver)
    await _note(acting, receiver, state.value.lower())
    return receiver


async def take_step(
    acting: UnitOfWork, receiver: EventReceiver, step: ReceiverStep, since: datetime | None
) -> EventReceiver:
    """The inner step of a change of a receiver whose row is held, in the caller's transaction; gives it changed."""
    stops_the_challenge = receiver.state is ReceiverState.VERIFYING and step is ReceiverStep.SWITCH_OFF
    keeps_it_up = receiver.state in _KEPT_UP and (step is not ReceiverStep.TELL_AGAIN or receiver.begins_at is not None)
    if not (stops_the_challenge or keeps_it_up):
        raise not_allowed(receiver)
    match step:
        case ReceiverStep.SWITCH_ON:
            state = ReceiverState.VERIFYING if receiver.begins_at is None else ReceiverState.ACTIVE
            changed = replace(receiver, state=state, failure=None)
            await event_receivers.make_due(acting.tx, receiver.id)
        case ReceiverStep.SWITCH_OFF:
            changed = replace(receiver, state=ReceiverState.OFF)
        case ReceiverStep.ROTATE:
            secret = _new_secret(acting.env)
            changed = replace(receiver, secret=secret, former_secret=receiver.secret, secret_made_at=acting.now)
        case ReceiverStep.TELL_AGAIN:
            changed = await _told_again(acting, receiver, since)
    await event_receivers.save(acting.tx, changed, receiver.version)
    await _note(acting, changed, step.value.lower())
    return changed


async def _told_again(acting: UnitOfWork, receiver: EventReceiver, since: datetime | None) -> EventReceiver:
    """The receiver as it reads the feed from its beginning, to be told what happened since an instant."""
    if since is None or since > acting.now:
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("input", "since")))
    await event_receivers.make_due(acting.tx, receiver.id, since=since)
    began = min(since, receiver.begins_at or since)
    return replace(receiver, begins_at=began, feed_transaction=START.transaction, feed_row=START.row)


async def _receiver_held(acting: UnitOfWork, receiver_id: str) -> EventReceiver:
    receiver = require_found(await event_receivers.get(acting.tx, receiver_id, lock=True), *_PATH)
    await require(acting.env, acting.tx, acting.subject, _of_receiver(receiver), Purpose.OPERATE, path=_PATH)
    return receiver


def _of_receiver(receiver: EventReceiver) -> Resource:
    """A department's is its administrators'; a partner's those of the state."""
    return Resource(ObjectKind.EVENT_RECEIVER, receiver.id, department=receiver.department)


def _problems_of_url(env: Environment, url: str) -> list[Problem]:
    """What is wrong with an address; where sandboxes are taken, one of our own network may be told over plain HTTP.

    Names are looked up and their addresses checked again at every call (integrations/calling/ssrf_guard.py).
    """
    path = ("input", "url")
    try:
        scheme, host, _ = origin_of(url)
    except NotAllowed:
        return [Problem(ErrorCode.BAD_INPUT, path)]
    parts = urlsplit(url)
    plain = not (parts.query or parts.fragment) and len(url) <= LONGEST_URL and url.isascii() and url.isprintable()
    ours = names_own_network(host)
    allowed = (scheme == "https" and not ours) or (env.rules.takes_sandboxes and ours and scheme in {"http", "https"})
    return [] if plain and allowed else [Problem(ErrorCode.BAD_INPUT, path)]


def _new_secret(env: Environment) -> str:
    return secret_of(env.ids.token(SECRET_OCTETS))


def not_allowed(receiver: EventReceiver) -> Problems:
    """The refusal of a step that means nothing in the receiver's state."""
    return Problems(Problem(ErrorCode.STEP_NOT_ALLOWED, _PATH, params={"state": receiver.state.value}))


async def _note(acting: UnitOfWork, receiver: EventReceiver, step: str) -> None:
    await acting.record(f"event_receiver.{step}", "EVENT_RECEIVER", receiver.id, Purpose.OPERATE, owner=receiver.owner)
