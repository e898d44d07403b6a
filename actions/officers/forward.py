"""Forwards a case to another officer of its jurisdiction, or one level up."""

from collections.abc import Sequence
from dataclasses import dataclass

from actions.applications.decide import LONGEST_REASON
from actions.kernel import (
    Environment,
    Step,
    UnitOfWork,
    apply_transition,
    of_application,
    place_of,
    require_thing,
    take_up,
    verb,
)
from actions.officers.claim import refuse_if_claimed
from actions.officers.involved import hearing
from actions.officers.proposals import refuse_if_proposed
from domain.applications.applications import Application
from domain.applications.lifecycle import Move
from domain.identity.policy import Purpose
from domain.kernel import ErrorCode, Officer, OfficerLevel, Problem, Problems, Role, Subject, written_text
from store.applications import applications
from store.database import Transaction
from store.identity import people
from store.officers import desk, leave


@dataclass(frozen=True, slots=True)
class ForwardCase:
    """A case to hand on; `officer_id` is the one who gets it, `reason` is shown to the citizen in the timeline."""

    application_id: str
    officer_id: str
    reason: str
    idempotency_key: str
    expected_version: int | None = None


@verb(applications.get)
async def forward_application(acting: UnitOfWork, request: ForwardCase) -> Application:
    """Assign a case to another officer; True where it is a replay.

    Raises Problems: NOT_FOUND, CONFLICT, REASON_REQUIRED, OFFICER_UNSUITABLE, CASE_CLAIMED, PROPOSAL_WAITS,
    TRANSITION_NOT_ALLOWED for a case that is decided.
    """
    await desk.lock_application(acting.tx, request.application_id)
    application = await take_up(
        acting, request.application_id, Purpose.DECIDE, expected_version=request.expected_version
    )
    reason = written_text(request.reason, "input", "reason", longest=LONGEST_REASON)
    await refuse_if_claimed(acting, application)
    await refuse_if_proposed(acting, application)
    suitable = {officer.id for officer in await _targets(acting, application)}
    if request.officer_id not in suitable:
        raise Problems(Problem(ErrorCode.OFFICER_UNSUITABLE, ("input", "officerId")))
    moved = await apply_transition(
        acting, application, Step(Move.FORWARD, note=reason, changes={"officer_id": request.officer_id})
    )
    await desk.release(acting.tx, moved.id)
    return moved


async def forward_targets(env: Environment, subject: Subject, application_id: str) -> list[Officer]:
    """The officers to whom the subject may forward a case; raises NOT_FOUND."""

    async def work(tx: Transaction) -> list[Officer]:
        acting, path = UnitOfWork(env, tx, subject), ("applicationId",)
        found = await applications.get(tx, application_id)
        application = await require_thing(acting, found, of_application, Purpose.DECIDE, path=path)
        return await _targets(acting, application)

    return await env.store.carry_out(work)


async def _targets(acting: UnitOfWork, application: Application) -> list[Officer]:
    """Officers posted for the case, and those one level above the subject.

    Neither the subject nor the present officer, nobody on leave, and nobody who hears an appeal about it.
    """
    found: dict[str, Officer] = {}
    above = _level_above(acting.subject, application)
    for role, level in ((Role.OFFICER, None), (Role.APPELLATE, above)):
        if role is Role.APPELLATE and level is None:
            continue
        posted = await people.posted_officers(
            acting.tx,
            role=role,
            level=level,
            department=application.department,
            district=application.district,
            tehsil=application.tehsil,
            service=application.service_code,
        )
        found |= {officer.id: officer for officer in posted}
    unfit = {acting.subject.person_id, application.officer_id, *await hearing(acting, application.id)}
    away = await leave.on_leave(acting.tx, found, acting.today)
    return [officer for key, officer in found.items() if key not in unfit and key not in away]


def _level_above(subject: Subject, application: Application) -> OfficerLevel | None:
    """The level after the highest one that the subject holds for the case; None above the second appellate."""
    levels: Sequence[OfficerLevel] = list(OfficerLevel)
    place = place_of(application)
    held = [levels.index(posting.level) for posting in subject.postings if posting.level and posting.covers(*place)]
    after = max(held, default=0) + 1
    return levels[after] if after < len(levels) else None
