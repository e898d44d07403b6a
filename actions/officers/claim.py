"""Claims: an officer reserves a case for some hours; a colleague must take it over to go on."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from actions.documents.paper_judgements import ask_for_judgement
from actions.kernel import PATH, UnitOfWork, take_up, verb
from domain.applications.applications import Application
from domain.applications.lifecycle import UNDECIDED
from domain.identity.policy import Purpose
from domain.kernel import IST, ErrorCode, Problem, Problems
from domain.officers.desk import Claim
from store.applications import applications
from store.officers import desk


@dataclass(frozen=True, slots=True)
class ClaimCase:
    """A case to claim; `take_over` ends a colleague's claim that still holds."""

    application_id: str
    idempotency_key: str
    take_over: bool = False


@dataclass(frozen=True, slots=True)
class ReleaseCase:
    """A case to give back."""

    application_id: str
    idempotency_key: str


@verb(applications.get)
async def claim_application(acting: UnitOfWork, request: ClaimCase) -> Application:
    """Claim a case, or renew one's own claim; True where it is a replay. Its papers are judged anew, once a day.

    Raises Problems: NOT_FOUND, TRANSITION_NOT_ALLOWED for a case that is decided, CASE_CLAIMED where a
    colleague's claim holds and it is not to be taken over.
    """
    await desk.lock_application(acting.tx, request.application_id)
    application = await take_up(acting, request.application_id, Purpose.DECIDE)
    _refuse_if_decided(application)
    before = (await desk.claims(acting.tx, [application.id], acting.now)).get(application.id)
    claim = _new_claim(acting, application)
    holder = await desk.take_claim(acting.tx, claim, application.citizen_id, take_over=request.take_over)
    if holder is not None:
        raise _claimed_problems(holder)
    await ask_for_judgement(acting.tx, application.id, f"{application.id}:{acting.today}", again=True)
    if before is not None and before.officer_id != claim.officer_id:
        await note(acting, "take_over", application.id, taken_from=before.officer_id)
    else:
        await note(acting, "claim", application.id)
    return application


@verb(applications.get)
async def release_application(acting: UnitOfWork, request: ReleaseCase) -> Application:
    """Give a case back; a case that nobody holds stays as it is. Raises NOT_FOUND, CASE_CLAIMED for a colleague's."""
    await desk.lock_application(acting.tx, request.application_id)
    application = await take_up(acting, request.application_id, Purpose.DECIDE)
    if await refuse_if_claimed(acting, application) is not None:
        await desk.release(acting.tx, application.id)
        await note(acting, "release", application.id)
    return application


async def refuse_if_claimed(acting: UnitOfWork, application: Application) -> Claim | None:
    """One's own claim that holds, or None; raises CASE_CLAIMED where it is a colleague's."""
    claim = (await desk.claims(acting.tx, [application.id], acting.now)).get(application.id)
    if claim is not None and claim.officer_id != acting.subject.person_id:
        raise _claimed_problems(claim)
    return claim


async def note(acting: UnitOfWork, action: str, application_id: str, **detail: Any) -> None:
    """An audit line about what was done at the desk; `detail` holds no personal data."""
    await acting.record(f"desk.{action}", "APPLICATION", application_id, Purpose.DECIDE, **detail)


def _new_claim(acting: UnitOfWork, application: Application) -> Claim:
    until = acting.now + timedelta(minutes=acting.env.rules.desk.claim_minutes)
    return Claim(application.id, acting.actor, acting.now, until)


def _refuse_if_decided(application: Application) -> None:
    if application.status not in UNDECIDED:
        params = {"status": application.status.value, "move": "CLAIM"}
        raise Problems(Problem(ErrorCode.TRANSITION_NOT_ALLOWED, PATH, params=params))


def _claimed_problems(claim: Claim) -> Problems:
    return Problems(Problem(ErrorCode.CASE_CLAIMED, PATH, params={"until": in_india(claim.expires_at)}))


def in_india(instant: datetime) -> str:
    """A moment as officers write it: day, month, year, hour and minute in India."""
    return f"{instant.astimezone(IST):%d.%m.%Y %H:%M} IST"
