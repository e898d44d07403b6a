"""The Application type: its state, its history and its legal due date."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Self, TypeVar

import strawberry

from actions.benefits.sanction_budgets import budget_of
from actions.identity.paper_checks import open_paper
from actions.kernel import filed_as, of_applicant, of_application
from domain import doorstep
from domain.applications import applications
from domain.applications.applications import Channel, DeliveryMode
from domain.applications.lifecycle import OPEN, Move, Status
from domain.catalogue.course import moves_in_course
from domain.identity.policy import Purpose, decide
from domain.kernel import Assurance, PersonKind, TypeCode, show_number
from domain.kernel.messages import label
from domain.officers.desk import ReadPurpose
from schema.applications.loaders import (
    Applied,
    appeals_of_application,
    applicant_of_application,
    application_by_id,
    course_of_application,
    money_not_arrived,
    old_numbers_of_application,
    paper_of_application,
    renewal_of_application,
    signing_of_application,
    strength_of_application,
)
from schema.applications.paper_checks import PaperCheck, check_of_paper
from schema.applications.paper_notice import notice_of_paper
from schema.applications.progress import (
    AttachedDocument,
    Deadline,
    Decision,
    TimelineEntry,
    documents_of_application,
    timeline_of_application,
)
from schema.benefits.officer_queries import DrawnBenefit, SanctionBudget, balance_of_scheme, drawn_by_applicant
from schema.benefits.types import Benefit, sanction_of_application
from schema.catalogue.filed_rules import FiledRules
from schema.catalogue.forms import FormField, ServiceForm, form_of_application
from schema.catalogue.places import Tehsil, district_field, tehsil_by_code
from schema.catalogue.services import service_as_filed, service_field
from schema.certificates.types import Certificate, certificate_of_application
from schema.clearances.field_reports import FieldReport, reports_of_application
from schema.clearances.types import (
    Clearance,
    ClearanceProgress,
    Escalation,
    clearances_of_application,
    counted_clearances_of_application,
    escalations_of_application,
)
from schema.connectors.cases import DepartmentCase, cases_of_application
from schema.doorstep.types import DoorstepVisit, visits_of_application
from schema.feedback.case_notices import CaseNotice, notices_of_application
from schema.feedback.grievances import Grievance, grievances_of_application
from schema.feedback.types import Feedback, feedback_of_application
from schema.fees.payments import FeeDue, FeePayment, fee_orders_of_application
from schema.kernel import (
    AUTHENTICATED,
    VIEWS,
    ByKey,
    Info,
    InLanguage,
    Loader,
    Mapped,
    Node,
    Paise,
    field_by_key,
    field_language,
    read_from,
    resolver_field,
)
from schema.officers.desk_marks import DeskClaim, Proposal, claim_of_application, proposal_of_application
from schema.officers.staff import Applicant, AssistingOperator, officer_field, operator_by_id
from schema.uploads import StoredFile

if TYPE_CHECKING:
    from schema.appeals.types import Appeal

V = TypeVar("V")


def _of_applicant(application: "Application") -> Applied:
    """The applicant as a resource; receipts of her data bear the purpose that was stated for the application."""
    stated = application.stated.purpose if application.stated else None
    return application.item.id, replace(of_applicant(application.item), stated=stated)


_APPLICANT = ByKey(applicant_of_application, _of_applicant)
_FORM = ByKey(form_of_application, lambda application: application.item.id)
_CERTIFICATE = ByKey(certificate_of_application, lambda application: application.item.id)
_APPLIED_WITH = ByKey(strength_of_application, lambda application: application.item.id)
_FEEDBACK = ByKey(feedback_of_application, lambda application: application.item.id)
_SIGNING = ByKey(signing_of_application, lambda application: application.item.id)
_NOT_ARRIVED = ByKey(money_not_arrived, lambda application: application.item.id)
_SANCTION = ByKey(sanction_of_application, lambda application: application.item.id)


@strawberry.type(description="The fee of an application.")
class Fee:
    amount: Paise = strawberry.field(description="The fee.")
    receipt: str | None = strawberry.field(description="The number of the receipt; null while it is not paid.")


@strawberry.federation.type(
    keys=["id", "number"], directives=[AUTHENTICATED], description="One citizen's application for one service."
)
class Application(Node, Mapped[applications.Application], id_of=TypeCode.APPLICATION):
    item: strawberry.Private[applications.Application]
    number: str = strawberry.field(description="The reference number: fourteen digits, the last one a check digit.")
    acknowledgement: str | None = strawberry.field(
        description="The number of the acknowledgement; null for a draft, and where it was filed in a former system."
    )
    version: int = strawberry.field(description="Grows by one with every change; give it back with a decision.")
    channel: Channel = strawberry.field(description="Where it came in.")
    delivery: DeliveryMode = strawberry.field(description="How the citizen wants the result.")
    created_at: datetime = strawberry.field(description="When it was begun.")
    submitted_at: datetime | None = strawberry.field(description="When it was handed in; null for a draft.")
    delivered_at: datetime | None = strawberry.field(description="When the result was there for the citizen.")
    updated_at: datetime = strawberry.field(description="When it changed last.")
    renews: str | None = strawberry.field(
        description="The number of the certificate that it renews; null for any other application."
    )
    withheld: bool = strawberry.field(
        default=False,
        description="In a queue: true for a case that lies with a colleague. Applicant, form, papers, steps and "
        "decision are not shown; claim it, or ask for it by its number with a purpose.",
    )
    stated: strawberry.Private[ReadPurpose | None] = None
    listed: strawberry.Private[bool] = False
    """A row of a queue, which leaves its receipt when more than the row is read."""

    @classmethod
    def of(
        cls,
        item: applications.Application,
        *,
        withheld: bool = False,
        listed: bool = False,
        stated: ReadPurpose | None = None,
    ) -> Self:
        """The graph's view of an application; `stated` is why an officer reads it outside her queue."""
        return cls.read(item, withheld=withheld, listed=listed, stated=stated)

    @resolver_field(description="The number as people read it: 4-5-5.")
    def shown_number(self) -> str:
        return show_number(self.item.number)

    @resolver_field(
        description="Where it stands. A benefit whose latest payment came back, or is being paid again, stands as "
        "BENEFIT_SANCTIONED until the money arrives.",
    )
    async def status(self, info: Info) -> Status:
        return Status.BENEFIT_SANCTIONED if await self._lacks_money(info) else self.item.status

    @resolver_field(
        description="Where it stands, in words; also that the payment of a benefit did not arrive, or that a "
        "certificate waits for an officer's signature."
    )
    async def status_label(self, info: Info, language: InLanguage = None) -> str:
        key = f"status.{self.item.status.value}"
        if await self._lacks_money(info):
            key = "shown_status.NOT_ARRIVED"
        elif await self._is_being_signed(info):
            key = "shown_status.BEING_SIGNED"
        return label(key, field_language(info, language))

    async def _is_being_signed(self, info: Info) -> bool:
        return self.item.status is Status.APPROVED and await _SIGNING.load(self, info.context.loaders) is not None

    async def _lacks_money(self, info: Info) -> bool:
        if self.item.status is not Status.DELIVERED:
            return False
        return await _NOT_ARRIVED.load(self, info.context.loaders) is True

    service = service_field(
        "item.service_code",
        description="The service that was applied for.",
        lacking="the catalogue lacks the service of an application",
    )

    @resolver_field(description="The rules that it was filed under; later changes of the catalogue do not touch it.")
    async def filed_under(self, info: Info) -> FiledRules | None:
        item = await info.context.load(service_as_filed, (self.item.service_code, self.item.service_version))
        return None if item is None else FiledRules.of(item)

    @resolver_field(description="The citizen, for those who may see whose it is.")
    async def applicant(self, info: Info) -> Applicant | None:
        item = None if self.withheld else await _APPLICANT.load(self, info.context.loaders)
        return None if item is None else Applicant.of(item)

    operator = field_by_key(
        operator_by_id,
        AssistingOperator.of,
        "item.operator_id",
        description="The centre operator who helped, where one did.",
    )

    @resolver_field(
        description="How sure the applicant's identity was when it was handed in: of her own sign-in, or of the "
        "consent by which an operator applied for her; null for those of before it was kept.",
    )
    async def identity_strength(self, info: Info) -> Assurance | None:
        item = await _APPLIED_WITH.load(self, info.context.loaders)
        return None if item is None else item.assurance

    @resolver_field(
        description="Whether an operator filed it on a paper that the citizen signed, which nobody checked."
    )
    async def filed_by_paper(self, info: Info) -> bool:
        return await info.context.load(paper_of_application, self.item.id) is not None

    @resolver_field(
        description="What is printed with the acknowledgement where it was filed on a signed paper: who filed what, "
        "and how the citizen says that it was not she; null for others."
    )
    async def paper_notice(self, info: Info, language: InLanguage = None) -> str | None:
        paper = await info.context.load(paper_of_application, self.item.id)
        return None if paper is None else await notice_of_paper(info, self, paper, field_language(info, language))

    @resolver_field(
        description="The scan of that paper, for the citizen, for who decides it, and for officers of the whole "
        "district where it was drawn and waits; null for others. A read by them is shown to her."
    )
    async def signed_paper(self, info: Info) -> StoredFile | None:
        paper = await info.context.load(paper_of_application, self.item.id)
        if paper is None:
            return None
        env, subject = info.context.environment, info.context.subject
        link = await open_paper(env, subject, self.item, paper, stated=self.stated, withheld=self.withheld)
        return StoredFile.of(link) if link else None

    @resolver_field(
        description="For officers: where its paper was drawn for the district to look at, what became of that."
    )
    async def paper_check(self, info: Info) -> PaperCheck | None:
        paper = await info.context.load(paper_of_application, self.item.id)
        if paper is None or info.context.subject.kind is not PersonKind.OFFICER:
            return None
        check = await info.context.load(check_of_paper, paper.id)
        return PaperCheck.of(check) if check else None

    officer = officer_field("item.officer_id", description="The officer who has it.")
    district = district_field("item.district", description="The district whose office decides.")

    @resolver_field(description="The tehsil, where one was named.")
    async def tehsil(self, info: Info) -> Tehsil | None:
        return await tehsil_by_code(info.context.loaders, self.item.district, self.item.tehsil)

    @resolver_field(description="What was filled in.")
    async def form(self, info: Info) -> list[FormField]:
        shown = self.item.form if await self._may_show(info) else {}
        return [FormField(application_id=self.item.id, name=name, value=value) for name, value in shown.items()]

    @resolver_field(description="The form under which it was filed; null where there were none yet.")
    async def filed_form(self, info: Info) -> ServiceForm | None:
        filed = await _FORM.load(self, info.context.loaders)
        return None if filed is None else ServiceForm.of(filed.form)

    @resolver_field(description="The fee; null where the service has none or no source gives it.")
    def fee(self) -> Fee | None:
        amount = self.item.fee_paise
        return Fee(amount=Paise(amount), receipt=self.item.fee_receipt) if amount is not None else None

    @resolver_field(description="What is to be paid now, and by which ways; null where nothing is.")
    def fee_due(self, info: Info) -> FeeDue | None:
        return FeeDue.of(info, self.item)

    @resolver_field(description="Orders to pay the fee online, the newest first.")
    async def fee_payments(self, info: Info) -> list[FeePayment]:
        return [FeePayment.of(item) for item in await self._load_own(info, fee_orders_of_application)]

    @resolver_field(description="By when the law wants it decided.")
    def deadline(self, info: Info) -> Deadline:
        return Deadline.of(info, self.item)

    @resolver_field(description="Every step so far, the first one first.")
    async def timeline(self, info: Info) -> list[TimelineEntry]:
        return [TimelineEntry.of(item) for item in await self._load_own(info, timeline_of_application)]

    @resolver_field(description="Its numbers in former systems, as they are looked up; empty where it was filed here.")
    async def former_numbers(self, info: Info) -> list[str]:
        return list(await self._load_own(info, old_numbers_of_application))

    @resolver_field(description="The papers that were attached.")
    async def documents(self, info: Info) -> list[AttachedDocument]:
        return [AttachedDocument.of(item) for item in await self._load_own(info, documents_of_application)]

    @resolver_field(description="Appeals about it, the first one first.")
    async def appeals(self, info: Info) -> list[Annotated["Appeal", strawberry.lazy("schema.appeals.types")]]:
        return [VIEWS[TypeCode.APPEAL](item) for item in await self._load_own(info, appeals_of_application)]

    @resolver_field(description="Clearances that were asked of other departments, the first one first.")
    async def clearances(self, info: Info) -> list[Clearance]:
        return [Clearance.of(item) for item in await self._load_own(info, clearances_of_application)]

    @resolver_field(description="How far its clearances are; null where none was asked.")
    async def clearance_progress(self, info: Info) -> ClearanceProgress | None:
        found = await self._load_own(info, counted_clearances_of_application)
        return ClearanceProgress.of(found, info.context.environment.clock.now())

    @resolver_field(description="What was sent about it to departments' systems, the first one first.")
    async def department_cases(self, info: Info) -> list[DepartmentCase]:
        found = await self._load_own(info, cases_of_application)
        return [DepartmentCase.of(item) for item in found if item.clearance_id is None]

    @resolver_field(description="Reports from the field, the first one first.")
    async def verification(self, info: Info) -> list[FieldReport]:
        return [FieldReport.of(item, self.item.district) for item in await self._load_own(info, reports_of_application)]

    @resolver_field(description="For officers: the latest warning about its due date; null where there is none.")
    async def escalation(self, info: Info) -> Escalation | None:
        if info.context.subject.kind is not PersonKind.OFFICER:
            return None
        found = await info.context.load(escalations_of_application, self.item.id)
        return Escalation.of(found[-1]) if found and self.item.status in OPEN else None

    @resolver_field(description="The decision; null while there is none.")
    def decision(self) -> Decision | None:
        return Decision.of(self.item.decision) if self.item.decision and not self.withheld else None

    @resolver_field(description="For officers: the colleague who works on it now; null where nobody claimed it.")
    async def claim(self, info: Info) -> DeskClaim | None:
        if info.context.subject.kind is not PersonKind.OFFICER:
            return None
        item = await info.context.load(claim_of_application, self.item.id)
        return None if item is None else DeskClaim.of(info, item)

    @resolver_field(
        description="For officers: the latest decision on it that a second officer must confirm, or has seen."
    )
    async def proposal(self, info: Info) -> Proposal | None:
        if info.context.subject.kind is not PersonKind.OFFICER or self.withheld:
            return None
        item = await info.context.load(proposal_of_application, self.item.id)
        return None if item is None else Proposal.of(info, item, self.item.version)

    @resolver_field(description="The certificate that was issued on it.")
    async def certificate(self, info: Info) -> Certificate | None:
        item = None if self.withheld else await _CERTIFICATE.load(self, info.context.loaders)
        return None if item is None else Certificate.of_issued(item)

    @resolver_field(
        description="The first day on which what was issued on it may be renewed, by renewCertificate; null where "
        "nothing is, and after the last day. An operator is told it too, and nothing else of a certificate."
    )
    async def renewable_on(self, info: Info) -> date | None:
        return None if self.withheld else await info.context.load(renewal_of_application, self.item.id)

    @resolver_field(description="The benefit that was sanctioned on it, as our own store knows it.")
    async def benefit(self, info: Info) -> Benefit | None:
        item = None if self.withheld else await _SANCTION.load(self, info.context.loaders)
        return None if item is None else await Benefit.of_sanction(info, item)

    @resolver_field(
        description="For who decides it: what a sanction on it would need of the budget, and what is left, asked of "
        "the treasury now and never told from an old answer; null where it is decided, or its service grants none.",
        directives=read_from("dbt_finance.VA"),
    )
    async def sanction_budget(self, info: Info) -> SanctionBudget | None:
        context = info.context
        asked = budget_of(context.environment, context.subject, self.item, context.loaders[balance_of_scheme].load)
        sourced = None if self.withheld else await context.sources.ask(info.path, asked)
        return None if sourced is None else SanctionBudget.of(info, sourced)

    @resolver_field(
        description="For who decides it: benefits of the same scheme that the applicant has and that are not ended, "
        "whichever office granted them; empty where it is decided, or its service grants none."
    )
    async def benefits_drawn(self, info: Info) -> list[DrawnBenefit]:
        return [] if self.withheld else await drawn_by_applicant(info, self.item)

    @resolver_field(description="The citizen's feedback; null where she gave none.")
    async def feedback(self, info: Info) -> Feedback | None:
        item = None if self.withheld else await _FEEDBACK.load(self, info.context.loaders)
        return None if item is None else Feedback.of(info, item)

    @resolver_field(description="Grievances about it, the first one first.")
    async def grievances(self, info: Info) -> list[Grievance]:
        return [Grievance.of(item) for item in await self._load_own(info, grievances_of_application)]

    @resolver_field(description="What the citizen was told about it, and whether that reached her, the newest first.")
    async def notices(self, info: Info) -> list[CaseNotice]:
        return [CaseNotice.of(item) for item in await self._load_own(info, notices_of_application)]

    @resolver_field(description="Doorstep visits for it, the first one first.")
    async def doorstep_visits(self, info: Info) -> list[DoorstepVisit]:
        return [DoorstepVisit.of(item) for item in await self._load_own(info, visits_of_application)]

    @resolver_field(description="The visit that is booked or under way; null where there is none.")
    async def doorstep_visit(self, info: Info) -> DoorstepVisit | None:
        found = await self._load_own(info, visits_of_application)
        return next((DoorstepVisit.of(item) for item in found if item.state in doorstep.OPEN), None)

    @resolver_field(
        description="The steps that the law, and the definition of the service, allow from here, by whomever."
    )
    async def allowed_moves(self, info: Info) -> list[Move]:
        course = await info.context.load(course_of_application, filed_as(self.item))
        return sorted(moves_in_course(self.item.status, course), key=list(Move).index)

    @resolver_field(description="Whether the reader may decide it and report on it; `allowedMoves` says which steps.")
    def may_decide(self, info: Info) -> bool:
        return decide(info.context.subject, of_application(self.item), Purpose.DECIDE)

    async def _load_own(self, info: Info, loader: Loader[str, Sequence[V]]) -> Sequence[V]:
        """What it has many of; nothing where it is withheld."""
        return await info.context.load(loader, self.item.id) if await self._may_show(info) else []

    async def _may_show(self, info: Info) -> bool:
        """Whether what it holds is shown; of a row of a queue this is a read of the case, with its receipt."""
        if self.withheld or not self.listed:
            return not self.withheld
        return await info.context.load(application_by_id, self.item.id) is not None


VIEWS[TypeCode.APPLICATION] = Application.of
