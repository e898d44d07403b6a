"""Reads what was really done in the case of an attempt, and the marks off it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

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
from store.catalogue import centres
from store.database import Transaction
from store.officers import desk
from store.rosters import roster_rows, rosters

_MOST_ROSTERS = 20


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


async def deeds_of(tx: Transaction, attempt: Attempt) -> list[Deed]:
    """What the learner did in the attempt's case since it began."""
    found = await (_of_case(tx, attempt, attempt.case_id) if attempt.case_id else _of_rosters(tx, attempt))
    return [one for one in found if one.by == attempt.learner_id and one.at >= attempt.started_at]


def marks_of(script: Script, deeds: list[Deed]) -> tuple[Mark, ...]:
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


async def _of_case(tx: Transaction, attempt: Attempt, case_id: str) -> list[Deed]:
    application = await applications.get(tx, case_id)
    if application is None:
        return []
    steps = (await timeline.timelines(tx, [case_id])).get(case_id, [])
    deeds = [_of_step(application, step) for step in steps]
    proposal = (await desk.proposals(tx, [case_id])).get(case_id)
    if proposal is not None and proposal.answered_at is not None:
        what = "CONFIRM_DECISION" if proposal.state is OpinionState.CONFIRMED else "SEND_BACK_DECISION"
        deeds.append(Deed(what, proposal.answered_by, proposal.answered_at, text=proposal.answer_note or ""))
    for visit in (await doorstep.of_applications(tx, [case_id])).get(case_id, []):
        deeds += _of_visit(visit)
    return [*deeds, *await _of_appeals(tx, case_id), *await _of_benefit(tx, attempt, case_id)]


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


async def _of_appeals(tx: Transaction, case_id: str) -> list[Deed]:
    filed = {one.id: one for one in (await appeals.of_applications(tx, [case_id])).get(case_id, [])}
    return [
        _of_appeal_step(filed[key], event)
        for key, events in (await appeal_course.events(tx, filed)).items()
        for event in events
    ]


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


async def _of_benefit(tx: Transaction, attempt: Attempt, case_id: str) -> list[Deed]:
    """Orders about the money of the case. A new order does not name who gave it: nobody else has the case."""
    sanction = (await benefits.sanction_of_applications(tx, [case_id])).get(case_id)
    if sanction is None:
        return []
    made = (await benefits.instalments(tx, [sanction.id])).get(sanction.id, [])
    ordered = (await recoveries.of_sanctions(tx, [sanction.id])).get(sanction.id, [])
    deeds = [Deed("PAYMENT_REISSUED", attempt.learner_id, one.status_at) for one in made if one.reissue_of]
    return deeds + [Deed("RECOVERY_ORDERED", one.made_by, one.made_at) for one in ordered]


async def _of_rosters(tx: Transaction, attempt: Attempt) -> list[Deed]:
    """What the learner did in rosters that she opened since."""
    places = [one.code for one in await centres.places_of(tx, attempt.learner_id)]
    deeds: list[Deed] = []
    for roster in await rosters.rosters_of(places, []).page(tx, limit=_MOST_ROSTERS):
        if roster.operator_id == attempt.learner_id and roster.created_at >= attempt.started_at:
            deeds.append(Deed("ROSTER_OPENED", attempt.learner_id, roster.created_at, ground=roster.service_code))
            rows = await roster_rows.rows_of_roster(roster.id).page(tx, limit=_MOST_ROSTERS)
            deeds += [deed for row in rows for deed in _of_row(row, attempt.learner_id, roster.created_at)]
            if roster.state is not RosterState.DRAFT:
                deeds.append(Deed("ROSTER_FILED", attempt.learner_id, roster.created_at))
    return deeds


def _of_row(row: RosterRow, by: str, at: datetime) -> Iterable[Deed]:
    yield Deed("ROSTER_ROW", by, at, text=f"{row.person.name} {row.person.guardian}")
    if row.consent is not None:
        yield Deed("ROSTER_CONSENT", by, at, ground=row.consent.way.value)
    if row.state is RowState.REFUSED:
        yield Deed("ROSTER_REFUSED", by, at)
