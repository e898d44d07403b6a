"""Records the reasons that officers give for delays, and their review by the Commission and by supervisors."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from actions.kernel import (
    UnitOfWork,
    note,
    permitted_postings,
    require,
    require_postings,
    require_thing,
    verb,
)
from actions.officers.dashboards import line_of
from domain.appeals.delays import LONGEST_TEXT, OLDEST_MONTHS, DelayCause, DelayReason, ReasonFilter
from domain.applications.applications import Application, clock_end_of
from domain.applications.lifecycle import ON_THE_CLOCK
from domain.feedback.feedback import moderate_text
from domain.identity.policy import ObjectKind, Purpose, Resource
from domain.kernel import ErrorCode, PersonKind, Posting, Problem, Problems, Subject, ist_date, not_found
from domain.statistics.figures import month_of, months_back
from store.appeals import delays
from store.applications import applications
from store.database import StoredList

Office = tuple[str | None, str | None, str | None]
"""Department, district and tehsil."""

_APPLICATION = ("input", "applicationId")
_MONTH = ("input", "month")


@dataclass(frozen=True, slots=True)
class RecordDelayReason:
    """A reason for one late application, or for a month of an office: exactly one of `application_id` and `month`.

    The place of a month is the officer's own posting where it is left out.
    """

    cause: DelayCause
    text: str | None
    idempotency_key: str
    application_id: str | None = None
    month: date | None = None
    department: str | None = None
    district: str | None = None
    tehsil: str | None = None


@verb(delays.get)
async def record_delay_reason(acting: UnitOfWork, request: RecordDelayReason) -> DelayReason:
    """Keep a reason; true where it is a replay.

    Raises Problems: NOT_FOUND outside of the officer's jurisdiction, BAD_INPUT where the application is not late, the
    month is in the future or too far back, the text is too long, or neither or both of application and month are named.
    """
    acting.subject.require_signed_in()
    if acting.subject.kind is not PersonKind.OFFICER or not _own_posts(acting.subject):
        raise not_found("input")
    if (request.application_id is None) == (request.month is None):
        raise Problems(Problem(ErrorCode.BAD_INPUT, _APPLICATION))
    text = _text(request.text)
    if request.application_id is not None:
        application = await _late(acting, request.application_id)
        month = month_of(ist_date(application.due_at or acting.now))
        place: Office = (application.department, application.district, application.tehsil)
        about: tuple[str | None, str | None] = (application.id, application.citizen_id)
    else:
        month, place, about = _month(acting, request.month), await _office(acting, request), (None, None)
    reason = DelayReason(
        acting.env.ids.key(), *about, month, *place, request.cause, text, acting.subject.person_id or "", acting.now
    )
    await delays.add(acting.tx, reason)
    resource = Resource(ObjectKind.DELAY_REASON, reason.id, about[1], *place)
    await note(acting, "delay.explain", resource, Purpose.RESPOND, cause=reason.cause.value)
    return reason


def reviewer_postings(subject: Subject) -> list[Posting]:
    """The postings under which the subject may read reasons; raises NotSignedIn, NOT_FOUND where there is none."""
    return require_postings(subject, ObjectKind.DELAY_REASON, Purpose.SUPERVISE)


def reasons_of(subject: Subject, wanted: ReasonFilter) -> StoredList[DelayReason]:
    """The reasons of the subject's jurisdictions, the newest first; raises as `reviewer_postings`."""
    return delays.reasons(reviewer_postings(subject), wanted)


async def _late(acting: UnitOfWork, application_id: str) -> Application:
    application = await require_thing(
        acting,
        await applications.get(acting.tx, application_id),
        lambda found: replace(line_of(found), kind=ObjectKind.DELAY_REASON),
        Purpose.RESPOND,
        path=_APPLICATION,
    )
    running = application.status in ON_THE_CLOCK and application.paused_since is None
    until = acting.now if running else clock_end_of(application)
    if application.due_at is None or until is None or until <= application.due_at:
        raise Problems(Problem(ErrorCode.BAD_INPUT, _APPLICATION))
    return application


def _month(acting: UnitOfWork, asked: date | None) -> date:
    this_month = month_of(acting.today)
    month = month_of(asked or this_month)
    if not months_back(this_month, OLDEST_MONTHS) <= month <= this_month:
        raise Problems(Problem(ErrorCode.BAD_INPUT, _MONTH))
    return month


async def _office(acting: UnitOfWork, request: RecordDelayReason) -> Office:
    place = (request.department, request.district, request.tehsil)
    if place == (None, None, None):
        held = _own_posts(acting.subject)[0]
        place = (held.department, held.district, held.tehsil)
    resource = Resource(ObjectKind.DELAY_REASON, None, None, *place)
    await require(acting.env, acting.tx, acting.subject, resource, Purpose.RESPOND, path=("input",))
    return place


def _own_posts(subject: Subject) -> Sequence[Posting]:
    return permitted_postings(subject, ObjectKind.DELAY_REASON, Purpose.RESPOND)


def _text(given: str | None) -> str | None:
    if given is None or not given.strip():
        return None
    if len(given) > LONGEST_TEXT:
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("input", "text"), params={"longest": str(LONGEST_TEXT)}))
    return moderate_text(given, "input", "text")
