"""The one place that changes an application: state, timeline, audit, figures and ledger together."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from actions.appeals.steps import follow
from actions.doorstep.endings import end_visits
from actions.etaal.counting import Counted, count_event, take_back
from actions.feedback.notices import tell_of_step
from actions.fees.fee_refunds import give_back_after
from actions.kernel.unit_of_work import Acting
from domain.applications.applications import Application, RejectionGround, TimelineEntry
from domain.applications.lifecycle import Move, Status, advance
from domain.etaal.counting import CorrectionReason, CountingEvent, counted_channel
from domain.kernel.masks import mask_aadhaar_in
from domain.statistics.figures import counted, difference, marks_of
from store.applications import applications
from store.database import audit
from store.statistics import figures

_EVENTS = MappingProxyType({Move.DELIVER: CountingEvent.DELIVERED, Move.REJECT: CountingEvent.REJECTED_BY_ORDER})
_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Step:
    """One step: the move, its coded ground, a note for the citizen, and the fields that change with it."""

    move: Move
    ground: RejectionGround | None = None
    note: str | None = None
    changes: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    documents: tuple[str, ...] = ()
    """Keys of the notified papers that it is about."""


async def move(acting: Acting, application: Application, step: Step) -> Application:
    """Take one lawful step and write everything that belongs to it.

    Raises Problems(TRANSITION_NOT_ALLOWED) for an unlawful step and store.database.errors.VersionConflict where
    somebody changed the application since it was read.
    """
    changed = replace(application, status=advance(application.status, step.move), **step.changes)
    saved = await applications.save(acting.tx, changed, application.version)
    await _record(acting, application.status, saved, step)
    await figures.add(acting.tx, difference(marks_of(counted(application)), marks_of(counted(saved))), saved.id)
    await follow(acting, saved, step.move)
    await tell_of_step(acting, saved, step.move)
    await end_visits(acting, application.status, saved)
    await give_back_after(acting, saved, step.move)
    return saved


async def register(acting: Acting, application: Application, step: Step) -> Application:
    """Enter a new application with its first step (a draft saved, or a submission)."""
    await applications.add(acting.tx, application)
    await _record(acting, None, application, step)
    await figures.add(acting.tx, marks_of(counted(application)), application.id)
    await tell_of_step(acting, application, step.move)
    return application


async def _record(acting: Acting, before: Status | None, after: Application, step: Step) -> None:
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
    await applications.add_entry(acting.tx, entry)
    await audit.append(
        acting.tx,
        audit.AuditLine(
            actor_label=acting.subject.label,
            action=f"application.{step.move.value.lower()}",
            object_kind="APPLICATION",
            object_id=after.id,
            purpose=_purpose(acting),
            detail={"version": after.version, "status": after.status.value},
        ),
    )
    await _count(acting, after, step.move)


async def _count(acting: Acting, after: Application, step: Move) -> None:
    if step is Move.REVOKE_CERTIFICATE:
        await take_back(acting, CountingEvent.DELIVERED, after.id, CorrectionReason.CERTIFICATE_REVOKED)
    event = _EVENTS.get(step)
    if event is not None:
        channel = counted_channel(event, acting.role.value, after.channel.value)
        await count_event(acting, Counted(event, after.id, after.service_code, after.district, channel))


def _note(acting: Acting, step: Step) -> str | None:
    texts = [text for text in (step.note, acting.remark) if text]
    return mask_aadhaar_in("\n".join(texts)) if texts else None


_PURPOSES = MappingProxyType(
    {"CITIZEN": "APPLY", "OPERATOR": "ASSIST", "OFFICER": "DECIDE", "DOORSTEP_AGENT": "DELIVER"}
)


def _purpose(acting: Acting) -> str:
    return _PURPOSES.get(acting.role.value, "OPERATE")
