"""Replays one demo application by the ordinary actions, step by step, on a clock set to the past."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from actions.applications.decide import Decide, Seeding, Verdict, pass_verdict
from actions.applications.grounds import ABOUT_PAPERS
from actions.applications.respond import AnswerQuery, RecordFee, Withdraw, give_answer, record_fee, withdraw_application
from actions.applications.submit import SaveDraft, SubmitApplication, draft, file, open_case
from actions.benefits import sanction
from actions.certificates import issue
from actions.certificates.content import Renderer
from actions.kernel import Environment, UnitOfWork
from demo.seed.forms import filled_in, findings_of, form_of, papers_of
from demo.seed.people import DemoPeople, citizen_subject, operator_subject
from demo.seed.plan import Plan, Timetable, choice, seeded_sanction_number
from domain.applications.applications import Application, Channel, DeliveryMode, RejectionGround
from domain.applications.lifecycle import Status
from domain.benefits.benefits import PaymentStatus, Rail
from domain.benefits.plans import certificate_cutoff
from domain.catalogue.catalogue import Outcome, Service
from domain.catalogue.forms import Form
from domain.kernel import SYSTEM, ManualClock, Subject, ist_date
from store.benefits import benefits
from store.database import Transaction
from store.platform import outbox

WORKER = "seed"
REVIEWED_AGO = timedelta(days=200)
"""How long ago the department reviewed the demo's benefits, those that are older."""

RESTS_FOR = timedelta(days=30)
"""How long the certificates of applications that are shown as APPROVED wait before the worker makes them."""

_QUERIES = (
    "Please attach a readable copy of the identity proof.",
    "कृपया निवास के प्रमाण की स्पष्ट प्रति संलग्न करें।",
    "The address in the form differs from the document. Please confirm it.",
)
_ANSWERS = ("A clearer copy is attached.", "पता सही कर दिया गया है।", "The address is confirmed as in the form.")
_REFUSALS = (
    (RejectionGround.FACTS_NOT_CONFIRMED, "The field report did not confirm the stated residence."),
    (RejectionGround.NOT_ELIGIBLE, "आवेदक निर्धारित पात्रता पूर्ण नहीं करता है।"),
    (RejectionGround.ALREADY_ISSUED, "A certificate of this kind is already in force."),
    (RejectionGround.DOCUMENT_NOT_VALID, "The document that was attached has expired."),
)


@dataclass(frozen=True)
class ReplayContext:
    """What all replays share. `clock` is the one that `env` holds; `now` the real moment of seeding."""

    env: Environment
    clock: ManualClock
    now: datetime
    demo: Mapping[str, Any]
    cast: DemoPeople
    services: Mapping[str, Service]
    forms: Mapping[str, Form]
    uploads: Mapping[str, str]
    renderer: Renderer

    def person(self, plan: Plan) -> Mapping[str, Any]:
        """The demo entry of the applicant."""
        people: list[Mapping[str, Any]] = self.demo["people"]
        return next(person for person in people if person["key"] == plan.person)


class Replay:
    """One plan, played in one transaction of the caller."""

    def __init__(self, stage: ReplayContext, tx: Transaction, plan: Plan) -> None:
        self._stage, self._plan = stage, plan
        self._tx = replace(tx, clock=stage.clock)
        self._person, self._service = stage.person(plan), stage.services[plan.service]
        self._times = Timetable(plan, stage.now, stage.env.rules.calendar, self._person["district"])
        self._set_clock(self._times.last)

    async def play(self) -> None:
        """Take every step up to the planned state."""
        if self._plan.status is Status.DRAFT:
            await draft(self._applicant(), self._draft())
            return
        papers = papers_of(self._person, self._service, self._stage.uploads[self._plan.person])
        application, service = await file(self._applicant(), self._form(papers), findings_of(papers, self._service))
        if self._plan.status is Status.SUBMITTED:
            return
        application = await self._in_scrutiny(await open_case(self._applicant(), application, service))
        if application.status is Status.IN_SCRUTINY:
            await self._go_on(application)

    async def _in_scrutiny(self, application: Application) -> Application:
        """Pay the fee where one is asked for, unless the plan stops there."""
        if application.status is not Status.FEE_PENDING or self._plan.status is Status.FEE_PENDING:
            return application
        self._later(choice(self._plan.key + "/fee", 2), "fee")
        collector = self._applicant() if self._plan.operator else self._officer(application)
        receipt = f"DEMO{choice(self._plan.key + '/receipt', 10**8):08d}"
        return await record_fee.step(
            collector, RecordFee(application.id, receipt, application.fee_paise or 0, self._plan.key)
        )

    async def _go_on(self, application: Application) -> None:
        match self._plan.status:
            case Status.IN_SCRUTINY:
                if choice(self._plan.key + "/asked", 4) == 0:
                    await self._asked_and_answered(application)
            case Status.QUERY_RAISED:
                await self._query(application)
            case Status.IN_VERIFICATION:
                self._later(1, "send")
                await self._verdict(application, Verdict.SEND_FOR_VERIFICATION, None, None)
            case Status.WITHDRAWN:
                self._later(2, "withdraw", working=False)
                reason = "The certificate is no longer needed."
                await withdraw_application.step(self._applicant(), Withdraw(application.id, self._plan.key, reason))
            case Status.RETURNED_AS_INCOMPLETE:
                self._later(1, "return")
                reason = "A page of the form is not filled in."
                await self._verdict(application, Verdict.RETURN_AS_INCOMPLETE, RejectionGround.FORM_INCOMPLETE, reason)
            case Status.REJECTED:
                application = await self._examine(application)
                refusals = _REFUSALS if self._service.documents else _REFUSALS[:-1]
                ground, reason = refusals[choice(self._plan.key + "/ground", len(refusals))]
                await self._verdict(application, Verdict.REJECT, ground, reason)
            case _:
                await self._approve(await self._examine(application))

    async def _examine(self, application: Application) -> Application:
        """What comes before a decision: now and then a query, often a field report, then some days."""
        if self._plan.sanctioned_days_ago is not None:
            self._set_clock(self._times.moment_on(self._plan.sanctioned_days_ago, "decide"))
            return application
        if choice(self._plan.key + "/asked", 5) == 0:
            application = await self._asked_and_answered(application)
        if choice(self._plan.key + "/verified", 2) == 0:
            self._later(1, "send")
            application = await self._verdict(application, Verdict.SEND_FOR_VERIFICATION, None, None)
            self._later(2, "report")
            report = "Verified on the spot by the Patwari; the statements are correct."
            application = await self._verdict(application, Verdict.REPORT_VERIFICATION, None, report)
        self._later(1 + choice(self._plan.key + "/days", self._slowness()), "decide")
        return application

    def _slowness(self) -> int:
        """Most cases end within their limit; one in nine takes up to three weeks longer."""
        usual = min(self._service.limit_days or 10, 12) - 2
        return max(usual, 1) + (21 if choice(self._plan.key + "/late", 9) == 0 else 0)

    async def _asked_and_answered(self, application: Application) -> Application:
        application = await self._query(application)
        self._later(1 + choice(self._plan.key + "/wait", 4), "answer", working=False)
        answer = _ANSWERS[choice(self._plan.key + "/answer", len(_ANSWERS))]
        return await give_answer(self._applicant(), AnswerQuery(application.id, answer, {}, self._plan.key))

    async def _query(self, application: Application) -> Application:
        self._later(1, "query")
        text = _QUERIES[choice(self._plan.key + "/query", len(_QUERIES))]
        ground = RejectionGround.DOCUMENT_NOT_LEGIBLE if self._service.documents else RejectionGround.FORM_INCOMPLETE
        return await self._verdict(application, Verdict.RAISE_QUERY, ground, text)

    async def _approve(self, application: Application) -> None:
        resting = self._plan.status is Status.APPROVED
        number = seeded_sanction_number(self._plan.person, self._service.scheme_id or "")
        seeding = Seeding(number, self._stage.now + RESTS_FOR if resting else None)
        request = Decide(application.id, Verdict.APPROVE, self._plan.key, reason=None)
        approved = await pass_verdict(self._officer(application), request, seeding)
        await self._looked_after(approved)
        if resting:
            return
        if self._service.outcome is Outcome.CERTIFICATE:
            await self._issue(approved)
        elif self._plan.instalments:
            await self._pay_instalments(approved)
        await self._consume(approved)

    async def _issue(self, application: Application) -> None:
        self._times.moment_after(0, "issue")
        self._set_clock(self._times.last)
        found = await issue.gather(self._tx, application.id)
        if found is None:
            raise AssertionError("the application was approved just now")
        minted = await issue.mint(self._stage.env, self._tx, found)
        content = issue.content_of(self._stage.env, found, minted)
        rendered = await asyncio.to_thread(self._stage.renderer.render, content)
        certificate = await issue.certificate_of(self._stage.env, found, content, rendered)
        await issue.enter(self._unit_of_work(SYSTEM), certificate)

    async def _pay_instalments(self, application: Application) -> None:
        """Instalments as DBT finance knows them from demo/payments.json; nothing is sent because of seeding."""
        acting = self._unit_of_work(SYSTEM)
        held = (await benefits.sanction_of_applications(self._tx, [application.id]))[application.id]
        (latest,) = (await benefits.instalments(self._tx, [held.id]))[held.id]
        await sanction.settle(acting, latest, PaymentStatus.INSTRUCTED)
        for sequence in range(2, self._plan.instalments + 1):
            begins = latest.period_to + timedelta(days=1)
            days_ago = (ist_date(self._stage.now) - begins).days
            self._set_clock(self._times.moment_on(days_ago, f"instalment {sequence}"))
            latest = await sanction.add_instalment(acting, held, begins=begins, rail=Rail.IFMS)
            await sanction.settle(acting, latest, PaymentStatus.INSTRUCTED)

    async def _looked_after(self, application: Application) -> None:
        """Who draws a pension has shown that she lives, and the department has reviewed it, when each was due."""
        held = (await benefits.sanction_of_applications(self._tx, [application.id])).get(application.id)
        if held is not None and held.period in sanction.REPEATED and held.amount_paise is not None:
            today, granted = ist_date(self._stage.now), ist_date(held.sanctioned_at)
            shown_on = certificate_cutoff(today, self._stage.env.rules.law.life_certificate_month.value).replace(day=1)
            await benefits.change_sanction(
                self._tx,
                held.id,
                certified_on=shown_on if shown_on > granted else None,
                reviewed_on=max(granted, today - REVIEWED_AGO),
            )

    async def _consume(self, application: Application) -> None:
        """Mark the application's messages delivered: what they ask for was done here, or is scripted."""
        while messages := await outbox.claim(self._tx, WORKER, 20, 60.0):
            for message in messages:
                if message.application_id == application.id:
                    await outbox.mark_delivered(self._tx, message.id, self._stage.clock.now())

    async def _verdict(
        self, application: Application, verdict: Verdict, ground: RejectionGround | None, reason: str | None
    ) -> Application:
        papers = tuple(paper.key for paper in self._service.documents[:1]) if ground in ABOUT_PAPERS else ()
        request = Decide(application.id, verdict, self._plan.key, ground=ground, reason=reason, documents=papers)
        return await pass_verdict(self._officer(application), request)

    def _form(self, papers: Any) -> SubmitApplication:
        held = self._draft()
        return SubmitApplication(
            service_code=held.service_code,
            district=held.district,
            tehsil=held.tehsil,
            channel=held.channel,
            delivery=held.delivery,
            form=held.form,
            documents=papers,
            idempotency_key=self._plan.key,
        )

    def _draft(self) -> SaveDraft:
        form, today = self._stage.forms.get(self._plan.service), ist_date(self._stage.clock.now())
        return SaveDraft(
            service_code=self._plan.service,
            district=self._person["district"],
            tehsil=self._person["tehsil"],
            channel=self._plan.channel,
            delivery=DeliveryMode(self._plan.delivery),
            form=filled_in(form, form_of(self._plan, self._person, self._service), today),
            idempotency_key=self._plan.key,
        )

    def _applicant(self) -> UnitOfWork:
        citizen_id = self._stage.cast.citizens[self._plan.person]
        if self._plan.operator is None:
            subject = citizen_subject(citizen_id)
            by_umang = self._plan.channel is Channel.UMANG
            return self._unit_of_work(replace(subject, partner_request=self._plan.key) if by_umang else subject)
        return self._unit_of_work(operator_subject(self._stage.cast.operators[self._plan.operator], citizen_id))

    def _officer(self, application: Application) -> UnitOfWork:
        if application.officer_id is None:
            raise ValueError(f"nobody is posted for {application.department} in {application.district}")
        return self._unit_of_work(self._stage.cast.officers[application.officer_id])

    def _unit_of_work(self, subject: Subject) -> UnitOfWork:
        return UnitOfWork(self._stage.env, self._tx, subject)

    def _later(self, days: int, step: str, *, working: bool = True) -> None:
        self._set_clock(self._times.moment_after(days, step, working=working))

    def _set_clock(self, moment: datetime) -> None:
        self._stage.clock.set(moment)
