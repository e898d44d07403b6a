"""A field report: what the officer saw, with photographs from the object store, the place and the time."""

import re
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from actions.acting import Acting
from actions.cases import present, take_up
from actions.clearance_steps import enter_report
from actions.environment import Environment
from actions.idempotent import once
from actions.moves import Step, move
from domain.applications import Application
from domain.clearances import Place
from domain.errors import ErrorCode, Problem, Problems
from domain.lifecycle import Move
from domain.masks import mask_aadhaar_in
from domain.people import Subject
from domain.policy import Purpose
from store.engine import Transaction

LONGEST_TEXT = 4000
MOST_PHOTOS = 10
FURTHEST_NORTH, FURTHEST_EAST = 90_000_000, 180_000_000
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ReportVerification:
    """A report. `photos` are SHA-256 of files that were uploaded; `observed_at` None is now."""

    application_id: str
    text: str
    photos: tuple[str, ...]
    place: Place | None
    idempotency_key: str
    observed_at: datetime | None = None
    expected_version: int | None = None


async def report_verification(
    env: Environment, subject: Subject, request: ReportVerification
) -> tuple[Application, bool]:
    """Report on a field verification; the case goes back into scrutiny. True where it is a replay.

    Raises Problems: NOT_FOUND, CONFLICT, REASON_REQUIRED, DOCUMENT_UNKNOWN for a photograph that is not in
    the object store, BAD_INPUT, DATE_NOT_ALLOWED, TRANSITION_NOT_ALLOWED.
    """
    missing = [place for place, sha256 in enumerate(request.photos) if not await _is_kept(env, sha256)]

    async def work(tx: Transaction) -> dict[str, Any]:
        return {"id": (await report(Acting(env, tx, subject), request, missing)).id}

    body = {**asdict(request), "observed_at": request.observed_at.isoformat() if request.observed_at else None}
    answer, replayed = await once(env, subject, "reportVerification", key=request.idempotency_key, body=body, work=work)
    return await present(env, answer["id"]), replayed


async def report(acting: Acting, request: ReportVerification, missing: list[int]) -> Application:
    """The inner step of a report, in the caller's transaction. `missing` are places of photographs without a file."""
    application = await take_up(
        acting, request.application_id, Purpose.DECIDE, expected_version=request.expected_version
    )
    problems = [*_problems(acting, application, request), *(_missing(place) for place in missing)]
    if problems:
        raise Problems(*problems)
    text = mask_aadhaar_in(request.text.strip())
    reported = await move(acting, application, Step(Move.REPORT_VERIFICATION, note=text))
    await enter_report(
        acting, reported, text, photos=request.photos, place=request.place, observed_at=request.observed_at
    )
    return reported


def _problems(acting: Acting, application: Application, request: ReportVerification) -> list[Problem]:
    found = []
    text = request.text.strip()
    if not text:
        found.append(Problem(ErrorCode.REASON_REQUIRED, ("input", "text")))
    if len(text) > LONGEST_TEXT:
        found.append(Problem(ErrorCode.BAD_INPUT, ("input", "text"), params={"longest": str(LONGEST_TEXT)}))
    if len(request.photos) > MOST_PHOTOS:
        found.append(Problem(ErrorCode.BAD_INPUT, ("input", "photos"), params={"most": str(MOST_PHOTOS)}))
    place = request.place
    if place and (abs(place.latitude) > FURTHEST_NORTH or abs(place.longitude) > FURTHEST_EAST):
        found.append(Problem(ErrorCode.BAD_INPUT, ("input", "place")))
    begun = application.submitted_at or application.created_at
    if request.observed_at and not begun <= request.observed_at <= acting.now:
        found.append(Problem(ErrorCode.DATE_NOT_ALLOWED, ("input", "observedAt")))
    return found


def _missing(place: int) -> Problem:
    return Problem(ErrorCode.DOCUMENT_UNKNOWN, ("input", "photos", str(place)), params={"position": str(place + 1)})


async def _is_kept(env: Environment, sha256: str) -> bool:
    return _SHA256.fullmatch(sha256) is not None and await env.objects.exists(sha256)
