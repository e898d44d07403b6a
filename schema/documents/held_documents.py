"""A citizen's documents from every source, in pages, each with provenance, signature and a link to read it."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Annotated, Any, Self

import strawberry

from actions.certificates.certificates import CertificateView
from actions.certificates.held_documents import DocumentsWanted, held_documents, key_of, page_of, place_of, signature_of
from actions.documents.document_links import DocumentName, LinkKind, refuse_ended
from domain.certificates.certificates import CertificateStatus
from domain.certificates.signatures import SignatureState
from domain.documents.documents import DocumentKind, kind_of
from domain.kernel import ErrorCode, Problem, Problems, Source
from schema.certificates.types import Certificate
from schema.documents.document_addresses import DocumentAddress, address_of
from schema.kernel import (
    Edge,
    Info,
    Listing,
    Mapped,
    Provenance,
    Window,
    read_from,
    record_provenance,
    resolver_field,
    text_field,
)
from schema.kernel.provenance import MergedPage, merged_page

_MOST_VALUES, _LONGEST_ISSUER = 50, 100


@strawberry.type(description="What the issuer's signature inside a document was found to be worth.")
class DocumentSignature:
    state: SignatureState = strawberry.field(description="What was found.")
    rests_on_sha1: bool = strawberry.field(
        description="Whether it is an RSA-SHA1 signature, which is accepted of pinned signers alone (ADR 0008)."
    )
    provenance: Provenance = strawberry.field(description="From where the signed form was had.")


@strawberry.type(description="A document of a citizen, wherever it lies; what lies at several places is one.")
class HeldDocument(Mapped[CertificateView]):
    view: strawberry.Private[CertificateView]
    citizen_id: strawberry.Private[str]
    key: str = strawberry.field(description="Stays the same as long as its source names it the same.")
    uri: str | None = strawberry.field(description="Its DigiLocker URI; null where the source gives none.")
    number: str | None = strawberry.field(description="Its number; null where the source gives none.")
    doctype: str = strawberry.field(description="DigiLocker's document type.")
    kind: DocumentKind = strawberry.field(description="What it is.")
    issuer: str = strawberry.field(description="Who issued it.")
    issued_on: date | None = strawberry.field(description="When it was issued; null where the source does not say.")
    valid_until: date | None = strawberry.field(description="Its last day; null where it has none or none is known.")
    status: CertificateStatus | None = strawberry.field(description="Whether it holds; known of ours only.")
    origin: Source = strawberry.field(description="Where it is read from: STORE for one of ours.")
    also_at: list[Source] = strawberry.field(description="Where else the same document lies.")
    media_types: list[str] = strawberry.field(description="In which kinds it can be had.")

    @classmethod
    def of(cls, view: CertificateView, citizen_id: str) -> Self:
        issued = view.issued
        return cls.read(
            view,
            view=view,
            citizen_id=citizen_id,
            key=key_of(view),
            kind=kind_of(view.doctype),
            valid_until=issued.valid_until if issued else None,
            status=issued.status if issued else None,
        )

    name = text_field("view.name", description="What it is called.")

    @resolver_field(description="From where this line of the list was had, when, and how old it is.")
    def provenance(self, info: Info) -> Provenance:
        return Provenance.of(info, (self.view.origin, self.view.state, self.view.as_of))

    @resolver_field(description="The certificate of ours behind it; null for documents of others.")
    def certificate(self) -> Certificate | None:
        return Certificate.of_issued(self.view.issued) if self.view.issued else None

    @resolver_field(
        description="What its issuer's signature is worth, examined now; null where its source failed.",
        directives=read_from("digilocker.certificate_xml"),
    )
    async def signature(self, info: Info) -> DocumentSignature | None:
        context = info.context
        asked = signature_of(context.environment, context.subject, self.citizen_id, self.view)
        found = await context.sources.ask(info.path, asked)
        return DocumentSignature(
            state=found.value.state,
            rests_on_sha1=found.value.sha1,
            provenance=Provenance.of(info, (found.source, found.state, found.as_of)),
        )

    @resolver_field(
        description="An address to read it at, for some minutes; each read of it is shown to her. Of one of ours "
        "that was corrected or revoked, a PDF under a cover that says so; CERTIFICATE_ENDED for its XML."
    )
    def download(
        self,
        info: Info,
        media_type: Annotated[
            str | None, strawberry.argument(description="One of `mediaTypes`; left out, the first of them.")
        ] = None,
    ) -> DocumentAddress | None:
        if not self.media_types:
            return None
        chosen = self.media_types[0] if media_type is None else media_type.lower()
        if chosen not in self.media_types:
            raise Problems(Problem(ErrorCode.BAD_INPUT, ("mediaType",)))
        if self.view.issued is not None:
            refuse_ended(self.view.issued, chosen)
        name = _name_of(self.view, chosen)
        return None if name is None else address_of(info, self.citizen_id, name)


@strawberry.type(description="A page of a citizen's documents.")
class HeldDocumentConnection(MergedPage):
    """A page of a merged list; its parts are reported as those of CertificateList."""

    edges: list[Edge[HeldDocument]] = strawberry.field(description="The documents of the page with their cursors.")
    nodes: list[HeldDocument] = strawberry.field(description="The documents of the page.")


@strawberry.input(description="Which documents are listed; what is left out does not narrow the list.")
class DocumentFilter:
    """A source that the filter leaves out is not asked."""

    kinds: list[DocumentKind] | None = strawberry.field(default=None, description="Only these kinds.")
    doctypes: list[str] | None = strawberry.field(default=None, description="Only these types, such as INCER.")
    sources: list[Source] | None = strawberry.field(
        default=None, description="Only what lies at these places: STORE, DIGILOCKER, API_SETU."
    )
    issuer: str | None = strawberry.field(default=None, description="Only issuers with this in their name.")

    def to_criteria(self) -> DocumentsWanted:
        """The same for the verb; raises BAD_INPUT for longer lists and texts than any use needs."""
        doctypes = frozenset(each.upper() for each in self.doctypes) if self.doctypes is not None else None
        if len(doctypes or ()) > _MOST_VALUES or len(self.issuer or "") > _LONGEST_ISSUER:
            raise Problems(Problem(ErrorCode.BAD_INPUT, ("filter",)))
        return DocumentsWanted(_set(self.kinds), doctypes, _set(self.sources), self.issuer or None)


def _set(values: Iterable[Any] | None) -> frozenset[Any] | None:
    return None if values is None else frozenset(values)


async def documents_listed(info: Info, citizen_id: str, chosen: DocumentFilter | None) -> Listing[CertificateView]:
    """The citizen's documents, the newest first; a missing source is reported at the list's own path (ADR 0003)."""
    wanted = chosen.to_criteria() if chosen else DocumentsWanted()
    view = await held_documents(info.context.environment, info.context.subject, citizen_id, wanted)
    provenance = record_provenance(info, view.provenances)
    for failure in view.failures:
        info.context.sources.note_missing(info.path, failure)

    async def rows(window: Window) -> Sequence[CertificateView]:
        place = None if window.place is None else (str(window.place[0]), window.place[1])
        return page_of(view.nodes, place, backward=window.backward, limit=window.size + 1)

    async def count() -> int:
        return len(view.nodes)

    return Listing(
        f"documents:{citizen_id}:{wanted.name}",
        rows,
        count,
        place_of,
        lambda item: HeldDocument.of(item, citizen_id),
        merged_page(HeldDocumentConnection, complete=view.complete, provenance=provenance),
    )


def _name_of(view: CertificateView, media_type: str) -> DocumentName | None:
    if view.issued is not None:
        return DocumentName(LinkKind.OURS, view.issued.id, media_type)
    if view.answer is not None:
        return DocumentName(LinkKind.DEPARTMENT, view.answer.document.id, media_type)
    return DocumentName(LinkKind.LOCKER, view.uri, media_type) if view.uri else None
