"""Finds conflicts of interest: who dealt with a case must not hear its appeal, nor the reverse."""

from collections.abc import Collection
from dataclasses import dataclass

from actions.kernel import UnitOfWork, at_level, place_of
from domain.appeals.appeals import OPEN, Appeal, AppealLevel
from domain.applications.applications import Application
from domain.applications.lifecycle import Move
from domain.kernel import OfficerLevel
from store.appeals import appeals
from store.applications import timeline
from store.officers import desk

WORK = frozenset(
    {
        Move.BEGIN_SCRUTINY,
        Move.RAISE_QUERY,
        Move.SEND_FOR_VERIFICATION,
        Move.REPORT_VERIFICATION,
        Move.ASK_CLEARANCE,
        Move.ANSWER_CLEARANCE,
        Move.FORWARD,
        Move.APPROVE,
        Move.REJECT,
        Move.RETURN_AS_INCOMPLETE,
    }
)
"""Steps by which an officer works on a case. Handing work over for a colleague (REASSIGN) is none of them."""


@dataclass(frozen=True, slots=True)
class Past:
    """What was done on a case: the officers who had it, worked on it or weighed its decision, and its appeals."""

    workers: frozenset[str] = frozenset()
    appeals: tuple[Appeal, ...] = ()


async def pasts(acting: UnitOfWork, application_ids: Collection[str]) -> dict[str, Past]:
    """What was done on each of these cases; three statements for all of them."""
    workers = await timeline.workers(acting.tx, application_ids, WORK)
    weighed = await desk.weighed_by(acting.tx, application_ids)
    filed = await appeals.of_applications(acting.tx, application_ids)
    nobody: set[str] = set()
    return {
        key: Past(frozenset(workers.get(key, nobody) | weighed.get(key, nobody)), tuple(filed.get(key, ())))
        for key in application_ids
    }


async def barred_from(
    acting: UnitOfWork, application: Application, level: AppealLevel, past: Past | None = None
) -> frozenset[str]:
    """The officers who must not hear an appeal of that level about a case; `past` where it was read before.

    Those who worked on it, have it or decided it, and those who had an appeal about it at a level below.
    """
    past = past or (await pasts(acting, [application.id]))[application.id]
    decided_by = application.decision.officer_id if application.decision else None
    designated = application.officer_id or await at_level(acting, place_of(application), OfficerLevel.DESIGNATED)
    named = {designated, decided_by}
    below = list(AppealLevel)[: list(AppealLevel).index(level)]
    for one in past.appeals:
        named.add(one.designated_id)
        if one.level in below:
            named |= {one.authority_id, one.order.decided_by if one.order else None}
    return past.workers | {one for one in named if one is not None}


async def hearing(acting: UnitOfWork, application_id: str) -> frozenset[str]:
    """The officers who have an open appeal about a case: it must not come to them."""
    found: list[Appeal] = (await appeals.of_applications(acting.tx, [application_id])).get(application_id, [])
    return frozenset(one.authority_id for one in found if one.authority_id is not None and one.state in OPEN)
