"""Which officer has the work of a place today: her post, her substitute while she is on leave, or the level above."""

from dataclasses import dataclass
from datetime import datetime

from actions.acting import Acting
from domain.appeals import LEVELS, AppealLevel
from domain.applications import Application
from domain.clearances import Escalation, EscalationKind
from domain.people import Officer, OfficerLevel, Role
from store import clearances, leave, people

NOBODY: frozenset[str] = frozenset()

Place = tuple[str | None, str | None, str | None]
"""Department, district, tehsil."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has the work of a level; `vacant` where it went to a level above, or to nobody."""

    officer_id: str | None
    vacant: bool


async def holder_at(acting: Acting, place: Place, level: OfficerLevel, *, without: frozenset[str] = NOBODY) -> Holder:
    """Who does the work of a level today. `without` are officers who must not, such as those who decided."""
    ranks = list(OfficerLevel)
    for rank in ranks[ranks.index(level) :]:
        found = await _at_work(acting, place, rank, without)
        if found is not None:
            return Holder(found, vacant=rank is not level)
    return Holder(None, vacant=True)


async def designated_for(acting: Acting, place: Place) -> Holder:
    """Who decides on applications of a place today."""
    return await holder_at(acting, place, OfficerLevel.DESIGNATED)


async def authority_for(acting: Acting, place: Place, level: AppealLevel, *, without: frozenset[str]) -> Holder:
    """Who hears an appeal of a level today; the Commission is a body, so nobody by name has its appeals."""
    if level not in LEVELS:
        return Holder(None, vacant=False)
    return await holder_at(acting, place, LEVELS[level], without=without)


async def at_level(acting: Acting, place: Place, level: OfficerLevel) -> str | None:
    """The officer who is posted at exactly that level, on leave or not."""
    officers = await _posted(acting, place, level)
    return officers[0].id if officers else None


def place_of(application: Application) -> Place:
    """The place whose officers have an application."""
    return application.department, application.district, application.tehsil


async def flag_vacancy(acting: Acting, application: Application, holder: Holder) -> None:
    """Note that nobody is posted at the level that ought to have the application."""
    if not holder.vacant:
        return
    moment: datetime = application.due_at or acting.now
    await clearances.warn(
        acting.tx,
        Escalation(
            id=acting.env.ids.key(),
            citizen_id=application.citizen_id,
            application_id=application.id,
            kind=EscalationKind.POST_VACANT,
            officer_id=None,
            above_id=holder.officer_id,
            due_at=moment,
            at=acting.now,
        ),
    )


async def _at_work(acting: Acting, place: Place, level: OfficerLevel, without: frozenset[str]) -> str | None:
    officers = [officer.id for officer in await _posted(acting, place, level)]
    absent = await leave.on_leave(acting.tx, officers, acting.today) if officers else {}
    for officer_id in officers:
        at_work = absent[officer_id].substitute_id if officer_id in absent else officer_id
        if at_work is not None and at_work not in without and officer_id not in without:
            return at_work
    return None


async def _posted(acting: Acting, place: Place, level: OfficerLevel) -> list[Officer]:
    department, district, tehsil = place
    role = Role.OFFICER if level is OfficerLevel.DESIGNATED else Role.APPELLATE
    return await people.posted(
        acting.tx, role=role, level=level, department=department, district=district, tehsil=tehsil
    )
