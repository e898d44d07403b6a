"""What tests of the law share: authorities of Dehradun, and the days that the clock has to pass."""

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from actions.appeals.appeals import AppealVerdict, DecideAppeal, FileAppeal, RecordHearing, decide_appeal, file_appeal
from actions.appeals.appeals import record_hearing as fix
from actions.applications.decide import Decide, Verdict, decide_application
from actions.kernel import Environment, courses_of, filed_as
from domain.appeals.appeals import Appeal, AppealEvent
from domain.applications.applications import Application, RejectionGround
from domain.applications.deadline import breaches_at
from domain.applications.lifecycle import Move
from domain.catalogue.course import moves_in_course
from domain.kernel import IST, Bilingual, Officer, OfficerLevel, PersonKind, Posting, Role, Subject
from store.appeals import appeal_course, appeals
from store.applications import applications
from store.catalogue import catalogue
from store.identity import people
from tests.support.actions import FREE, World

DEPARTMENT = "panchayati-raj-development"
"""The department of the service FREE, whose designated officer in the world is the registrar."""

MONDAY = date(2026, 11, 30)
"""No holiday lies in the three weeks after it, and the second Saturday is 12 December."""


def at(day: date, hour: int = 11) -> datetime:
    """An hour of a day in India."""
    return datetime.combine(day, time(hour), tzinfo=IST)


async def submitted(world: World, days: int = 8, **changes: Any) -> Application:
    """An application of Asha's of that Monday, for which the limit is so many working days."""
    async with world.env.store.write_transaction() as tx:
        service = await catalogue.service(tx, FREE)
        assert service is not None
        await catalogue.upsert_services(tx, [replace(service, limit_days=days)])
    world.clock.set(at(MONDAY))
    return await world.submit(world.asha, **changes)


@dataclass(frozen=True)
class Authorities:
    """Who hears appeals about the registrar."""

    bdo: Subject
    dm: Subject
    commission: Subject


async def authorities(world: World) -> Authorities:
    """Enter a first and a second authority of Dehradun, and a Commissioner."""
    levels = (
        ("bdo", Posting(Role.APPELLATE, DEPARTMENT, "49", None, OfficerLevel.FIRST_APPELLATE)),
        ("dm", Posting(Role.APPELLATE, DEPARTMENT, "49", None, OfficerLevel.SECOND_APPELLATE)),
        ("commission", Posting(Role.COMMISSION)),
    )
    return Authorities(**{name: await enter_officer(world.env, name, posting) for name, posting in levels})


async def enter_officer(env: Environment, name: str, *postings: Posting) -> Subject:
    """Enter an officer and give her as a subject."""
    title = Bilingual("अधिकारी", "Officer")
    officer = Officer(env.ids.key(), Bilingual(None, name), title, f"{name}@officer.example", postings)
    async with env.store.write_transaction() as tx:
        await people.add_officer(tx, officer)
    return Subject(frozenset(one.role for one in postings), PersonKind.OFFICER, officer.id, postings)


async def refused(world: World, **changes: Any) -> Application:
    """An application of Asha that the registrar rejected."""
    application = await world.submit(world.asha, **changes)
    request = Decide(
        application.id,
        Verdict.REJECT,
        f"no-{application.id}",
        ground=RejectionGround.NOT_ELIGIBLE,
        reason="Not born here.",
    )
    return (await decide_application(world.env, world.registrar, request))[0]


async def overdue(world: World, service: str = FREE) -> Application:
    """An application of Asha on which nobody acted; the clock stands at the first second after its due instant."""
    application = await world.submit(world.asha, service)
    assert application.due_at is not None
    world.clock.set(breaches_at(application.due_at))
    return application


async def appealed(world: World, application: Application, key: str = "appeal", **changes: Any) -> Appeal:
    """An appeal of Asha by hand."""
    request = FileAppeal(application.id, "I was born in Dehradun.", key, **changes)
    return (await file_appeal(world.env, world.asha, request))[0]


async def heard(world: World, authority: Subject, appeal: Appeal) -> Appeal:
    """A hearing that took place just now."""
    request = RecordHearing(appeal.id, world.clock.now(), "Block office, Raipur", f"hearing-{appeal.version}")
    return (await fix(world.env, authority, request))[0]


async def ordered(world: World, authority: Subject, appeal: Appeal, verdict: AppealVerdict, **changes: Any) -> Appeal:
    """An order of an authority."""
    request = DecideAppeal(appeal.id, verdict, "Reasons.", f"{verdict}-{appeal.version}", **changes)
    return (await decide_appeal(world.env, authority, request))[0]


async def appeals_of(env: Environment, application_id: str) -> list[Appeal]:
    """The appeals of an application, the oldest first."""
    async with env.store.read_transaction() as tx:
        return (await appeals.of_applications(tx, [application_id])).get(application_id, [])


async def events_of(env: Environment, appeal_id: str) -> list[AppealEvent]:
    """The steps of an appeal."""
    async with env.store.read_transaction() as tx:
        return (await appeal_course.events(tx, [appeal_id]))[appeal_id]


async def present(env: Environment, application_id: str) -> Application:
    """An application as it now is."""
    async with env.store.read_transaction() as tx:
        found = await applications.get(tx, application_id)
    assert found is not None
    return found


async def open_moves(env: Environment, case: Application) -> frozenset[Move]:
    """The steps that may come next for an application as it now is."""
    now = await present(env, case.id)
    async with env.store.read_transaction() as tx:
        return moves_in_course(now.status, (await courses_of(tx, [filed_as(now)])).get(filed_as(now)))


def pass_days(world: World, days: int) -> datetime:
    """Let days go by; gives the new moment."""
    world.clock.advance(timedelta(days=days))
    return world.clock.now()
