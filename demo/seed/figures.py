"""Seeds reasons of delays and saved views of the demo's officers by the ordinary actions."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from actions.appeals import delays
from actions.appeals.delays import RecordDelayReason
from actions.kernel import Environment, UnitOfWork
from actions.statistics import saved_views
from actions.statistics.saved_views import SaveView
from demo.seed.people import cast_of
from domain.appeals.delays import CaseFilter, CaseList, DelayCause
from domain.identity.policy import ObjectKind, Purpose, Resource, decide
from domain.kernel import ManualClock, Posting, Role, SeededIds, Subject
from domain.officers.dashboards import Dimension, ViewContent
from store.database import Transaction
from store.platform import seeds
from store.statistics import figure_cases

MOST = 40
"""Overdue cases of which every second one is explained."""

SAID_BEFORE = timedelta(hours=3)
_CAUSES = tuple(DelayCause)


async def seed_figures(env: Environment, demo: Mapping[str, Any]) -> bool:
    """Let officers explain some late cases and keep a view each; False where it was done already."""
    part = f"{demo['histories']['seed_id']}:figures"
    clock = ManualClock(env.clock.now() - SAID_BEFORE)
    back_dated = replace(env, clock=clock, ids=SeededIds(clock, part))

    async def work(tx: Transaction) -> bool:
        if await seeds.is_seeded(tx, part):
            return False
        officers = (await cast_of(tx, demo)).officers
        then = replace(tx, clock=clock)
        late = await figure_cases.page(
            then, [Posting(Role.SYSTEM)], CaseList.OVERDUE, CaseFilter(), place=None, limit=MOST
        )
        for number, case in enumerate(late[::2]):
            officer = officers.get(case.officer_id or "")
            if officer is not None and _answers_for(officer, case):
                cause = _CAUSES[number % len(_CAUSES)]
                request = RecordDelayReason(cause, None, f"{part}:{case.id}", application_id=case.id)
                await delays.record_delay_reason.step(UnitOfWork(back_dated, then, officer), request)
        for officer in officers.values():
            if decide(officer, Resource(ObjectKind.SAVED_VIEW, person_id=officer.person_id), Purpose.APPLY):
                await saved_views.keep(UnitOfWork(back_dated, then, officer), _view(officer, part))
        await seeds.mark(tx, part)
        return True

    return await env.store.carry_out(work)


def _answers_for(officer: Subject, case: Any) -> bool:
    place = (case.department, case.district, case.tehsil)
    return decide(officer, Resource(ObjectKind.DELAY_REASON, case.id, case.citizen_id, *place), Purpose.RESPOND)


def _view(officer: Subject, part: str) -> SaveView:
    first = officer.postings[0]
    content = ViewContent(department=first.department, district=first.district, group_by=(Dimension.MONTH,))
    return SaveView("My office by month", content, f"{part}:{officer.person_id}")
