"""An application: where it stands, what happened to it, and by when the law wants it decided."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Self

import strawberry

from actions.access import of_application
from domain import applications, benefits, catalogue, certificates, people
from domain.applications import Channel, DeliveryMode
from domain.global_ids import TypeCode, from_global_id
from domain.lifecycle import Move, Status, moves_from
from domain.messages import label
from domain.numbers import NumberKind, parse_number, show_number
from domain.policy import ObjectKind
from schema.benefits import Benefit
from schema.certificates import Certificate
from schema.context import Info, InLanguage, signed_in, spoken
from schema.fields import resolved
from schema.loading import ByKey
from schema.node import Node, node_id
from schema.places import District, Tehsil, tehsil_by_code
from schema.progress import AttachedDocument, Deadline, Decision, TimelineEntry
from schema.scalars import Paise
from schema.services import Service
from schema.staff import Applicant, AssignedOfficer, AssistingOperator

_SERVICE: ByKey[catalogue.Service] = ByKey("services", lambda application: application.item.service_code)
_APPLICANT: ByKey[people.Citizen] = ByKey(
    "applicants", lambda application: replace(of_application(application.item), kind=ObjectKind.CITIZEN)
)
_OPERATOR: ByKey[people.Operator] = ByKey("operators", lambda application: application.item.operator_id)
_OFFICER: ByKey[people.Officer] = ByKey("officers", lambda application: application.item.officer_id)
_DISTRICT: ByKey[catalogue.District] = ByKey("districts", lambda application: application.item.district)
_CERTIFICATE: ByKey[certificates.IssuedCertificate] = ByKey(
    "certificates_of_applications", lambda application: application.item.id
)
_SANCTION: ByKey[benefits.Sanction] = ByKey("sanctions_of_applications", lambda application: application.item.id)


@strawberry.type(description="The fee of an application.")
class Fee:
    """What is to be paid, and whether it was."""

    amount: Paise = strawberry.field(description="The fee.")
    receipt: str | None = strawberry.field(description="The number of the receipt; null while it is not paid.")


@strawberry.type(description="A field of the form with what was filled in.")
class FormField:
    """One answer of the form."""

    name: str = strawberry.field(description="The field's name.")
    value: str = strawberry.field(description="What was filled in.")


@strawberry.federation.type(keys=["id", "number"], description="One citizen's application for one service.")
class Application(Node):
    """An application of our own store."""

    item: strawberry.Private[applications.Application]
    number: str = strawberry.field(description="The reference number: fourteen digits, the last one a check digit.")
    acknowledgement: str | None = strawberry.field(description="The number of the acknowledgement; null for a draft.")
    status: Status = strawberry.field(description="Where it stands.")
    version: int = strawberry.field(description="Grows by one with every change; give it back with a decision.")
    channel: Channel = strawberry.field(description="Where it came in.")
    delivery: DeliveryMode = strawberry.field(description="How the citizen wants the result.")
    created_at: datetime = strawberry.field(description="When it was begun.")
    submitted_at: datetime | None = strawberry.field(description="When it was handed in; null for a draft.")
    delivered_at: datetime | None = strawberry.field(description="When the result was there for the citizen.")
    updated_at: datetime = strawberry.field(description="When it changed last.")

    @classmethod
    def of(cls, item: applications.Application) -> Self:
        """The graph's view of an application."""
        return cls(
            id=node_id(TypeCode.APPLICATION, item.id),
            item=item,
            number=item.number,
            acknowledgement=item.acknowledgement,
            status=item.status,
            version=item.version,
            channel=item.channel,
            delivery=item.delivery,
            created_at=item.created_at,
            submitted_at=item.submitted_at,
            delivered_at=item.delivered_at,
            updated_at=item.updated_at,
        )

    @resolved(description="The number as people read it: 4-5-5.")
    def shown_number(self) -> str:
        return show_number(self.item.number)

    @resolved(description="Where it stands, in words.")
    def status_label(self, info: Info, language: InLanguage = None) -> str:
        return label(f"status.{self.item.status.value}", spoken(info, language))

    @resolved(description="The service that was applied for.", metadata=_SERVICE.metadata)
    async def service(self, info: Info) -> Service:
        item = await _SERVICE.load(self, info.context.loaders)
        if item is None:
            raise LookupError("the catalogue lacks the service of an application")
        return Service.of(item)

    @resolved(description="The citizen, for those who may see whose it is.", metadata=_APPLICANT.metadata)
    async def applicant(self, info: Info) -> Applicant | None:
        item = await _APPLICANT.load(self, info.context.loaders)
        return None if item is None else Applicant.of(item)

    @resolved(description="The centre operator who helped, where one did.", metadata=_OPERATOR.metadata)
    async def operator(self, info: Info) -> AssistingOperator | None:
        item = await _OPERATOR.load(self, info.context.loaders)
        return None if item is None else AssistingOperator(item=item)

    @resolved(description="The officer who has it.", metadata=_OFFICER.metadata)
    async def officer(self, info: Info) -> AssignedOfficer | None:
        item = await _OFFICER.load(self, info.context.loaders)
        return None if item is None else AssignedOfficer(item=item)

    @resolved(description="The district whose office decides.", metadata=_DISTRICT.metadata)
    async def district(self, info: Info) -> District | None:
        item = await _DISTRICT.load(self, info.context.loaders)
        return None if item is None else District.of(item)

    @resolved(description="The tehsil, where one was named.")
    async def tehsil(self, info: Info) -> Tehsil | None:
        return await tehsil_by_code(info.context.loaders, self.item.district, self.item.tehsil)

    @resolved(description="What was filled in.")
    def form(self) -> list[FormField]:
        return [FormField(name=name, value=value) for name, value in self.item.form.items()]

    @resolved(description="The fee; null where the service has none or no source gives it.")
    def fee(self) -> Fee | None:
        amount = self.item.fee_paise
        return Fee(amount=Paise(amount), receipt=self.item.fee_receipt) if amount is not None else None

    @resolved(description="By when the law wants it decided.")
    def deadline(self, info: Info) -> Deadline:
        return Deadline.of(info, self.item)

    @resolved(description="Every step so far, the first one first.")
    async def timeline(self, info: Info) -> list[TimelineEntry]:
        return [TimelineEntry.of(item) for item in await info.context.loaders.timelines.load(self.item.id)]

    @resolved(description="The papers that were attached.")
    async def documents(self, info: Info) -> list[AttachedDocument]:
        return [AttachedDocument.of(item) for item in await info.context.loaders.documents.load(self.item.id)]

    @resolved(description="The decision; null while there is none.")
    def decision(self) -> Decision | None:
        return Decision.of(self.item.decision) if self.item.decision else None

    @resolved(description="The certificate that was issued on it.", metadata=_CERTIFICATE.metadata)
    async def certificate(self, info: Info) -> Certificate | None:
        item = await _CERTIFICATE.load(self, info.context.loaders)
        return None if item is None else Certificate.of_issued(item)

    @resolved(
        description="The benefit that was sanctioned on it, as our own store knows it.", metadata=_SANCTION.metadata
    )
    async def benefit(self, info: Info) -> Benefit | None:
        item = await _SANCTION.load(self, info.context.loaders)
        return None if item is None else await Benefit.of_sanction(info, item)

    @resolved(description="The steps that the law allows from here, by whomever.")
    def allowed_moves(self) -> list[Move]:
        return sorted(moves_from(self.item.status), key=list(Move).index)


@strawberry.input(one_of=True, description="How an application is named: exactly one of these.")
class ApplicationBy:
    """The names of an application."""

    id: strawberry.Maybe[strawberry.ID] = strawberry.field(description="Its opaque id.")
    number: strawberry.Maybe[str] = strawberry.field(
        description="Its number as keyed; spaces, hyphens and Devanagari digits are accepted."
    )


@strawberry.type
class ApplicationsQuery:
    """Root fields about applications."""

    @resolved(
        description="One application, for those who may see it; null where there is none. A number with a typing "
        "error is NUMBER_MISTYPED."
    )
    async def application(
        self, info: Info, by: Annotated[ApplicationBy, strawberry.argument(description="Its id or a number.")]
    ) -> Application | None:
        signed_in(info)
        item = await _find(info, by)
        return None if item is None else Application.of(item)


async def _find(info: Info, by: ApplicationBy) -> applications.Application | None:
    loaders = info.context.loaders
    if by.id is not None:
        code, key = from_global_id(by.id.value)
        return await loaders.applications.load(key) if code is TypeCode.APPLICATION else None
    if by.number is not None:
        return await loaders.applications_by_number.load(parse_number(by.number.value, NumberKind.APPLICATION))
    return None
