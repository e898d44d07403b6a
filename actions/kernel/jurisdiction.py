"""Finds the officer responsible for a place today: the post's holder, the substitute, or the level above."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from actions.kernel.unit_of_work import UnitOfWork
from domain.appeals.appeals import LEVELS, Appeal, AppealLevel
from domain.applications.applications import Application
from domain.clearances import Clearance, Escalation, EscalationKind
from domain.kernel import Officer, OfficerLevel, Posting, Role, ist_date
from domain.officers.postings import with_taken
from domain.officers.staff import AbsenceRule, CoveredCase, CoverKind, Leave
from store import clearances
from store.database import Transaction
from store.identity import people
from store.officers import cover, leave, posts

NOBODY: frozenset[str] = frozenset()

Place = tuple[str | None, str | None, str | None, str | None]
"""Department, district, tehsil, service; without a service posts for single ones are left out."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has the work of a level; `vacant` where it went to a level above, or to nobody.

    `absence_id` is the leave or vacancy because of which it is not the officer of the post.
    """

    officer_id: str | None
    vacant: bool
    absence_id: str | None = None


async def holder_at(
    acting: UnitOfWork, place: Place, level: OfficerLevel, *, without: frozenset[str] = NOBODY
) -> Holder:
    """Who does the work of a level today. `without` are officers who must not, such as those who decided."""
    ranks = list(OfficerLevel)
    absence_id = None
    for rank in ranks[ranks.index(level) :]:
        found = await _at_work(acting, place, rank, without)
        absence_id = found.absence_id if rank is level else absence_id
        if found.officer_id is not None:
            return Holder(found.officer_id, vacant=rank is not level, absence_id=absence_id)
    return Holder(None, vacant=True, absence_id=absence_id)


async def designated_for(acting: UnitOfWork, place: Place, *, without: frozenset[str] = NOBODY) -> Holder:
    """Who decides on applications of a place today."""
    return await holder_at(acting, place, OfficerLevel.DESIGNATED, without=without)


async def authority_for(acting: UnitOfWork, place: Place, level: AppealLevel, *, without: frozenset[str]) -> Holder:
    """The officer who hears an appeal of a level today; none for the Commission, which is a body."""
    if level not in LEVELS:
        return Holder(None, vacant=False)
    return await holder_at(acting, place, LEVELS[level], without=without)


async def at_level(acting: UnitOfWork, place: Place, level: OfficerLevel) -> str | None:
    """The officer who is posted at exactly that level, on leave or not."""
    officers = await _posted_officers(acting, place, level)
    return officers[0] if officers else None


async def stand_in_at_work(acting: UnitOfWork, officer_id: str | None) -> str | None:
    """The officer who was named to stand in, where the rule lets her and she is not away herself."""
    named = [officer_id]
    found = await acting.load_once(("stands in", officer_id), lambda: stand_ins_at_work(acting, named))
    return officer_id if officer_id in found else None


async def stand_ins_at_work(acting: UnitOfWork, officer_ids: Iterable[str | None]) -> set[str]:
    """Those of the officers who were named to stand in whom the rule lets and who are not away themselves."""
    named = {officer_id for officer_id in officer_ids if officer_id is not None}
    if not named or acting.env.rules.desk.absence is not AbsenceRule.STAND_IN:
        return set()
    return named - (await leave.on_leave(acting.tx, sorted(named), acting.today)).keys()


def place_of(case: Application | Appeal) -> Place:
    """The place whose officers have an application or appeal."""
    return case.department, case.district, case.tehsil, case.service_code


async def note_holder(acting: UnitOfWork, application: Application, holder: Holder) -> None:
    """What belongs to a new holder: a warning where the post is vacant, and the way back where its officer is away."""
    await flag_vacancy(acting, application, holder)
    if holder.absence_id is not None:
        covered = CoveredCase(
            absence_id=holder.absence_id,
            kind=CoverKind.CASE,
            case_id=application.id,
            citizen_id=application.citizen_id,
            application_id=application.id,
            holder_id=holder.officer_id,
            since=acting.now,
        )
        await cover.add(acting.tx, covered)


async def flag_vacancy(acting: UnitOfWork, application: Application, holder: Holder) -> None:
    """Note that nobody at the level that ought to have the application can take it."""
    if not holder.vacant:
        return
    due_at = application.due_at or acting.now
    above = holder.officer_id
    await clearances.warn(
        acting.tx, escalation(acting, application, EscalationKind.POST_VACANT, None, above, due_at=due_at)
    )


def escalation(
    acting: UnitOfWork,
    about: Application | Appeal | Clearance,
    kind: EscalationKind,
    officer_id: str | None,
    above_id: str | None,
    *,
    due_at: datetime,
) -> Escalation:
    """A warning about an application, for its officer and for the one above."""
    return Escalation(
        id=acting.env.ids.key(),
        citizen_id=about.citizen_id,
        application_id=about.id if isinstance(about, Application) else about.application_id,
        kind=kind,
        officer_id=officer_id,
        above_id=above_id,
        due_at=due_at,
        at=acting.now,
    )


async def _at_work(acting: UnitOfWork, place: Place, level: OfficerLevel, without: frozenset[str]) -> Holder:
    """Who is at work at exactly that level: posted there, standing in, or with the charge of a vacant post."""
    posted = await _posted_officers(acting, place, level)
    officers = [officer_id for officer_id in posted if officer_id not in without]
    absent: dict[str, Leave] = {}
    if officers:
        day = acting.today
        absent = await acting.load_once(("absent", place, level), lambda: leave.on_leave(acting.tx, posted, day))
    first: str | None = None
    for officer_id in officers:
        away = absent.get(officer_id)
        if away is None:
            return Holder(officer_id, vacant=False)
        first = first or away.id
        stand_in = await stand_in_at_work(acting, away.substitute_id)
        if stand_in is not None and stand_in not in without:
            return Holder(stand_in, vacant=False, absence_id=away.id)
    for vacancy in await acting.load_once(("vacant", place, level), lambda: posts.vacant_at(acting.tx, level, place)):
        first = first or vacancy.id
        stand_in = await stand_in_at_work(acting, vacancy.cover_id)
        if stand_in is not None and stand_in not in without:
            return Holder(stand_in, vacant=False, absence_id=vacancy.id)
    return Holder(None, vacant=True, absence_id=first)


async def _posted_officers(acting: UnitOfWork, place: Place, level: OfficerLevel) -> list[str]:
    department, district, tehsil, service = place
    role = Role.OFFICER if level is OfficerLevel.DESIGNATED else Role.APPELLATE
    return await acting.load_once(
        ("posted", place, level),
        lambda: people.posted_ids(
            acting.tx,
            role=role,
            level=level,
            department=department,
            district=district,
            tehsil=tehsil,
            service=service,
        ),
    )


async def with_cover(tx: Transaction, officer: Officer) -> tuple[Posting, ...]:
    """The officer's own postings, those held as substitute today, and vacant posts in the officer's charge.

    What may not be held beside her own posts gives her no power, whatever was recorded (domain/officers/postings.py).
    """
    absent = await leave.stood_in_for(tx, officer.id, ist_date(tx.clock.now()))
    covered = [posting for one in (await people.officers(tx, absent)).values() for posting in one.postings]
    vacant = [vacancy.posting for vacancy in await posts.covered_by(tx, officer.id)]
    return with_taken(officer.postings, (*covered, *vacant))
