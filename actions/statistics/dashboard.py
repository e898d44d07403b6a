"""A citizen's first page: what the citizen has, what is waiting, what is due next, in few queries."""

from dataclasses import dataclass

from actions.kernel import Environment, may_read_all, of_application, of_citizen, require_read
from domain.applications.applications import Application
from domain.applications.lifecycle import OPEN, Status
from domain.identity.policy import ObjectKind
from domain.kernel import Subject
from store.statistics import dashboard

MOST = 20
"""Applications that wait for her, in one answer."""

NEXT, LATEST = 5, 5


@dataclass(frozen=True, slots=True)
class Dashboard:
    """The whole page; `queries` and `fees` wait for the citizen."""

    counts: dict[Status, int]
    queries: list[Application]
    fees: list[Application]
    deadlines: list[Application]
    latest: list[Application]


async def dashboard_of(env: Environment, subject: Subject, citizen_id: str) -> Dashboard:
    """Read the page in four queries, for herself or the operator whom she let help. Raises NOT_FOUND.

    An operator is shown the applications for which the consent is given, and each leaves its receipt.
    """
    await require_read(env, subject, of_citizen(citizen_id, ObjectKind.APPLICATION))
    async with env.store.read_transaction() as tx:
        counts = await dashboard.counts(tx, citizen_id)
        waiting = await dashboard.in_states(tx, citizen_id, (Status.QUERY_RAISED, Status.FEE_PENDING), MOST)
        deadlines = await dashboard.next_due(tx, citizen_id, OPEN, NEXT)
        latest = await dashboard.latest(tx, citizen_id, LATEST)
    shown = {one.id: of_application(one) for one in (*waiting, *deadlines, *latest)}
    purposes = await may_read_all(env, subject, list(shown.values()))
    hidden = {key for key, purpose in zip(shown, purposes, strict=True) if purpose is None}
    waiting, deadlines, latest = (
        [one for one in some if one.id not in hidden] for some in (waiting, deadlines, latest)
    )
    return Dashboard(
        counts=counts,
        queries=[one for one in waiting if one.status is Status.QUERY_RAISED],
        fees=[one for one in waiting if one.status is Status.FEE_PENDING],
        deadlines=deadlines,
        latest=latest,
    )
