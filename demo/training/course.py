"""Makes the case of an attempt by the ordinary actions, on a clock set to the past, up to where the learner gets it."""

from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from actions.appeals.appeals import FileAppeal, enter
from actions.applications.decide import Decide, Verdict, pass_verdict
from actions.applications.respond import RecordFee, record_fee
from actions.applications.submit import SubmitApplication, file, open_case
from actions.benefits.payment_status import apply_status
from actions.catalogue.submit_checks import DocumentSource, NewDocument
from actions.documents.attachments import Finding
from actions.doorstep.doorstep import BookVisit, agents_by_slot, book_visit
from actions.kernel import Place, UnitOfWork
from demo.seed.forms import filled_in, form_of
from demo.seed.people import citizen_subject
from demo.seed.plan import Plan, choice
from demo.training.exercises import Script
from domain.applications.applications import Application, Channel, DeliveryMode, RejectionGround
from domain.applications.lifecycle import Status
from domain.benefits.benefits import PaymentNews, PaymentStatus
from domain.catalogue.catalogue import Service
from domain.doorstep import VisitPurpose
from domain.kernel import (
    SYSTEM,
    Bilingual,
    Citizen,
    ErrorCode,
    Language,
    ManualClock,
    Officer,
    OfficerLevel,
    PersonKind,
    Posting,
    Problem,
    Problems,
    Role,
    Subject,
    TypeCode,
)
from schema.kernel import node_id
from store import doorstep
from store.applications import applications
from store.benefits import benefits
from store.catalogue import catalogue, forms
from store.identity import people

COLLEAGUE = "training-colleague"
"""The officer who did what happened before, by her id. She has no post, so no case is ever given to her."""

_PATH = ("input", "exercise")
_BACK = "53"
"""The bank's code for an account that does not exist (docs/contracts/dbt_finance.md section 10)."""

Entry = Mapping[str, Any]


@dataclass
class Course:
    """The course of one case: the present one is `application`, what the learner knows it by is `number`.

    `benefit` is the opaque id of its benefit, where it has one.
    """

    acting: UnitOfWork
    script: Script
    person: Entry
    service: Service
    place: tuple[str, str | None]
    application: Application
    number: str
    benefit: str = ""

    async def take(self, step: Entry) -> None:
        """Take one step of the script, so many days ago."""
        await _STEPS[step["do"]](self, _days_before(self.acting, step.get("days_ago", 0)), step)

    async def refresh(self) -> None:
        """Read the application as it now is."""
        found = await applications.get(self.acting.tx, self.application.id)
        self.application = found or self.application


async def begin(acting: UnitOfWork, script: Script, person: Entry, place: tuple[str, str | None]) -> Course:
    """The case as a citizen of the sandboxes hands it in. Raises Problems: SERVICE_UNKNOWN, SERVICE_CLOSED."""
    code = script.service or ""
    service = (await catalogue.services_by_codes(acting.tx, [code])).get(code)
    if service is None:
        raise Problems(Problem(ErrorCode.SERVICE_UNKNOWN, _PATH))
    await _enter_colleague(acting)
    acting = replace(acting, known=_posts(acting.subject, script, (service.department, *place, service.code)))
    then = _days_before(acting, script.course[0].get("days_ago", 0))
    citizen = await _enter_citizen(then, person, place)
    applicant = replace(then, subject=citizen_subject(citizen.id))
    required = [paper for paper in service.documents if paper.required]
    papers = tuple(NewDocument(one.key, f"training-{one.key}", DocumentSource.DIGILOCKER.value) for one in required)
    findings = [Finding(script.papers.get(one.key, one.name)) for one in required]
    form = (await forms.of_services(acting.tx, [code])).get(code)
    plan = Plan(person["key"], code, Status.IN_SCRUTINY, 0, Channel.WEB, DeliveryMode.PORTAL, None)
    request = SubmitApplication(
        service_code=code,
        district=place[0],
        tehsil=place[1],
        channel=Channel.WEB,
        delivery=DeliveryMode.DOORSTEP if any(one["do"] == "visit" for one in script.course) else DeliveryMode.PORTAL,
        form=filled_in(form, form_of(plan, person, service), then.today),
        documents=papers,
        idempotency_key=citizen.id,
    )
    filed, _ = await file(applicant, request, findings)
    opened = await open_case(applicant, filed, service)
    course = Course(acting, script, person, service, place, opened, opened.number)
    if opened.status is Status.FEE_PENDING:
        receipt = RecordFee(opened.id, f"TRAINING{choice(citizen.id, 10**8):08d}", opened.fee_paise or 0, citizen.id)
        course.application = await record_fee.step(_colleague(course, then), receipt)
    return course


async def _verdict(course: Course, then: UnitOfWork, step: Entry) -> None:
    course.application = await pass_verdict(_colleague(course, then), _decision(course, step))


async def _propose(course: Course, then: UnitOfWork, step: Entry) -> None:
    """A verdict of the colleague that waits for the learner's word."""
    await pass_verdict(_colleague(course, then), _decision(course, step), at_desk=True)
    await course.refresh()


async def _appeal(course: Course, then: UnitOfWork, step: Entry) -> None:
    """An appeal of the citizen, which the learner hears."""
    citizen = replace(then, subject=citizen_subject(course.application.citizen_id))
    filed = await enter(citizen, FileAppeal(course.application.id, step["text"], course.application.id))
    course.number = filed.number


async def _visit(course: Course, then: UnitOfWork, _: Entry) -> None:
    """A visit in the next slot with room, by the learner."""
    citizen = replace(then, subject=citizen_subject(course.application.citizen_id))
    slot = next(iter(await agents_by_slot(then, course.application, VisitPurpose.PICK_UP)), None)
    if slot is None:
        raise Problems(Problem(ErrorCode.SLOT_NOT_OFFERED, _PATH))
    visit = await book_visit.step(
        citizen, BookVisit(course.application.id, VisitPurpose.PICK_UP, slot, course.application.id)
    )
    if visit.agent_id != course.acting.subject.person_id:
        await doorstep.save(then.tx, replace(visit, agent_id=course.acting.subject.person_id or ""), visit.version)


async def _return_payment(course: Course, then: UnitOfWork, _: Entry) -> None:
    """The first payment of the benefit, sent, and come back from the bank."""
    sanction = (await benefits.sanction_of_applications(then.tx, [course.application.id]))[course.application.id]
    (paid,) = (await benefits.instalments(then.tx, [sanction.id]))[sanction.id]
    system = replace(then, subject=SYSTEM)
    sent = PaymentNews(PaymentStatus.INSTRUCTED, then.now - timedelta(days=1), rail=paid.rail)
    await apply_status(system, paid.id, sent)
    await apply_status(
        system, paid.id, PaymentNews(PaymentStatus.RETURNED, then.now, return_code=_BACK, rail=paid.rail)
    )
    course.number, course.benefit = sanction.number, node_id(TypeCode.BENEFIT, sanction.id)


async def _nothing_more(_course: Course, _then: UnitOfWork, _step: Entry) -> None:
    """The case was filed when the course began."""


_STEPS: Mapping[str, Callable[[Course, UnitOfWork, Entry], Awaitable[None]]] = MappingProxyType(
    {
        "file": _nothing_more,
        "verdict": _verdict,
        "propose": _propose,
        "appeal": _appeal,
        "visit": _visit,
        "return_payment": _return_payment,
    }
)


def _decision(course: Course, step: Entry) -> Decide:
    return Decide(
        course.application.id,
        Verdict(step["verdict"]),
        course.application.id,
        ground=RejectionGround(step["ground"]) if "ground" in step else None,
        reason=step.get("reason"),
        documents=tuple(step.get("papers", ())),
    )


def _days_before(acting: UnitOfWork, days_ago: int) -> UnitOfWork:
    """The same so many days ago."""
    clock = ManualClock(acting.now - timedelta(days=days_ago))
    return replace(acting, env=replace(acting.env, clock=clock), tx=replace(acting.tx, clock=clock))


def _colleague(course: Course, then: UnitOfWork) -> UnitOfWork:
    posting = Posting(Role.OFFICER, course.service.department, *course.place, OfficerLevel.DESIGNATED)
    return replace(then, subject=Subject(frozenset({Role.OFFICER}), PersonKind.OFFICER, COLLEAGUE, (posting,)))


def _posts(learner: Subject, script: Script, place: Place) -> dict[Hashable, Any]:
    """Who is at work in the place as far as the case is concerned: the learner in her post, else the colleague.

    It stands for what a batch reads once, so that no other officer of the place gets a case of training.
    """
    ours = {Role.OFFICER: OfficerLevel.DESIGNATED, Role.APPELLATE: OfficerLevel.FIRST_APPELLATE}
    held = next((ours[role] for role in ours if role in script.roles), None)
    known: dict[Hashable, Any] = {}
    for level in ours.values():
        officer_id = learner.person_id if level is held else COLLEAGUE
        known |= {("posted", place, level): [officer_id], ("absent", place, level): {}, ("vacant", place, level): []}
    return known


async def _enter_colleague(acting: UnitOfWork) -> None:
    if COLLEAGUE not in await people.officers(acting.tx, [COLLEAGUE]):
        name = Bilingual("प्रशिक्षण सहकर्मी", "Training Colleague")
        title = Bilingual("प्रशिक्षण की अधिकारी", "Officer of the training")
        await people.add_officer(acting.tx, Officer(COLLEAGUE, name, title, "training-colleague@officer.example", ()))


async def _enter_citizen(acting: UnitOfWork, person: Entry, place: tuple[str, str | None]) -> Citizen:
    """A citizen of this case alone, by the name of one of the sandboxes. Nobody signs in as her."""
    citizen = Citizen(
        id=acting.env.ids.key(),
        name=Bilingual(person["name_hi"], person["name_en"]),
        gender=person["gender"],
        district=place[0],
        tehsil=place[1],
        language=Language.HI,
        created_at=acting.now,
    )
    await people.add_citizen(acting.tx, citizen)
    return citizen
