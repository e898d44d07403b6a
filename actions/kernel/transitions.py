"""The one place that changes an application: writes state, timeline and audit line, then calls the followers."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from actions.kernel.course import refuse_out_of_turn
from actions.kernel.legal_clock import end_changes, resume_changes, start_changes
from actions.kernel.unit_of_work import UnitOfWork
from domain.applications.applications import Application, RejectionGround, TimelineEntry
from domain.applications.lifecycle import Move, Status, advance
from domain.catalogue.catalogue import Service
from domain.kernel import mask_aadhaar_in
from store.applications import applications, timeline

_NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Step:
    """One step: the move, its coded ground, a note for the citizen, and the fields that change with it."""

    move: Move
    ground: RejectionGround | None = None
    note: str | None = None
    changes: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    documents: tuple[str, ...] = ()
    """Keys of the notified papers that it is about."""


@dataclass(frozen=True, slots=True)
class Transition:
    """A step that was taken. `before` is None for an application that was entered with it."""

    before: Application | None
    after: Application
    move: Move


Follower = Callable[[UnitOfWork, Transition], Awaitable[None]]
"""What a noun does after each transition, in its transaction; actions/registry.py names them in their order."""


async def apply_transition(acting: UnitOfWork, application: Application, step: Step) -> Application:
    """Take one lawful step and write everything that belongs to it; also the steps that begin by themselves after it.

    Raises Problems: TRANSITION_NOT_ALLOWED for an unlawful step, STEP_NEEDED_FIRST for one out of the order of the
    service's definition; and store.database.errors.VersionConflict where somebody changed the application since it was
    read.
    """
    after = advance(application.status, step.move)
    await refuse_out_of_turn(acting, application, step.move)
    ended = end_changes(acting, application, step.move, step.changes.get("decision", application.decision))
    changed = replace(application, status=after, **{**ended, **step.changes})
    saved = await applications.save(acting.tx, changed, application.version)
    await _record(acting, application.status, saved, step)
    await _follow(acting, Transition(application, saved, step.move))
    return await acting.env.registry.begin_steps(acting, saved)


async def receive_fee(
    acting: UnitOfWork, application: Application, service: Service, receipt: str, paid_at: datetime | None
) -> Application:
    """Take the step of a fee that was paid, in the caller's transaction.

    Scrutiny begins and the legal clock starts; where the fee fell due with the approval, the clock goes on from the
    payment and the result follows. Exactly once, since the step leads out of FEE_PENDING. Raises as `apply_transition`.
    """
    if application.decision is not None and application.decision.approved:
        move, changes = Move.RECEIVE_FINAL_FEE, await resume_changes(acting, application, paid_at=paid_at)
    else:
        move, changes = Move.RECEIVE_FEE, await start_changes(acting, application, service, paid_at=paid_at)
    return await apply_transition(acting, application, Step(move, changes={"fee_receipt": receipt, **changes}))


async def register(acting: UnitOfWork, application: Application, step: Step) -> Application:
    """Enter a new application with its first step (a draft saved, or a submission)."""
    await applications.add(acting.tx, application)
    await _record(acting, None, application, step)
    await _follow(acting, Transition(None, application, step.move))
    return application


async def _follow(acting: UnitOfWork, transition: Transition) -> None:
    for follower in acting.env.registry.followers:
        await follower(acting, transition)


async def _record(acting: UnitOfWork, before: Status | None, after: Application, step: Step) -> None:
    """Each version has exactly one timeline entry, so the version is the entry's sequence."""
    entry = TimelineEntry(
        id=acting.env.ids.key(),
        application_id=after.id,
        sequence=after.version,
        move=step.move,
        before=before,
        after=after.status,
        actor_role=acting.role.value,
        actor_id=acting.subject.person_id,
        ground=step.ground,
        note=_note(acting, step),
        at=acting.now,
        documents=step.documents,
        holder_id=after.officer_id,
    )
    await timeline.add_entry(acting.tx, entry, after.citizen_id)
    await acting.record(
        f"application.{step.move.value.lower()}",
        "APPLICATION",
        after.id,
        _PURPOSES.get(acting.role.value, "OPERATE"),
        version=after.version,
        status=after.status.value,
    )


def _note(acting: UnitOfWork, step: Step) -> str | None:
    texts = [text for text in (step.note, acting.remark) if text]
    return mask_aadhaar_in("\n".join(texts)) if texts else None


_PURPOSES: Mapping[str, str] = {
    "CITIZEN": "APPLY",
    "OPERATOR": "ASSIST",
    "OFFICER": "DECIDE",
    "DOORSTEP_AGENT": "DELIVER",
}
