"""What the citizen, the agent and the office may each see of doorstep visits."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from actions.doorstep.doorstep import agents_of
from actions.kernel import Environment, may_read_all, of_visit, with_cases
from domain import doorstep as rules
from domain.applications.applications import Application
from domain.doorstep import Visit, VisitState
from domain.identity.policy import Purpose, decide
from domain.kernel import Bilingual, Operator, Role, Subject
from store import doorstep as kept
from store.applications import applications
from store.identity import people

_ADDRESS = ("house", "address", "village", "locality", "ward", "post_office", "pin")
"""Fields of forms that say where somebody lives, in the order of an address."""


@dataclass(frozen=True, slots=True)
class VisitTask:
    """One visit as its agent sees it. Once it is over, whom it was for is no longer shown."""

    visit: Visit
    number: str
    recipient: Bilingual | None
    address: str | None


def code_for(subject: Subject, visit: Visit, now: datetime) -> str | None:
    """The hand-over code while it holds, for the citizen herself and nobody else."""
    return visit.otp if decide(subject, of_visit(visit), Purpose.VIEW) and visit.otp_holds(now) else None


async def visit_tasks(
    env: Environment,
    subject: Subject,
    states: Collection[VisitState],
    *,
    place: tuple[date, str] | None,
    backward: bool = False,
    limit: int,
) -> list[VisitTask]:
    """A page of the agent's own visits, each with a receipt that the citizen sees; empty for anybody else."""
    agent_id = _agent(subject)
    if agent_id is None:
        return []
    async with env.store.read_transaction() as tx:
        visits = await kept.page_of_agent(tx, agent_id, states, place=place, backward=backward, limit=limit)
        cases = await applications.by_ids(tx, [visit.application_id for visit in visits])
        citizens = await people.citizens(tx, [visit.citizen_id for visit in visits if visit.state in rules.OPEN])
    purposes = await may_read_all(env, subject, [of_visit(visit) for visit in visits])
    return [
        _errand(
            visit, cases[visit.application_id], citizens[visit.citizen_id].name if visit.state in rules.OPEN else None
        )
        for visit, purpose in zip(visits, purposes, strict=True)
        if purpose is not None
    ]


async def count_visit_tasks(env: Environment, subject: Subject, states: Collection[VisitState]) -> int:
    """How many visits in those states are the agent's own."""
    agent_id = _agent(subject)
    if agent_id is None:
        return 0
    return await env.store.read(lambda tx: kept.count_of_agent(tx, agent_id, states))


async def possible_agents(env: Environment, subject: Subject, visit: Visit) -> Sequence[Operator]:
    """Agents who go to the place of a visit, for those who may give it to another; empty for others."""
    (known,) = await with_cases(env, subject, [of_visit(visit)])
    if not any(decide(subject, known, purpose) for purpose in (Purpose.DECIDE, Purpose.ASSIST)):
        return []
    async with env.store.read_transaction() as tx:
        near = await agents_of(tx, visit)
        found = await people.operators(tx, [agent.operator_id for agent in near])
    return [found[agent.operator_id] for agent in near]


def _agent(subject: Subject) -> str | None:
    return subject.person_id if Role.DOORSTEP_AGENT in subject.roles else None


def _errand(visit: Visit, application: Application, recipient: Bilingual | None) -> VisitTask:
    parts = [application.form[name] for name in _ADDRESS if application.form.get(name)]
    return VisitTask(visit, application.number, recipient, ", ".join(parts) or None if recipient else None)
