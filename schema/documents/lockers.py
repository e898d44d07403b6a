"""A citizen's locker: own folders and files, e-Aadhaar, documents that can be pulled, and locker orders."""

from datetime import date, datetime
from typing import Annotated, Self

import strawberry

from actions.documents import locker
from actions.documents.adding_documents import documents_named, is_open, offers_of
from actions.documents.document_links import DocumentName, LinkKind
from actions.documents.locker_orders import orders_of, refusal_of
from actions.identity.eaadhaar import MaskedAadhaar, masked_aadhaar
from actions.kernel import of_citizen, read_at_sources
from domain.certificates.signatures import SignatureState
from domain.consents.consents import ConsentPurpose
from domain.documents.documents import DocumentKind, kind_of, name_of
from domain.documents.locker import OrderKind, OrderState
from domain.identity.policy import ObjectKind
from domain.kernel import Source, Sourced, SourceState
from integrations.digilocker import Folder, FolderEntry
from schema.documents.document_addresses import DocumentAddress, address_of
from schema.kernel import (
    AUTHENTICATED,
    NEVER_SILENTLY_NULL,
    Info,
    InLanguage,
    Mapped,
    Provenance,
    View,
    assumed_list_size,
    field_language,
    former_field,
    page_size,
    read_from,
    requires_consent,
    resolver_field,
    sliced_list_size,
    text_field,
)
from schema.kernel.errors import problem_of, text_of
from store.documents.department_documents import DepartmentDocument as DepartmentDocumentItem
from store.documents.locker_orders import LockerOrder as LockerOrderItem

MOST = 200
"""The longest list from a source (ADR 0025)."""


@strawberry.type(description="A file or a folder that the citizen put into her locker herself.")
class LockerEntry(Mapped[FolderEntry]):
    item: strawberry.Private[FolderEntry]
    citizen_id: strawberry.Private[str]
    is_folder: bool = strawberry.field(description="Whether it is a folder.")
    id: strawberry.ID | None = strawberry.field(description="What `lockerFolder` takes; null for a file.")
    folder_id: str | None = former_field("id", added="0.2")
    name: str = strawberry.field(description="Its name.")
    uri: str | None = strawberry.field(description="The file's URI; null for a folder.")
    size_bytes: int | None = strawberry.field(description="Its length; null where the locker does not say.")
    media_types: list[str] = strawberry.field(description="What it is; empty for a folder.")
    changed_at: datetime | None = strawberry.field(description="When it was changed last.")

    @classmethod
    def of(cls, item: FolderEntry, citizen_id: str) -> Self:
        folder = item.id if item.is_folder else None
        return cls.read(item, citizen_id=citizen_id, id=folder, folder_id=folder)

    @resolver_field(description="An address to read the file at, for some minutes; null for a folder.")
    def download(self, info: Info) -> DocumentAddress | None:
        if self.item.is_folder or self.item.uri is None:
            return None
        kind = self.media_types[0] if self.media_types else "application/octet-stream"
        return address_of(info, self.citizen_id, DocumentName(LinkKind.UPLOADED, self.item.uri, kind))


@strawberry.type(description="A folder of the citizen's own files in her locker.")
class LockerFolder:
    """One folder, without the contents of its subfolders."""

    directory: str = strawberry.field(description="Where it lies.")
    nodes: list[LockerEntry] = strawberry.field(description="Its folders and files. At most 200.")
    complete: bool = strawberry.field(description="Whether nothing was left out.")
    provenance: list[Provenance] = strawberry.field(description="The source with its state.")

    @classmethod
    def of(cls, info: Info, found: Sourced[Folder], citizen_id: str) -> Self:
        entries = found.value.entries
        return cls(
            directory=found.value.directory,
            nodes=[LockerEntry.of(entry, citizen_id) for entry in entries[:MOST]],
            complete=len(entries) <= MOST,
            provenance=[Provenance.of(info, (found.source, found.state, found.as_of))],
        )


@strawberry.type(description="The citizen's e-Aadhaar, of which the number shows its last four digits alone.")
class MaskedEAadhaar(Mapped[MaskedAadhaar]):
    """Fetched now; nothing of it is stored."""

    masked_number: str = strawberry.field(description="The number with its first eight digits hidden.")
    name: str = strawberry.field(description="The name on the card.")
    born_on: date | None = strawberry.field(description="The date of birth; null where the card has the year only.")
    gender: str | None = strawberry.field(description="M, F or T; null where the card does not say.")
    signature: SignatureState = strawberry.field(description="What its signature was found to be worth.")
    provenance: Provenance = strawberry.field(description="The source with its state.")

    @classmethod
    def of(cls, info: Info, found: Sourced[MaskedAadhaar]) -> Self:
        card = found.value
        return cls.read(
            card,
            masked_number=f"XXXX XXXX {card.last4}",
            provenance=Provenance.of(info, (found.source, found.state, found.as_of)),
        )


@strawberry.type(description="What is to be done in the citizen's locker on her word, and what came of it.")
class LockerOrder(View[LockerOrderItem], key="id"):
    item: strawberry.Private[LockerOrderItem]
    key: str = strawberry.field(description="Names the order.")
    kind: OrderKind = strawberry.field(description="What was ordered.")
    state: OrderState = strawberry.field(description="Where it stands.")
    uri: str | None = strawberry.field(description="Where a pulled document lies; null while there is none.")
    created_at: datetime = strawberry.field(description="When it was ordered.")
    settled_at: datetime | None = strawberry.field(description="When it was settled; null while it waits.")

    @resolver_field(description="The locker's code of a refusal; null where it did not refuse.")
    def refusal(self) -> str | None:
        return self.item.code

    @resolver_field(description="What to tell her of a refusal, in words; null where the locker did not refuse.")
    def message(self, info: Info, language: InLanguage = None) -> str | None:
        refusal = refusal_of(self.item)
        return None if refusal is None else text_of(problem_of(refusal), field_language(info, language))


@strawberry.type(description="A document that the citizen says a department holds of her.")
class DepartmentDocument(Mapped[DepartmentDocumentItem], key="id"):
    """It is read once she consents to it; its values are never shown again."""

    item: strawberry.Private[DepartmentDocumentItem]
    key: str = strawberry.field(description="Names it; `removeDepartmentDocument` takes it.")
    publisher: str = strawberry.field(description="The department's name at API Setu.")
    doctype: str = strawberry.field(description="DigiLocker's document type.")
    kind: DocumentKind = strawberry.field(description="What it is.")

    @classmethod
    def of(cls, item: DepartmentDocumentItem) -> Self:
        return cls.read(item, kind=kind_of(item.doctype))

    name = text_field("item.name", description="What it is called.")

    @resolver_field(description="Whether her consent lets it be read now.")
    def consented(self, info: Info) -> bool:
        return is_open(self.item, info.context.environment.clock.now())


@strawberry.type(description="A document that a department gives through API Setu.")
class DepartmentDocumentOffer:
    publisher: str = strawberry.field(description="The department's name at API Setu.")
    doctype: str = strawberry.field(description="DigiLocker's document type.")
    kind: DocumentKind = strawberry.field(description="What it is.")
    parameters: list[str] = strawberry.field(description="What the department wants to know, in its spelling.")
    formats: list[str] = strawberry.field(description="In which forms it is given.")

    @resolver_field(description="What it is called.")
    def name(self, info: Info, language: InLanguage = None) -> str:
        return name_of(self.doctype).in_language(field_language(info, language))


@strawberry.type(description="Somebody who gives documents that can be pulled into a locker.")
class PullIssuer:
    id: strawberry.ID = strawberry.field(description="Names it in the other questions.")
    org_id: str = former_field("id", added="0.2")
    name: str = strawberry.field(description="Its name.")
    category: str = strawberry.field(description="The kind of office.")


@strawberry.type(description="A kind of document that an issuer gives.")
class PullDoctype:
    doctype: str = strawberry.field(description="DigiLocker's document type.")
    description: str = strawberry.field(description="What it is, in the issuer's words.")


@strawberry.type(description="What an issuer wants to know to find a document.")
class PullParameter:
    name: str = strawberry.field(description="How `pullDocument` names it.")
    label: str = strawberry.field(description="What to ask the citizen for.")
    example: str = strawberry.field(description="An example.")
    values: list[str] = strawberry.field(description="The choices; empty where any text will do.")


_ORG = Annotated[str, strawberry.argument(description="The issuer's `id`.")]
_META_LIST = 50


@strawberry.type
class LockersQuery:
    @resolver_field(
        description="The documents that departments give through API Setu, and the ration card through UMANG.",
        directives=[AUTHENTICATED, NEVER_SILENTLY_NULL, assumed_list_size(30)],
    )
    def department_document_offers(self, info: Info) -> list[DepartmentDocumentOffer] | None:
        return [
            DepartmentDocumentOffer(
                publisher=each.publisher,
                doctype=each.doctype,
                kind=kind_of(each.doctype),
                parameters=list(each.parameters),
                formats=list(each.formats),
            )
            for each in offers_of(info.context.environment)[:MOST]
        ]

    @resolver_field(
        description="The issuers whose documents can be pulled into a locker.",
        directives=[
            AUTHENTICATED,
            *read_from("digilocker.pull_issuers"),
            NEVER_SILENTLY_NULL,
            assumed_list_size(_META_LIST),
        ],
    )
    async def pull_issuers(self, info: Info) -> list[PullIssuer] | None:
        found = await info.context.environment.partners.digilocker.pulling.issuers()
        _live(info)
        return [
            PullIssuer(id=strawberry.ID(each.org_id), org_id=each.org_id, name=each.name, category=each.category)
            for each in found[:MOST]
        ]

    @resolver_field(
        description="What an issuer gives.",
        directives=[
            AUTHENTICATED,
            *read_from("digilocker.pull_doctypes"),
            NEVER_SILENTLY_NULL,
            assumed_list_size(_META_LIST),
        ],
    )
    async def pull_doctypes(self, info: Info, org_id: _ORG) -> list[PullDoctype] | None:
        found = await info.context.environment.partners.digilocker.pulling.doctypes(org_id)
        _live(info)
        return [PullDoctype(doctype=each.doctype, description=each.description) for each in found[:MOST]]

    @resolver_field(
        description="What an issuer wants to know to find a document.",
        directives=[
            AUTHENTICATED,
            *read_from("digilocker.pull_parameters"),
            NEVER_SILENTLY_NULL,
            assumed_list_size(_META_LIST),
        ],
    )
    async def pull_parameters(
        self,
        info: Info,
        org_id: _ORG,
        doctype: Annotated[str, strawberry.argument(description="DigiLocker's document type.")],
    ) -> list[PullParameter] | None:
        found = await info.context.environment.partners.digilocker.pulling.parameters(org_id, doctype)
        _live(info)
        return [
            PullParameter(name=each.name, label=each.label, example=each.example, values=list(each.values))
            for each in found[:MOST]
        ]


def _live(info: Info) -> None:
    info.context.sources.note(info.path, Source.DIGILOCKER, SourceState.LIVE, info.context.environment.clock.now())


async def folder_of(info: Info, citizen_id: str, folder_id: str | None) -> LockerFolder:
    """One folder; leaves a receipt."""
    context = info.context
    resource = of_citizen(citizen_id, ObjectKind.DOCUMENT)
    await read_at_sources(context.environment, context.subject, resource, [Source.DIGILOCKER])
    asked = locker.folder(context.environment, citizen_id, folder_id or "")
    return LockerFolder.of(info, await context.sources.ask(info.path, asked), citizen_id)


async def aadhaar_of(info: Info, citizen_id: str) -> MaskedEAadhaar:
    """Her e-Aadhaar, masked."""
    asked = masked_aadhaar(info.context.environment, info.context.subject, citizen_id)
    return MaskedEAadhaar.of(info, await info.context.sources.ask(info.path, asked))


async def orders_listed(info: Info, citizen_id: str, first: int) -> list[LockerOrder]:
    """Her latest orders."""
    found = await orders_of(info.context.environment, info.context.subject, citizen_id, page_size(first))
    return [LockerOrder.of(item) for item in found]


async def named_documents(info: Info, citizen_id: str) -> list[DepartmentDocument]:
    """What she named."""
    found = await documents_named(info.context.environment, info.context.subject, citizen_id)
    return [DepartmentDocument.of(item) for item in found]


FOLDER_DIRECTIVES = [
    *read_from("digilocker.folder"),
    requires_consent(ConsentPurpose.LOCKER_DOCUMENTS),
    NEVER_SILENTLY_NULL,
    assumed_list_size(20, sized=["nodes"]),
]
AADHAAR_DIRECTIVES = [
    *read_from("digilocker.eaadhaar"),
    requires_consent(ConsentPurpose.LOCKER_DOCUMENTS),
    NEVER_SILENTLY_NULL,
]
ORDER_DIRECTIVES = [sliced_list_size("first")]
NAMED_DIRECTIVES = [assumed_list_size(10)]
