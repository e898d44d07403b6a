"""Ends help by signed paper where the citizen says that what was filed is not hers, and opens a case about it."""

from dataclasses import dataclass

from actions.feedback.grievances import RaiseGrievance, open_grievance
from actions.identity.assistance_consent import close_session
from actions.kernel import (
    UnitOfWork,
    application_by_any,
    note,
    of_application,
    require_thing,
    verb,
)
from domain.applications.applications import Application
from domain.feedback.grievances import Grievance, GrievanceCategory
from domain.identity.assisting import Assistance, AssistanceState
from domain.identity.policy import ObjectKind, Purpose, Resource, decide
from domain.kernel import SYSTEM, not_found
from domain.kernel.messages import bilingual
from store.catalogue import centres
from store.feedback import grievances
from store.identity import assistances

_NUMBER = ("input", "number")


@dataclass(frozen=True, slots=True)
class DisputePaper:
    """The number of an application that an operator filed on a signed paper, as it was printed for the citizen."""

    number: str
    idempotency_key: str


@verb(grievances.get)
async def dispute_paper(acting: UnitOfWork, request: DisputePaper) -> Grievance:
    """Open a case for a citizen who says that she did not want what was filed, and end what the paper still lets do.

    For an operator of another centre, and for an officer of the office that decides it. The case goes to that office,
    with a due date, and up one level after it. Raises Problems: NOT_FOUND, GRIEVANCE_OPEN; MistypedNumber.
    """
    application = await application_by_any(acting.tx, request.number[:64])
    found = await assistances.papers_of_applications(acting.tx, [application.id] if application else [])
    paper = found.get(application.id) if application else None
    if application is None or paper is None:
        raise not_found(*_NUMBER)
    await _require(acting, application, paper)
    if paper.state is AssistanceState.GIVEN:
        await close_session(acting, paper.session_id)
    await note(acting, "assistance.dispute", Resource(ObjectKind.ASSISTANCE, paper.id), Purpose.ASSIST)
    said = bilingual("paper_disputed")
    case = RaiseGrievance(application.id, GrievanceCategory.PERSONAL_DATA, f"{said.hi} {said.en}", "")
    return await open_grievance(UnitOfWork(acting.env, acting.tx, SYSTEM), case)


async def _require(acting: UnitOfWork, application: Application, paper: Assistance) -> None:
    """Raise NOT_FOUND but for an operator of another centre and an officer of the place."""
    own = Resource(ObjectKind.ASSISTANCE, person_id=acting.subject.person_id)
    if decide(acting.subject, own, Purpose.APPLY):
        centre = await centres.centre_of(acting.tx, acting.subject.person_id or "")
        if centre is None or centre.code == paper.centre_code:
            raise not_found(*_NUMBER)
        return
    await require_thing(acting, application, of_application, Purpose.DECIDE, path=_NUMBER)
