"""Reads what was really done in the case of an attempt, and the marks off it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product

from demo.training.exercises import Condition, Script
from domain.appeals.appeals import Appeal, AppealEvent
from domain.applications.applications import Application, TimelineEntry
from domain.doorstep import Visit, VisitState
from domain.officers.desk import OpinionState
from domain.rosters.rosters import RosterRow, RosterState, RowState
from domain.training import Attempt, Mark, MarkState
from store import doorstep
from store.appeals import appeal_course, appeals
from store.applications import applications, timeline
from store.benefits import benefits, recoveries
from store.database import Transaction
from store.officers import desk
from store.rosters import roster_rows, rosters


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that was done: its word in DEEDS, by whom and when, and what it said."""

    what: str
    by: str | None
    at: datetime
    ground: str | None = None
    text: str = ""
    papers: frozenset[str] = frozenset()
    in_time: bool = True


async def deeds_of(tx: Transaction, attempts: Iterable[Attempt]) -> dict[str, list[Deed]]:
    """What each learner did in the case of her attempt since it began, by the attempt's id."""
    known = {one.id: one for one in attempts}
    found = await _of_cases(tx, {one.case_id: one for one in known.values() if one.case_id})
    found |= await _of_rosters(tx, [one for one in known.values() if not one.case_id])
    return {
        key: [deed for deed in deeds if deed.by == known[key].learner_id and deed.at >= known[key].started_at]
        for key, deeds in found.items()
    }


def marks_of(script: Script, deeds: Sequence[Deed]) -> tuple[Mark, ...]:
    """The marks of an exercise by what was done."""
    ended = any(deed.what in script.ends for deed in deeds)
    marks = []
    for rule in script.marks:
        held = any(_holds(rule.condition, deed) for deed in deeds)
        if held:
            state = MarkState.MISSED if rule.condition.never else MarkState.MET
        elif ended:
            state = MarkState.MET if rule.condition.never else MarkState.MISSED
        else:
            state = MarkState.OPEN
        told = {MarkState.MET: rule.right, MarkState.MISSED: rule.wrong}.get(state)
        marks.append(Mark(rule.text, state, told))
    return tuple(marks)


def _holds(condition: Condition, deed: Deed) -> bool:
    said = deed.text.casefold()
    return (
        deed.what in condition.deeds
        and (not condition.grounds or deed.ground in condition.grounds)
        and condition.papers <= deed.papers
        and (not condition.words or any(word in said for word in condition.words))
        and len(said.strip()) >= condition.length
        and (deed.in_time or not condition.in_time)
    )


async def _of_cases(tx: Transaction, attempts: Mapping[str, Attempt]) -> dict[str, list[Deed]]:
    """What was done in cases, by the ids of their attempts; these come by the ids of their cases."""
    steps = await timeline.timelines(tx, attempts)
    proposals = await desk.proposals(tx, attempts)
    visits = await doorstep.of_applications(tx, attempts)
    appealed, paid = await _of_appeals(tx, attempts), await _of_benefits(tx, attempts)
    found = {}
    for case_id, application in (await applications.by_ids(tx, attempts)).items():
        deeds = [_of_step(application, step) for step in steps.get(case_id, [])]
        proposal = proposals.get(case_id)
        if proposal is not None and proposal.answered_at is not None:
            what = "CONFIRM_DECISION" if proposal.state is OpinionState.CONFIRMED else "SEND_BACK_DECISION"
            deeds.append(Deed(what, proposal.answered_by, proposal.answered_at, text=proposal.answer_note or ""))
        for visit in visits.get(case_id, []):
            deeds += _of_visit(visit)
        found[attempts[case_id].id] = [*deeds, *appealed.get(case_id, []), *paid.get(case_id, [])]
    return found


def _of_step(application: Application, step: TimelineEntry) -> Deed:
    due = application.officer_due_at
    return Deed(
        step.move.value,
        step.actor_id,
        step.at,
        ground=step.ground.value if step.ground else None,
        text=step.note or "",
        papers=frozenset(step.documents),
        in_time=due is None or step.at <= due,
    )


async def _of_appeals(tx: Transaction, case_ids: Iterable[str]) -> dict[str, list[Deed]]:
    """The steps of appeals, by case."""
    filed = await appeals.of_applications(tx, case_ids)
    events = await appeal_course.events(tx, [one.id for each in filed.values() for one in each])
    return {
        case_id: [_of_appeal_step(one, event) for one in each for event in events.get(one.id, [])]
        for case_id, each in filed.items()
    }


def _of_appeal_step(appeal: Appeal, event: AppealEvent) -> Deed:
    in_time = appeal.decide_by is None or event.at <= appeal.decide_by
    return Deed(f"APPEAL_{event.move.value}", event.actor_id, event.at, text=event.note or "", in_time=in_time)


def _of_visit(visit: Visit) -> Iterable[Deed]:
    at = visit.closed_at or visit.updated_at
    if visit.state in (VisitState.OUT, VisitState.HANDED_OVER) or (visit.failure and visit.state is VisitState.FAILED):
        yield Deed("VISIT_SET_OUT", visit.agent_id, at)
    if visit.fee_receipt is not None:
        yield Deed("VISIT_FEE", visit.agent_id, at)
    if visit.handover is not None:
        yield Deed("VISIT_HANDED_OVER", visit.agent_id, at, ground=visit.handover.proof.value)
    if visit.failure is not None:
        yield Deed("VISIT_FAILED", visit.agent_id, at, ground=visit.failure.value)


async def _of_benefits(tx: Transaction, attempts: Mapping[str, Attempt]) -> dict[str, list[Deed]]:
    """Orders about the money of each case. A new order does not name who gave it: nobody else has the case."""
    sanctions = await benefits.sanction_of_applications(tx, attempts)
    ids = [one.id for one in sanctions.values()]
    made, ordered = await benefits.instalments(tx, ids), await recoveries.of_sanctions(tx, ids)
    return {
        case_id: [
            *(
                Deed("PAYMENT_REISSUED", attempts[case_id].learner_id, one.status_at)
                for one in made.get(sanction.id, [])
                if one.reissue_of
            ),
            *(Deed("RECOVERY_ORDERED", one.made_by, one.made_at) for one in ordered.get(sanction.id, [])),
        ]
        for case_id, sanction in sanctions.items()
    }


async def _of_rosters(tx: Transaction, attempts: Sequence[Attempt]) -> dict[str, list[Deed]]:
    """What the learners of attempts did in rosters that they opened since, by attempt."""
    if not attempts:
        return {}
    opened = await rosters.opened_by(tx, {one.learner_id for one in attempts}, min(one.started_at for one in attempts))
    rows = await roster_rows.of_rosters(tx, [one.id for one in opened])
    found: dict[str, list[Deed]] = {one.id: [] for one in attempts}
    for attempt, roster in product(attempts, opened):
        by, at = attempt.learner_id, roster.created_at
        if roster.operator_id == by and at >= attempt.started_at:
            deeds = found[attempt.id]
            deeds.append(Deed("ROSTER_OPENED", by, at, ground=roster.service_code))
            deeds += [deed for row in rows.get(roster.id, []) for deed in _of_row(row, by, at)]
            if roster.state is not RosterState.DRAFT:
                deeds.append(Deed("ROSTER_FILED", by, at))
    return found


def _of_row(row: RosterRow, by: str, at: datetime) -> Iterable[Deed]:
    yield Deed("ROSTER_ROW", by, at, text=f"{row.person.name} {row.person.guardian}")
    if row.consent is not None:
        yield Deed("ROSTER_CONSENT", by, at, ground=row.consent.way.value)
    if row.state is RowState.REFUSED:
        yield Deed("ROSTER_REFUSED", by, at)
