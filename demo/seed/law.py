"""Seeds appeals in every state by the ordinary actions on a clock set to the past."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from actions.appeals.appeals import (
    AppealVerdict,
    DecideAppeal,
    FileAppeal,
    RecordHearing,
    enter,
    pass_order,
    record_hearing,
)
from actions.appeals.legal_sweep import OF_BREACH, raise_levels
from actions.appeals.steps import file, follow
from actions.kernel import Environment, Place, Transition, UnitOfWork, at_level, place_of
from demo.seed.people import DemoPeople, cast_of, citizen_subject
from domain.appeals.appeals import Appeal, AppealLevel
from domain.applications.applications import Application
from domain.applications.deadline import breaches_at
from domain.applications.lifecycle import Move, Status
from domain.kernel import SYSTEM, ManualClock, OfficerLevel, SeededIds, Subject, ist_date
from store.applications import applications
from store.database import Transaction
from store.platform import seeds

PER_KIND = 2
"""Demo appeals of each kind."""

_LEAST_OVERDUE, _LEAST_DECIDED = timedelta(days=3), timedelta(days=60)
"""Only what is so long overdue or decided: there must be time for all that is replayed."""

_APPEALS = ("The documents were complete; please look at them again.", "मेरे सभी अभिलेख पूर्ण थे, कृपया पुनः विचार करें।")
_DISMISSED = "The reasons of the designated officer hold. The appeal is dismissed."
_CLOSED = "The service was given after the time limit; the delay has been explained. The appeal is closed."
_DIRECTED = "The officer is directed to decide within the days named in this order."


@dataclass(frozen=True)
class AppealReplay:
    """The environment at the moment that is replayed, and who hears appeals, by id."""

    env: Environment
    clock: ManualClock
    tx: Transaction
    officers: Mapping[str, Subject]

    def unit_of_work(self, subject: Subject) -> UnitOfWork:
        """Somebody at work at that moment."""
        return UnitOfWork(self.env, replace(self.tx, clock=self.clock), subject)


async def seed_appeals(env: Environment, demo: Mapping[str, Any]) -> bool:
    """Sow the appeals once, on top of the demo's applications; False where they are there already."""
    part = f"{demo['histories']['seed_id']}:appeals"
    now = env.clock.now()
    clock = ManualClock(now)
    back_dated = replace(env, clock=clock, ids=SeededIds(clock, part))
    async with env.store.write_transaction() as tx:
        if await seeds.is_seeded(tx, part):
            return False
        cast = await cast_of(tx, demo)
        await _file_appeals(AppealReplay(back_dated, clock, tx, cast.officers), cast, now)
        await seeds.mark(tx, part)
    return True


async def _file_appeals(bench: AppealReplay, cast: DemoPeople, now: datetime) -> None:
    """File and decide appeals about what the demo holds already."""
    held: list[Application] = []
    for citizen_id in cast.citizens.values():
        held += await applications.page_of_citizen(bench.tx, citizen_id, limit=100)
    held.sort(key=lambda one: (one.created_at, one.id))
    breached = [one for one in held if _breached_for(one, now) >= _LEAST_OVERDUE]
    rejected = [one for one in held if one.status is Status.REJECTED and _decided_for(one, now) >= _LEAST_DECIDED]
    breached, rejected = await _with_judges(bench, breached), await _with_judges(bench, rejected)
    for place, application in enumerate(breached[: 3 * PER_KIND]):
        await _about_breach(bench, application, place, now)
    oldest_and_newest = {one.id: one for one in [*rejected[: 2 * PER_KIND], *rejected[-2 * PER_KIND :]]}
    for place, application in enumerate(oldest_and_newest.values()):
        await _about_rejection(bench, application, place, now)
    late = await _with_judges(bench, [one for one in held if _delivered_late(one)])
    for place, application in enumerate(late[: 2 * PER_KIND]):
        await _about_late_delivery(bench, application, place, now)


async def _with_judges(bench: AppealReplay, found: list[Application]) -> list[Application]:
    """Those in whose place a first appellate authority is posted."""
    posted: dict[Place, str | None] = {}
    for one in found:
        if place_of(one) not in posted:
            posted[place_of(one)] = await at_level(
                bench.unit_of_work(SYSTEM), place_of(one), OfficerLevel.FIRST_APPELLATE
            )
    return [one for one in found if posted[place_of(one)]]


async def _about_breach(bench: AppealReplay, application: Application, place: int, now: datetime) -> None:
    """Filed by itself, then left, being heard, or with an order."""
    if application.due_at is None:
        return
    bench.clock.set(breaches_at(application.due_at))
    appeal = await file(bench.unit_of_work(SYSTEM), application, OF_BREACH)
    if appeal is None:
        return
    judge = bench.officers.get(appeal.authority_id or "")
    if place < PER_KIND or judge is None:
        return
    bench.clock.set(min(bench.clock.now() + timedelta(hours=35), now))
    heard = await record_hearing.step(
        bench.unit_of_work(judge), RecordHearing(appeal.id, now + timedelta(days=2), "Tehsil office", appeal.id)
    )
    if place < 2 * PER_KIND:
        return
    bench.clock.set(min(bench.clock.now() + timedelta(hours=20), now))
    until = ist_date(now) + timedelta(days=10)
    await pass_order(
        bench.unit_of_work(judge), DecideAppeal(heard.id, AppealVerdict.DIRECT, _DIRECTED, heard.id, direct_until=until)
    )


async def _about_rejection(bench: AppealReplay, application: Application, place: int, now: datetime) -> None:
    """Filed by the citizen, then dismissed, or lapsed once, or lapsed up to the Commission."""
    if application.decision is None:
        return
    bench.clock.set(application.decision.decided_at + timedelta(days=4))
    citizen = bench.unit_of_work(citizen_subject(application.citizen_id))
    appeal: Appeal = await enter(citizen, FileAppeal(application.id, _APPEALS[place % 2], application.id))
    judge = bench.officers.get(appeal.authority_id or "")
    if place % 2 == 0 and judge is not None:
        bench.clock.set(appeal.received_at + timedelta(days=9))
        await pass_order(
            bench.unit_of_work(judge), DecideAppeal(appeal.id, AppealVerdict.DISMISS, _DISMISSED, appeal.id)
        )
        return
    last = appeal
    while last.decide_by is not None and breaches_at(last.decide_by) <= now:
        bench.clock.set(breaches_at(last.decide_by))
        above = next(iter(await raise_levels(bench.unit_of_work(SYSTEM), [last])), None)
        if above is None:
            break
        last = above
        if above.level is AppealLevel.COMMISSION:
            break


async def _about_late_delivery(bench: AppealReplay, application: Application, place: int, now: datetime) -> None:
    """Filed by itself, then overtaken by the delivery; some were closed since."""
    if application.due_at is None or application.delivered_at is None:
        return
    bench.clock.set(breaches_at(application.due_at))
    appeal = await file(bench.unit_of_work(SYSTEM), application, OF_BREACH)
    bench.clock.set(application.delivered_at)
    await follow(bench.unit_of_work(SYSTEM), Transition(None, application, Move.DELIVER))
    judge = bench.officers.get(appeal.authority_id or "") if appeal else None
    if appeal is None or judge is None or place % 2:
        return
    bench.clock.set(min(application.delivered_at + timedelta(days=6), now))
    await pass_order(bench.unit_of_work(judge), DecideAppeal(appeal.id, AppealVerdict.CLOSE, _CLOSED, appeal.id))


def _delivered_late(application: Application) -> bool:
    due_at, delivered_at = application.due_at, application.delivered_at
    return due_at is not None and delivered_at is not None and delivered_at > due_at


def _breached_for(application: Application, now: datetime) -> timedelta:
    running = application.status is Status.IN_SCRUTINY and application.due_at is not None
    return now - application.due_at if running and application.due_at else timedelta()


def _decided_for(application: Application, now: datetime) -> timedelta:
    return now - application.decision.decided_at if application.decision else timedelta()
