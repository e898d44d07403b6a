"""Certificates: issued by us, in the citizen's locker, and issued by departments."""

import hashlib
import json
import uuid
from datetime import date, datetime
from typing import Annotated, Self
from urllib.parse import urlencode

import strawberry

from actions.catalogue.notified import departments_by_slug
from actions.certificates.certificates import CertificateView, view_of_ours
from actions.certificates.fields import printed_label
from actions.certificates.qr_codes import QrFacts
from actions.certificates.verification import Verified, verify
from actions.documents.document_links import DocumentName, LinkKind, refuse_ended
from actions.documents.locker import locker_file
from actions.identity.wallet_offers import offer_address, offer_of, open_offers, person_of
from actions.kernel import Environment, of_certificate
from domain.catalogue.catalogue import Department
from domain.certificates.certificates import (
    ENDED,
    CertificateEnding,
    CertificateStatus,
    EndGround,
    IssuedCertificate,
    initials,
)
from domain.kernel import (
    Bilingual,
    ErrorCode,
    PersonKind,
    Problem,
    Problems,
    Source,
    Sourced,
    SourceState,
    TypeCode,
    ist_date,
)
from domain.kernel.messages import bilingual
from schema.applications.loaders import renewal_of_application
from schema.certificates.signing import CertificateSignature, signatures_of_certificate
from schema.documents.document_addresses import DocumentAddress, address_of
from schema.kernel import (
    AUTHENTICATED,
    PUBLIC,
    ByKey,
    Info,
    InLanguage,
    Mapped,
    Node,
    Provenance,
    assumed_list_size,
    field_by_key,
    field_language,
    label_field,
    node_id,
    one_by_key,
    read_from,
    resolver_field,
    text_field,
)
from schema.kernel.enums import DocumentIntegrity
from store.certificates import certificate_endings
from store.certificates import certificates as certificate_store

certificate_by_id = one_by_key(certificate_store.by_ids, of_certificate)
certificate_by_number = one_by_key(certificate_store.by_numbers, of_certificate)
certificate_of_application = one_by_key(certificate_store.of_applications, of_certificate)
# The loader below is keyed by certificates that were let through before.
ending_of_certificate = one_by_key(certificate_endings.of_certificates)

open_offer_of_certificate = one_by_key(open_offers)

WALLET = "openid-credential-offer://"
_PDF = "application/pdf"


@strawberry.type(description="The file of a certificate, fetched and checked.")
class CertificateDocument:
    media_type: str = strawberry.field(description="Its kind, such as application/pdf.")
    size_bytes: int = strawberry.field(description="Its length.")
    sha256: str = strawberry.field(description="The SHA-256 of its content.")
    integrity: DocumentIntegrity = strawberry.field(description="How it was checked.")

    @classmethod
    def of(cls, content: bytes, media_type: str, integrity: DocumentIntegrity) -> Self:
        """The result of checking a file."""
        digest = hashlib.sha256(content).hexdigest()
        return cls(media_type=media_type, size_bytes=len(content), sha256=digest, integrity=integrity)


def _ended_key(certificate: "Certificate") -> str | None:
    issued = certificate.view.issued
    return issued.id if issued is not None and issued.status in ENDED else None


_SUCCESSOR = ByKey(certificate_by_id, lambda end: end.item.successor_id)


@strawberry.type(description="How a certificate of ours stopped to hold.")
class CertificateEnd(Mapped[CertificateEnding]):
    item: strawberry.Private[CertificateEnding]
    ended_on: date = strawberry.field(description="The day.")
    ground: EndGround = strawberry.field(description="The coded ground.")
    reason: str = strawberry.field(description="The reasons in writing.")

    @classmethod
    def of(cls, item: CertificateEnding) -> Self:
        return cls.read(item, ended_on=ist_date(item.ended_at))

    @resolver_field(
        description="The certificate that was made in its place; null where it was revoked, or that one is awaited.",
    )
    async def corrected_by(
        self, info: Info
    ) -> Annotated["Certificate", strawberry.lazy("schema.certificates.types")] | None:
        item = await _SUCCESSOR.load(self, info.context.loaders)
        return None if item is None else Certificate.of_issued(item)


@strawberry.type(description="An offer of a certificate to the holder's wallet (OpenID4VCI 1.0).")
class WalletOffer:
    other: strawberry.Private[Bilingual | None]
    address: str = strawberry.field(description="What the wallet scans or opens: it fetches the offer itself.")
    whole: str = strawberry.field(description="The same with the offer in it, for a wallet on this device.")
    expires_at: datetime = strawberry.field(description="Until when the code of the SMS is good, once.")

    about = text_field(
        "other",
        description="Whom the certificate is about, where that is not who asked for it, such as a child. The wallet "
        "proves that it was given the certificate, and never that it is that person's.",
        nullable=True,
    )


@strawberry.federation.type(
    keys=["id", "number"],
    directives=[AUTHENTICATED],
    description="A certificate, wherever it lies. Only those that we issued can be found by id or number.",
)
class Certificate(Node, Mapped[CertificateView]):
    view: strawberry.Private[CertificateView]
    citizen_id: strawberry.Private[str]
    uri: str | None = strawberry.field(description="Its DigiLocker URI; null where the source gives none.")
    number: str | None = strawberry.field(description="Its number; null where the source gives none.")
    doctype: str = strawberry.field(description="DigiLocker's document type.")
    issuer: str = strawberry.field(description="Who issued it.")
    issued_on: date | None = strawberry.field(description="When it was issued; null where the source does not say.")
    origin: Source = strawberry.field(description="Where it lies: STORE for one of ours.")
    media_types: list[str] = strawberry.field(description="In which kinds it can be had.")
    valid_until: date | None = strawberry.field(description="Its last day; null where it has none or none is known.")
    status: CertificateStatus | None = strawberry.field(description="Whether it holds; known of ours only.")

    @classmethod
    def of(cls, view: CertificateView, citizen_id: str) -> Self:
        issued = view.issued
        # A certificate of a source has no key of ours; this one is stable as long as its names are.
        names = view.uri or f"{view.origin}:{view.doctype}:{view.issuer}:{view.number}"
        key = issued.id if issued else str(uuid.uuid5(uuid.NAMESPACE_URL, names))
        return cls.read(
            view,
            id=node_id(TypeCode.CERTIFICATE, key),
            view=view,
            citizen_id=citizen_id,
            valid_until=issued.valid_until if issued else None,
            status=issued.status if issued else None,
        )

    @classmethod
    def of_issued(cls, item: IssuedCertificate) -> Self:
        return cls.of(view_of_ours(item), item.citizen_id)

    @resolver_field(
        description="The first day on which it may be renewed, by renewCertificate; null where it is not renewed, and "
        "after its last day."
    )
    async def renewable_on(self, info: Info) -> date | None:
        issued = self.view.issued
        if issued is None or issued.status is not CertificateStatus.ACTIVE:
            return None
        return await info.context.load(renewal_of_application, issued.application_id)

    @resolver_field(description="The open offer to her wallet; null for all but her, and where there is none.")
    async def wallet_offer(self, info: Info) -> WalletOffer | None:
        if self.view.issued is None or not _is_hers(info, self.citizen_id):
            return None
        code = await info.context.load(open_offer_of_certificate, self.view.issued.id)
        if code is None:
            return None
        env = info.context.environment
        offer = json.dumps(offer_of(env, code, self.doctype))
        address = offer_address(env, code)
        return WalletOffer(
            other=person_of(env, self.view.issued),
            address=f"{WALLET}?{urlencode({'credential_offer_uri': address})}",
            whole=f"{WALLET}?{urlencode({'credential_offer': offer})}",
            expires_at=code.expires_at,
        )

    name = text_field("view.name", description="What it is called.")
    ending = field_by_key(
        ending_of_certificate,
        CertificateEnd.of,
        _ended_key,
        description="How it was corrected or revoked; null while it holds, and for one that is not ours.",
    )

    @resolver_field(
        description="The officers who signed it with their tokens, in their order; none where it bears the system's "
        "seal, and for one that is not ours.",
        directives=[assumed_list_size(2)],
    )
    async def signatures(self, info: Info) -> list[CertificateSignature]:
        return await _signatures_of(info, self.view.issued.id) if self.view.issued else []

    @resolver_field(
        description="Its file, fetched now and checked; null where the source gives no file.",
        directives=read_from("digilocker.file"),
    )
    async def document(self, info: Info) -> CertificateDocument | None:
        if self.view.issued is not None:
            content = await info.context.environment.objects.get(self.view.issued.pdf_sha256)
            if content is None:
                raise LookupError("the file of a certificate is not in the object store")
            return CertificateDocument.of(content, _PDF, DocumentIntegrity.SHA256_VERIFIED)
        if self.view.origin is Source.DIGILOCKER and self.view.uri is not None:
            return await _from_locker(info, self.citizen_id, self.view.uri)
        return None

    @resolver_field(
        description="An address to read it at, for some minutes; each read of it is shown to her. Null for all but "
        "her, and for one that is not ours: `documents` has the addresses of those. Of one that was corrected or "
        "revoked, a PDF under a cover that says so; CERTIFICATE_ENDED for its XML."
    )
    def download(
        self,
        info: Info,
        media_type: Annotated[
            str | None, strawberry.argument(description="One of `mediaTypes`; left out, the first of them.")
        ] = None,
    ) -> DocumentAddress | None:
        if self.view.issued is None or not _is_hers(info, self.citizen_id):
            return None
        chosen = self.media_types[0] if media_type is None else media_type.lower()
        if chosen not in self.media_types:
            raise Problems(Problem(ErrorCode.BAD_INPUT, ("mediaType",)))
        refuse_ended(self.view.issued, chosen)
        return address_of(info, self.citizen_id, DocumentName(LinkKind.OURS, self.view.issued.id, chosen))


async def _signatures_of(info: Info, certificate_id: str) -> list[CertificateSignature]:
    return [CertificateSignature.of(one) for one in await info.context.load(signatures_of_certificate, certificate_id)]


def _is_hers(info: Info, citizen_id: str) -> bool:
    subject = info.context.subject
    return subject.kind is PersonKind.CITIZEN and subject.person_id == citizen_id


async def _from_locker(info: Info, citizen_id: str, uri: str) -> CertificateDocument:
    async def fetch_document() -> Sourced[CertificateDocument]:
        file = await locker_file(info.context.environment, info.context.subject, citizen_id, uri)
        document = CertificateDocument.of(file.content, file.media_type, DocumentIntegrity.HMAC_VERIFIED)
        return Sourced(document, Source.DIGILOCKER, SourceState.LIVE, file.fetched_at)

    return (await info.context.sources.ask(info.path, fetch_document())).value


@strawberry.type(description="A citizen's certificates from everywhere; what lies at two places is shown once.")
class CertificateList:
    nodes: list[Certificate] = strawberry.field(description="The certificates, ours first. At most 200.")
    complete: bool = strawberry.field(description="Whether every source answered and nothing was left out.")
    provenance: list[Provenance] = strawberry.field(description="Each source with its state.")


@strawberry.type(description="One line of what a certificate's QR code says.")
class SignedFact:
    about: strawberry.Private[Bilingual]
    value: str = strawberry.field(description="What it says, as it is printed.")

    label = text_field("about", description="What the line is about.")


@strawberry.type(description="What anybody may know of a certificate whose number is at hand.")
class CertificateFacts:
    """Public facts; of the holder no more than initials."""

    item: strawberry.Private[IssuedCertificate]
    department_name: strawberry.Private[Bilingual | None]
    number: str = strawberry.field(description="Its number.")
    ended_on: date | None = strawberry.field(description="When it was corrected or revoked; null while it holds.")
    corrected_by: str | None = strawberry.field(
        description="The number of the certificate in its place; null where there is none."
    )
    status: CertificateStatus = strawberry.field(description="Whether it holds today.")
    issued_on: date = strawberry.field(description="When it was issued.")
    valid_until: date | None = strawberry.field(description="Its last day; null where it has none.")

    signed_facts: list[SignedFact] = strawberry.field(
        description="What the QR code says in full, where that was given: the holder in both scripts and printed "
        "facts. Empty for a number."
    )
    checked_at: datetime = strawberry.field(description="When the register was asked: now.")
    specimen: bool = strawberry.field(
        description="Whether it is signed by a key of tests, as in the demo and in staging, and valid nowhere."
    )

    @resolver_field(
        description="The officers who signed it with their tokens, in their order; none for the system's seal.",
        directives=[assumed_list_size(2)],
    )
    async def signatures(self, info: Info) -> list[CertificateSignature]:
        return await _signatures_of(info, self.item.id)

    name = text_field("item.name", description="What it is called.")
    department = text_field("department_name", description="The department that issued it.", nullable=True)
    status_label = label_field("certificate", "status", description="Whether it holds, in words.")

    @resolver_field(description="The first letter of each word of the holder's name, to compare it with the paper.")
    def holder_initials(self, info: Info, language: InLanguage = None) -> str:
        return initials(self.item.holder.in_language(field_language(info, language)))


@strawberry.type
class CertificatesQuery:
    @resolver_field(
        description="Whether a certificate of ours holds, for anybody; null where there is none.", directives=[PUBLIC]
    )
    async def verify_certificate(
        self,
        info: Info,
        number: Annotated[
            str,
            strawberry.argument(
                description="Its number as keyed, ours or that of a system before; NUMBER_MISTYPED names an error. "
                "Or the text of its QR code; QR_NOT_GENUINE where we did not sign it."
            ),
        ],
    ) -> CertificateFacts | None:
        env = info.context.environment
        found = await verify(env, number)
        departments = await departments_by_slug(env) if found else {}
        return _facts(env, found, departments.get(found.certificate.department or "")) if found else None


def _signed_facts(code: QrFacts) -> list[SignedFact]:
    names = " / ".join(name for name in (code.holder.hi, code.holder.en) if name)
    lines = [SignedFact(about=bilingual("certificate.holder_in_full"), value=names)]
    return lines + [SignedFact(about=printed_label(key), value=value) for key, value in code.facts.items()]


def _facts(env: Environment, found: Verified, department: Department | None) -> CertificateFacts:
    item, ended = found.certificate, found.ended
    return CertificateFacts(
        item=item,
        department_name=department.name if department else None,
        checked_at=env.clock.now(),
        signed_facts=_signed_facts(found.code) if found.code else [],
        specimen=env.rules.takes_sandboxes,
        number=item.number,
        status=found.status,
        issued_on=item.issued_on,
        valid_until=item.valid_until,
        ended_on=ended.ended_on if ended else None,
        corrected_by=ended.successor if ended else None,
    )
