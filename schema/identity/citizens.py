"""The Citizen type: profile, applications, holdings, linked accounts, and the log of reads of the citizen's data."""

from datetime import datetime
from typing import Annotated, Self

import strawberry

from actions.applications.prefill import prefill
from actions.benefits.benefits import benefits_of
from actions.certificates.certificates import (
    CertificatesView,
    CertificateView,
    certificates_of,
    department_certificates,
)
from actions.feedback.message_settings import shown_settings
from actions.kernel import of_application, of_citizen, receipts_of_citizen, require_read
from actions.statistics.dashboard import dashboard_of
from actions.umang.ration import ration_card_of
from domain.appeals.appeals import Appeal as AppealItem
from domain.applications.applications import Application as ApplicationItem
from domain.applications.lifecycle import Status
from domain.consents.consents import Consent as ConsentItem
from domain.consents.consents import ConsentPurpose
from domain.feedback.feedback import Suggestion as SuggestionItem
from domain.feedback.grievances import Grievance as GrievanceItem
from domain.feedback.messages import USUAL
from domain.feedback.notices import Notice as NoticeItem
from domain.fees.fees import FeeOrder
from domain.identity.policy import ObjectKind, Purpose
from domain.kernel import Assurance, Language, Provider, Role, Source, TypeCode, mask_email, mask_mobile, people
from schema.appeals.types import Appeal
from schema.applications.progress import auto_appeal_opt_out_of_citizen
from schema.applications.types import Application
from schema.benefits.types import Benefit, BenefitList
from schema.catalogue.forms import PrefilledForm
from schema.catalogue.places import district_field
from schema.certificates.types import Certificate, CertificateList
from schema.connectors.cases import RECORDS_DIRECTIVES, DepartmentCase, Inputs, cases_of_citizen, citizen_records
from schema.connectors.records import DepartmentRecordList
from schema.consents.types import Consent, consents_listed
from schema.documents.held_documents import DocumentFilter, HeldDocumentConnection, documents_listed
from schema.documents.lockers import (
    AADHAAR_DIRECTIVES,
    FOLDER_DIRECTIVES,
    NAMED_DIRECTIVES,
    ORDER_DIRECTIVES,
    DepartmentDocument,
    LockerFolder,
    LockerOrder,
    MaskedEAadhaar,
    aadhaar_of,
    folder_of,
    named_documents,
    orders_listed,
)
from schema.feedback.care_lists import appeals_of_citizen, grievances_of_citizen, suggestions_of_author
from schema.feedback.grievances import Grievance
from schema.feedback.messages import MessageSettings, settings_of_citizen
from schema.feedback.notifications import Notification, notifications_of
from schema.feedback.suggestions import Suggestion
from schema.fees.payments import FeePayment, fee_payments_of_citizen
from schema.identity.assistance import Assistance, Relative, assistances_of, relatives_listed
from schema.kernel import (
    AUTHENTICATED,
    NEVER_SILENTLY_NULL,
    Connection,
    Info,
    InLanguage,
    Listing,
    Node,
    Part,
    View,
    assumed_list_size,
    connection_field,
    count_reader,
    field_language,
    former_name,
    label_field,
    many_by_key,
    page_reader,
    page_size,
    read_from,
    record_provenance,
    requires_consent,
    resolver_field,
    sliced_list_size,
    text_field,
)
from schema.statistics.dashboard import Dashboard
from schema.umang import RationCard
from store.applications import applications as kept
from store.database import Transaction
from store.identity import identities
from store.identity.accesses import AccessReceipt

accounts_of_citizen = many_by_key(identities.linked_accounts)


@strawberry.type(description="An account with a provider that a person linked by signing in.")
class LinkedAccount(View[people.LinkedAccount]):
    provider: Provider = strawberry.field(description="Who holds the account.")
    linked_at: datetime = strawberry.field(description="When it was linked.")
    last_used_at: datetime | None = strawberry.field(description="When it was used last.")
    needs_consent: bool = strawberry.field(description="Whether the citizen must consent again.")
    consent_until: datetime | None = strawberry.field(description="When her consent ends; null where it has no end.")
    assurance: Assurance | None = strawberry.field(
        description="How sure a sign-in by it is, at the least; null for a locker, by which nobody signs in."
    )


@strawberry.type(description="A read of the citizen's data: who, why, and from where.")
class DataAccess:
    at: datetime = strawberry.field(description="When it was read.")
    role: Role = strawberry.field(description="In which role somebody read it.")
    object_kind: ObjectKind = strawberry.field(description="What was read.")
    purpose: Purpose = strawberry.field(description="Why.")
    source: Source = strawberry.field(description="The system that was asked; STORE for our own.")

    @classmethod
    def of(cls, item: AccessReceipt) -> Self:
        return cls(
            at=item.at,
            role=Role(item.role),
            object_kind=ObjectKind(item.object_kind),
            purpose=Purpose(item.purpose),
            source=Source(item.source) if item.source else Source.STORE,
        )

    purpose_label = label_field("purpose", "purpose", description="Why, in words.")


@strawberry.input(description="Which applications are listed.")
class ApplicationFilter:
    statuses: list[Status] | None = strawberry.field(default=None, description="Only these states.")


@strawberry.federation.type(keys=["id"], directives=[AUTHENTICATED], description="A citizen of the portal.")
class Citizen(Node, View[people.Citizen], id_of=TypeCode.CITIZEN):
    """A citizen; what others may see of her is decided field by field."""

    item: strawberry.Private[people.Citizen]
    language: Language = strawberry.field(description="The language that she chose.")

    @property
    def consenting_citizen(self) -> str:
        """Whose consent `@consent` asks for."""
        return self.item.id

    name = text_field("item.name", description="Her name.")

    @resolver_field(description="The address to which mail goes, of whose name one letter is shown; null for none.")
    def masked_email(self) -> str | None:
        return mask_email(self.item.confirmed_email) if self.item.confirmed_email else None

    @resolver_field(description="Her mobile number with its middle hidden.")
    def masked_mobile(self) -> str | None:
        return mask_mobile(self.item.mobile) if self.item.mobile else None

    district = district_field("item.district", description="Her district, where it is known.")

    @connection_field(Connection[Application], description="Her applications, the newest first.")
    async def applications(
        self,
        info: Info,
        filter: Annotated[  # noqa: A002 - the argument's name in the graph
            ApplicationFilter | None, strawberry.argument(description="Which applications are listed.")
        ] = None,
    ) -> Listing[ApplicationItem]:
        await _require_citizen_read(info, self.item.id, ObjectKind.APPLICATION)
        statuses = frozenset(filter.statuses) if filter and filter.statuses is not None else None

        async def read(tx: Transaction, part: Part) -> list[ApplicationItem]:
            from_end = part.backward and part.place is None
            page = await kept.page_of_citizen(
                tx,
                self.item.id,
                statuses=statuses,
                after=None if part.backward else part.place,
                before=part.place if part.backward else None,
                limit=part.limit,
                newest_first=not from_end,
            )
            return list(reversed(page)) if from_end else page

        name = f"applications:{self.item.id}:{sorted(statuses) if statuses is not None else None}"
        count = count_reader(info, lambda tx: kept.count_of_citizen(tx, self.item.id, statuses))
        rows = page_reader(info, read, of_application)
        return Listing(name, rows, count, lambda one: (one.created_at.isoformat(), one.id), Application.of)

    @resolver_field(
        description="Her certificates: ours, those of her locker, those of departments.",
        directives=[
            *read_from("digilocker.issued_documents", "apisetu.certificate"),
            NEVER_SILENTLY_NULL,
            assumed_list_size(10, sized=["nodes"]),
        ],
    )
    async def certificates(self, info: Info) -> CertificateList | None:
        return self._certificate_list(
            info, await certificates_of(info.context.environment, info.context.subject, self.item.id)
        )

    @resolver_field(
        description="Her certificates that departments hold, asked for with the consent that she gave for each.",
        directives=[
            *read_from("apisetu.certificate"),
            requires_consent(ConsentPurpose.DEPARTMENT_DOCUMENTS),
            NEVER_SILENTLY_NULL,
            assumed_list_size(5, sized=["nodes"]),
        ],
    )
    async def department_certificates(self, info: Info) -> CertificateList | None:
        context = info.context
        return self._certificate_list(
            info, await department_certificates(context.environment, context.subject, self.item.id)
        )

    @resolver_field(
        description="A service's form with the answers that her verified documents give, each with its document.",
        directives=[
            *read_from("digilocker.issued_documents", "digilocker.certificate_xml", "apisetu.certificate"),
            NEVER_SILENTLY_NULL,
            assumed_list_size(10, sized=["answers"]),
        ],
    )
    async def prefilled_form(
        self,
        info: Info,
        service_code: Annotated[str, strawberry.argument(description="The service that is applied for.")],
    ) -> PrefilledForm | None:
        context = info.context
        view = await prefill(context.environment, context.subject, service_code, self.item.id)
        return PrefilledForm.of(info, view)

    @connection_field(
        HeldDocumentConnection | None,
        description="Her documents from everywhere, each once, the newest first: ours, her locker's, departments'.",
        directives=[*read_from("digilocker.issued_documents", "apisetu.certificate"), NEVER_SILENTLY_NULL],
    )
    async def documents(
        self,
        info: Info,
        filter: Annotated[  # noqa: A002 - the argument's name in the graph
            DocumentFilter | None, strawberry.argument(description="Which documents are listed.")
        ] = None,
    ) -> Listing[CertificateView]:
        return await documents_listed(info, self.item.id, filter)

    @resolver_field(description="A folder of her own files in her locker.", directives=FOLDER_DIRECTIVES)
    async def locker_folder(
        self,
        info: Info,
        folder_id: Annotated[
            str | None, strawberry.argument(description="The `id` of a folder; left out, the root.")
        ] = None,
        id: Annotated[  # noqa: A002 - the argument's name in the graph
            str | None, strawberry.argument(**former_name("folderId", added="0.2"))
        ] = None,
    ) -> LockerFolder | None:
        return await folder_of(info, self.item.id, folder_id or id)

    @resolver_field(description="Her e-Aadhaar from her locker, masked.", directives=AADHAAR_DIRECTIVES)
    async def e_aadhaar(self, info: Info) -> MaskedEAadhaar | None:
        return await aadhaar_of(info, self.item.id)

    @resolver_field(description="What she ordered in her locker, the latest first.", directives=ORDER_DIRECTIVES)
    async def locker_orders(
        self, info: Info, first: Annotated[int, strawberry.argument(description="How many, 1 to 100.")]
    ) -> list[LockerOrder]:
        return await orders_listed(info, self.item.id, first)

    @resolver_field(
        description="What she named that departments hold of her, whether or not it is open to us.",
        directives=NAMED_DIRECTIVES,
    )
    async def department_documents(self, info: Info) -> list[DepartmentDocument]:
        return await named_documents(info, self.item.id)

    def _certificate_list(self, info: Info, view: CertificatesView) -> CertificateList:
        provenance = record_provenance(info, view.provenances)
        for failure in view.failures:
            info.context.sources.note_missing(info.path, failure)
        nodes = [Certificate.of(node, self.item.id) for node in view.nodes]
        return CertificateList(nodes=nodes, complete=view.complete, provenance=provenance)

    @resolver_field(
        description="Her benefits and where their payments stand.",
        directives=[
            *read_from("dbt_finance.payment_statuses"),
            NEVER_SILENTLY_NULL,
            assumed_list_size(5, sized=["nodes"]),
        ],
    )
    async def benefits(self, info: Info) -> BenefitList | None:
        view = await benefits_of(info.context.environment, info.context.subject, self.item.id)
        provenance = record_provenance(info, view.provenances)
        if view.failure is not None:
            info.context.sources.note_missing(info.path, view.failure)
        nodes = [Benefit.of(node) for node in view.nodes]
        return BenefitList(nodes=nodes, complete=view.complete, provenance=provenance)

    @resolver_field(
        description="Her ration card through UMANG; null where no card of hers is known.",
        directives=[*read_from("umang.getrationcard"), requires_consent(ConsentPurpose.RATION_CARD)],
    )
    async def ration_card(self, info: Info, language: InLanguage = None) -> RationCard | None:
        context = info.context
        asked = ration_card_of(context.environment, context.subject, self.item.id, field_language(info, language))
        sourced = await context.sources.ask(info.path, asked)
        return None if sourced is None else RationCard.of(info, sourced)

    @resolver_field(
        description="Her records of a kind at a department's system that joined by a file.",
        directives=RECORDS_DIRECTIVES,
    )
    async def department_records(
        self,
        info: Info,
        system: Annotated[str, strawberry.argument(description="The system, as departmentSystems names it.")],
        kind: Annotated[str, strawberry.argument(description="The kind of records, by the word of its file.")],
        inputs: Inputs = None,
    ) -> DepartmentRecordList | None:
        return await citizen_records(info, self.item.id, system, kind, inputs)

    @resolver_field(
        description="What she sent to departments' systems, about applications or by itself, the latest first.",
        directives=[NEVER_SILENTLY_NULL, assumed_list_size(20)],
    )
    async def department_cases(self, info: Info) -> list[DepartmentCase] | None:
        await _require_citizen_read(info, self.item.id, ObjectKind.DOCUMENT)
        found = await info.context.load(cases_of_citizen, self.item.id)
        return [DepartmentCase.of(item) for item in found if item.clearance_id is None]

    @resolver_field(description="Her first page: counts, what waits for her, what is due next, what changed last.")
    async def dashboard(self, info: Info) -> Dashboard:
        context = info.context
        return Dashboard.of(await dashboard_of(context.environment, context.subject, self.item.id))

    @connection_field(Connection[FeePayment], description="Orders to pay fees online, the newest first.")
    async def fee_payments(self, info: Info) -> Listing[FeeOrder]:
        await _require_citizen_read(info, self.item.id, ObjectKind.FEE_ORDER)
        return fee_payments_of_citizen(info, self.item.id, view=FeePayment.of)

    @connection_field(Connection[Grievance], description="Her grievances, the newest first.")
    async def grievances(self, info: Info) -> Listing[GrievanceItem]:
        await _require_citizen_read(info, self.item.id, ObjectKind.GRIEVANCE)
        return grievances_of_citizen(info, self.item.id)

    @connection_field(Connection[Notification], description="Her messages, the newest first; for herself alone.")
    async def notifications(
        self,
        info: Info,
        unread_only: Annotated[
            bool, strawberry.argument(description="Only those that she has not marked as read.")
        ] = False,
    ) -> Listing[NoticeItem]:
        return await notifications_of(info, self.item.id, unread_only=unread_only)

    @connection_field(Connection[Appeal], description="Her appeals, the newest first.")
    async def appeals(self, info: Info) -> Listing[AppealItem]:
        await _require_citizen_read(info, self.item.id, ObjectKind.APPEAL)
        return appeals_of_citizen(info, self.item.id)

    @resolver_field(description="Whether an appeal files itself for her when a due date passes; she chooses.")
    async def auto_appeal(self, info: Info) -> bool:
        await _require_citizen_read(info, self.item.id, ObjectKind.APPEAL)
        return await info.context.load(auto_appeal_opt_out_of_citizen, self.item.id) is None

    @resolver_field(description="By which channels and outside of which hours messages come to her; she chooses.")
    async def message_settings(self, info: Info) -> MessageSettings:
        await _require_citizen_read(info, self.item.id, ObjectKind.NOTICE)
        chosen = await info.context.load(settings_of_citizen, self.item.id)
        settings = USUAL if chosen is None else chosen
        return MessageSettings.of(await shown_settings(info.context.environment, self.item, settings))

    @connection_field(Connection[Suggestion], description="What she suggested, the newest first.")
    async def suggestions(self, info: Info) -> Listing[SuggestionItem]:
        await _require_citizen_read(info, self.item.id, ObjectKind.SUGGESTION)
        return suggestions_of_author(info, self.item.id)

    @resolver_field(description="The accounts that she linked, the oldest first.")
    async def linked_accounts(self, info: Info) -> list[LinkedAccount]:
        await _require_citizen_read(info, self.item.id, ObjectKind.CITIZEN)
        return [LinkedAccount.of(item) for item in await info.context.load(accounts_of_citizen, self.item.id)]

    @resolver_field(
        description="Operators who asked to act for her, the latest first: by whose word, where, and until when.",
        directives=[assumed_list_size(20)],
    )
    async def assistances(self, info: Info) -> list[Assistance]:
        return await assistances_of(info, self.item.id)

    @resolver_field(
        description="Relatives who may speak for her at a centre; for herself alone.", directives=[assumed_list_size(5)]
    )
    async def relatives(self, info: Info) -> list[Relative]:
        return await relatives_listed(info)

    @connection_field(
        Connection[Consent], description="What she lets us read, from whom and until when, the latest first."
    )
    async def consents(self, info: Info) -> Listing[ConsentItem]:
        return await consents_listed(info, self.item.id)

    @resolver_field(description="Who read her data, the latest first.", directives=[sliced_list_size("first")])
    async def data_accesses(
        self, info: Info, first: Annotated[int, strawberry.argument(description="How many, 1 to 100.")]
    ) -> list[DataAccess]:
        most = page_size(first)
        found = await receipts_of_citizen(info.context.environment, info.context.subject, self.item.id, most)
        return [DataAccess.of(item) for item in found]


async def _require_citizen_read(info: Info, citizen_id: str, kind: ObjectKind) -> None:
    await require_read(info.context.environment, info.context.subject, of_citizen(citizen_id, kind))
