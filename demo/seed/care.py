"""Seeds feedback, grievances, suggestions, visits and a conversation on a clock set to the past."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from actions.doorstep.doorstep import BookVisit, book_visit
from actions.doorstep.rounds import (
    FailVisit,
    HandOver,
    RecordVisitFee,
    SetOut,
    fail_visit,
    give,
    record_visit_fee,
    set_out,
)
from actions.feedback.feedback import GiveFeedback, record_feedback
from actions.feedback.grievances import MoveGrievance, RaiseGrievance, ReplyToGrievance, answer, open_grievance, step
from actions.feedback.suggestions import MakeSuggestion, ReplyToSuggestion, propose, respond
from actions.kernel import Environment, UnitOfWork
from demo.seed.people import DemoPeople, cast_of, citizen_subject
from demo.seed.plan import choice
from domain.applications.applications import Application, DeliveryMode
from domain.applications.lifecycle import Status
from domain.doorstep import Visit, VisitFailure, VisitPurpose, offered_slots
from domain.feedback.conversations import ConversationLine, LineAuthor
from domain.feedback.feedback import SuggestionState
from domain.feedback.grievances import GrievanceCategory, GrievanceMove
from domain.feedback.messages import MessageChannel
from domain.kernel import SYSTEM, ManualClock, PersonKind, Role, SeededIds, Subject
from store import doorstep
from store.applications import applications
from store.database import Transaction
from store.feedback import conversations
from store.platform import seeds

FEE_PAISE = 5000
"""What a visit of the demo costs; no source gives the real fee."""

_SAID = (
    (5, "समय पर मिल गया, धन्यवाद।"),
    (4, "Good service, but one more visit to the office was needed."),
    (3, None),
    (5, "Everything could be done from the village."),
    (2, "बहुत देर लगी।"),
)
_COMPLAINTS = (
    (GrievanceCategory.DELAY, "पन्द्रह दिन से कोई उत्तर नहीं मिला।"),
    (GrievanceCategory.CONDUCT, "I was sent from one counter to the next."),
    (GrievanceCategory.PORTAL, "The receipt could not be downloaded."),
    (GrievanceCategory.PERSONAL_DATA, "Please tell me who read my application last week."),
    (GrievanceCategory.DELAY, "The field visit was never made."),
)
_REPLY = "आपके प्रकरण को देखा गया है; कार्यवाही इसी सप्ताह होगी।"
_PROPOSALS = (
    "The form should take the village from a list.",
    "प्रमाण-पत्र की सूचना SMS से भी मिले।",
    "Please open the service in the evening for those who work.",
)
_ASKED = "मेरे आवेदन में और कितना समय लगेगा?"
_OFFICERS_PROPOSAL = "Ask for the family register only once; it is with the department already."
_CITIZENS = 8


@dataclass(frozen=True)
class _ReplayContext:
    """What all steps share; `now` is the real moment of seeding."""

    env: Environment
    tx: Transaction
    clock: ManualClock
    now: datetime
    cast: DemoPeople

    def unit_of_work(self, subject: Subject, at: datetime) -> UnitOfWork:
        """Somebody at work at a moment that is not after now."""
        self.clock.set(min(at, self.now))
        return UnitOfWork(self.env, self.tx, subject)


async def seed_care(env: Environment, demo: Mapping[str, Any]) -> bool:
    """Sow once, after the applications of the demo; false where it was sown already."""
    part = f"{demo['histories']['seed_id']}:care"
    now = env.clock.now()
    clock = ManualClock(now)
    care = replace(env.rules.care, doorstep_fee_paise=FEE_PAISE)
    back_dated = replace(env, clock=clock, ids=SeededIds(clock, part), rules=replace(env.rules, care=care))
    async with env.store.write_transaction() as tx:
        if not await seeds.mark(tx, part):
            return False
        stage = _ReplayContext(back_dated, replace(tx, clock=clock), clock, now, await cast_of(tx, demo))
        citizens = list(stage.cast.citizens.values())
        held = [await applications.page_of_citizen(tx, one, limit=60) for one in citizens]
        for cases in held[:_CITIZENS]:
            await _feedback(stage, cases)
        await _grievances(stage, [case for cases in held[:_CITIZENS] for case in cases])
        await _suggestions(stage, [cases[0] for cases in held if cases])
        await _visits(stage, [case for cases in held for case in cases])
        await _conversation(stage, next(iter(demo["people"])))
    return True


async def _conversation(stage: _ReplayContext, person: Mapping[str, Any]) -> None:
    """One citizen asked by WhatsApp and waits for a person of the helpline."""
    at = stage.now - timedelta(hours=1)
    tx = stage.unit_of_work(SYSTEM, at).tx
    opened = await conversations.open_conversation(
        tx,
        conversation_id=stage.env.ids.key(),
        channel=MessageChannel.WHATSAPP,
        address=f"91{person['mobile']}",
        citizen_id=stage.cast.citizens[person["key"]],
    )
    asked = ConversationLine(stage.env.ids.key(), opened.id, LineAuthor.CITIZEN, _ASKED, at, "seed")
    await conversations.add_line(tx, asked)
    await conversations.hand_over(tx, opened)


async def _feedback(stage: _ReplayContext, cases: list[Application]) -> None:
    decided = [case for case in cases if case.status in (Status.DELIVERED, Status.REJECTED)][:2]
    for case in decided:
        rating, text = _SAID[choice(case.number + "/rating", len(_SAID))]
        at = case.updated_at + timedelta(days=2)
        request = GiveFeedback(case.id, rating, text, "seed")
        await record_feedback(stage.unit_of_work(citizen_subject(case.citizen_id), at), request)


async def _grievances(stage: _ReplayContext, cases: list[Application]) -> None:
    """One open, one answered, one closed, one taken up, one more that is open."""
    before = stage.now - timedelta(days=6)
    running = [case for case in cases if case.status is Status.IN_SCRUTINY and case.updated_at < before]
    for place, (case, (category, text)) in enumerate(zip(running, _COMPLAINTS, strict=False)):
        citizen = citizen_subject(case.citizen_id)
        made = await open_grievance(
            stage.unit_of_work(citizen, before), RaiseGrievance(case.id, category, text, "seed")
        )
        officer = stage.cast.officers.get(case.officer_id or "")
        if place in (0, 4) or officer is None:
            continue
        await answer(stage.unit_of_work(officer, before + timedelta(days=2)), ReplyToGrievance(made.id, _REPLY, "seed"))
        if place > 1:
            move = GrievanceMove.CLOSE if place == 2 else GrievanceMove.ESCALATE
            await step(stage.unit_of_work(citizen, before + timedelta(days=3)), MoveGrievance(made.id, move, "seed"))


async def _suggestions(stage: _ReplayContext, cases: list[Application]) -> None:
    """Three of citizens and one of an officer; the first that a department can answer is answered."""
    at = stage.now - timedelta(days=20)
    admin = _with_role(stage.cast, Role.DEPARTMENT_ADMIN)
    answered = False
    for case, text in zip(cases, _PROPOSALS, strict=False):
        request = MakeSuggestion(case.service_code, case.district, text, "seed")
        made = await propose(stage.unit_of_work(citizen_subject(case.citizen_id), at), request)
        if admin is not None and not answered and _is_posted_in(admin, made.department):
            reply = ReplyToSuggestion(made.id, SuggestionState.ACCEPTED, "It comes with the next release.", "seed")
            await respond(stage.unit_of_work(admin, at + timedelta(days=5)), reply)
            answered = True
    officer = _with_role(stage.cast, Role.OFFICER)
    if officer is not None and cases:
        request = MakeSuggestion(cases[0].service_code, None, _OFFICERS_PROPOSAL, "seed")
        await propose(stage.unit_of_work(officer, at), request)


async def _visits(stage: _ReplayContext, cases: list[Application]) -> None:
    """A delivery that failed and has a new slot, one that was handed over; papers to fetch, and an agent on the way."""
    settled = stage.now - timedelta(days=10)
    waiting = [
        case
        for case in cases
        if case.status is Status.CERTIFICATE_ISSUED
        and case.delivery is DeliveryMode.DOORSTEP
        and case.updated_at < settled
    ]
    for place, case in enumerate(waiting[:2]):
        visit = await _book(stage, case, VisitPurpose.DELIVERY, case.updated_at + timedelta(hours=2))
        if visit is not None:
            await (_fail_visit if place == 0 else _deliver_at_visit)(stage, case, visit)
    examined = [case for case in cases if case.status is Status.IN_SCRUTINY]
    for place, case in enumerate(examined[:2]):
        visit = await _book(stage, case, VisitPurpose.PICK_UP, stage.now)
        if visit is not None and place == 1:
            await set_out.step(stage.unit_of_work(_agent(visit), stage.now), SetOut(visit.id, "seed"))


async def _fail_visit(stage: _ReplayContext, case: Application, visit: Visit) -> None:
    start = visit.slot.starts_at
    await set_out.step(stage.unit_of_work(_agent(visit), start), SetOut(visit.id, "seed"))
    failed = FailVisit(visit.id, VisitFailure.NOBODY_HOME, "seed")
    await fail_visit.step(stage.unit_of_work(_agent(visit), start + timedelta(hours=1)), failed)
    await _book(stage, case, VisitPurpose.DELIVERY, stage.now)


async def _deliver_at_visit(stage: _ReplayContext, _case: Application, visit: Visit) -> None:
    start = visit.slot.starts_at
    await set_out.step(stage.unit_of_work(_agent(visit), start), SetOut(visit.id, "seed"))
    await _hand_over(stage, visit, _agent(visit), start + timedelta(hours=1))


async def _book(stage: _ReplayContext, case: Application, purpose: VisitPurpose, at: datetime) -> Visit | None:
    acting = stage.unit_of_work(citizen_subject(case.citizen_id), at)
    if not await doorstep.agents_for(stage.tx, case.district, case.tehsil):
        return None
    slot = next(offered_slots(acting.today, stage.env.rules.calendar, case.district))
    return await book_visit.step(acting, BookVisit(case.id, purpose, slot, "seed"))


def _agent(visit: Visit) -> Subject:
    return Subject(frozenset({Role.DOORSTEP_AGENT}), PersonKind.OPERATOR, visit.agent_id, district=visit.district)


async def _hand_over(stage: _ReplayContext, visit: Visit, agent: Subject, at: datetime) -> None:
    acting = stage.unit_of_work(agent, at)
    await record_visit_fee.step(acting, RecordVisitFee(visit.id, f"DOOR{visit.sequence:04d}", FEE_PAISE, "seed"))
    shown = await doorstep.get(stage.tx, visit.id)
    await give(acting, HandOver(visit.id, "seed", otp=shown.otp if shown else None))


def _with_role(cast: DemoPeople, role: Role) -> Subject | None:
    return next((officer for officer in cast.officers.values() if role in officer.roles), None)


def _is_posted_in(officer: Subject, department: str | None) -> bool:
    return any(posting.department in (None, department) for posting in officer.postings)
