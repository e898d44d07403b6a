"""Records a field report: the officer's findings, uploaded photographs, place and time."""

from dataclasses import dataclass
from datetime import datetime

from actions.catalogue.submit_checks import place_problems
from actions.clearances.steps import enter_report
from actions.kernel import Step, UnitOfWork, apply_transition, of_application, take_up, verb
from actions.uploads.uploads import require_upload, use
from domain.applications.applications import Application
from domain.applications.lifecycle import Move
from domain.clearances import Photo, Place
from domain.identity.policy import Purpose
from domain.kernel import ErrorCode, Problem, Problems, mask_aadhaar_in
from domain.uploads.files import MediaType, UploadedFile
from store.applications import applications

LONGEST_TEXT = 4000
MOST_PHOTOS = 10
PHOTOGRAPHS = frozenset({MediaType.JPEG, MediaType.PNG})
FURTHEST_NORTH, FURTHEST_EAST = 90_000_000, 180_000_000


@dataclass(frozen=True, slots=True)
class ReportVerification:
    """A report. `photos` are references of uploads, `tehsil` names the place beside or without its point.

    `observed_at` None is now.
    """

    application_id: str
    text: str
    photos: tuple[str, ...]
    place: Place | None
    idempotency_key: str
    observed_at: datetime | None = None
    expected_version: int | None = None
    tehsil: str | None = None


@verb(applications.get)
async def report_verification(acting: UnitOfWork, request: ReportVerification) -> Application:
    """Report on a field verification; the case goes back into scrutiny. True where it is a replay.

    Raises Problems: NOT_FOUND, CONFLICT, REASON_REQUIRED, UPLOAD_UNKNOWN for a photograph that the officer did
    not hand in, FILE_TYPE_NOT_ALLOWED, BAD_INPUT, PLACE_UNKNOWN, DATE_NOT_ALLOWED, TRANSITION_NOT_ALLOWED.
    """
    application = await take_up(
        acting, request.application_id, Purpose.DECIDE, expected_version=request.expected_version
    )
    problems = [*_problems(acting, application, request), *await _place_problems(acting, application, request)]
    if problems:
        raise Problems(*problems)
    photos = [await _photo(acting, number, reference) for number, reference in enumerate(request.photos)]
    text = mask_aadhaar_in(request.text.strip())
    reported = await apply_transition(acting, application, Step(Move.REPORT_VERIFICATION, note=text))
    for photo in photos:
        await use(acting, photo, of_application(reported))
    await enter_report(
        acting,
        reported,
        text,
        photos=tuple(Photo(photo.sha256, photo.media_type.value) for photo in photos),
        place=request.place,
        tehsil=request.tehsil,
        observed_at=request.observed_at,
    )
    return reported


def _problems(acting: UnitOfWork, application: Application, request: ReportVerification) -> list[Problem]:
    found = []
    text = request.text.strip()
    if not text:
        found.append(Problem(ErrorCode.REASON_REQUIRED, ("input", "text"), sentence="lacking.text"))
    if len(text) > LONGEST_TEXT:
        found.append(Problem(ErrorCode.BAD_INPUT, ("input", "text"), params={"longest": str(LONGEST_TEXT)}))
    if len(request.photos) > MOST_PHOTOS or len(set(request.photos)) < len(request.photos):
        found.append(Problem(ErrorCode.BAD_INPUT, ("input", "photoIds"), params={"most": str(MOST_PHOTOS)}))
    place = request.place
    if place and (abs(place.latitude) > FURTHEST_NORTH or abs(place.longitude) > FURTHEST_EAST):
        found.append(Problem(ErrorCode.BAD_INPUT, ("input", "place")))
    begun = application.submitted_at or application.created_at
    if request.observed_at and not begun <= request.observed_at <= acting.now:
        found.append(Problem(ErrorCode.DATE_NOT_ALLOWED, ("input", "observedAt")))
    return found


async def _place_problems(acting: UnitOfWork, application: Application, request: ReportVerification) -> list[Problem]:
    """PLACE_UNKNOWN for a tehsil that the district of the case does not have."""
    if request.tehsil is None:
        return []
    return await place_problems(acting.tx, application.district, request.tehsil)


async def _photo(acting: UnitOfWork, number: int, reference: str) -> UploadedFile:
    path = ("input", "photoIds", str(number))
    photo = await require_upload(acting.env, acting.tx, acting.subject, reference, path=path)
    if photo.media_type not in PHOTOGRAPHS:
        raise Problems(Problem(ErrorCode.FILE_TYPE_NOT_ALLOWED, path))
    return photo
