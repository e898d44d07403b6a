"""Lists a citizen's documents from every source, filtered, the newest first."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

from actions.certificates.certificates import EVERYWHERE, CertificatesView, CertificateView, certificates_of
from actions.documents import locker
from actions.documents.own_signature import own_signature
from actions.kernel import Environment, of_citizen, read_at_sources
from domain.certificates.signatures import SignatureState
from domain.documents.documents import DocumentKind, kind_of
from domain.identity.policy import ObjectKind
from domain.kernel import Source, Sourced, SourceState, Subject

XML = "application/xml"


@dataclass(frozen=True, slots=True)
class DocumentsWanted:
    """Which documents are listed; None for all. `issuer` is a part of the issuer's name, whatever its letter case."""

    kinds: frozenset[DocumentKind] | None = None
    doctypes: frozenset[str] | None = None
    sources: frozenset[Source] | None = None
    issuer: str | None = None

    @property
    def name(self) -> str:
        """The same filter has the same name; cursors are bound to it."""
        parts = (self.kinds, self.doctypes, self.sources)
        return "/".join([*("*" if part is None else ",".join(sorted(part)) for part in parts), self.issuer or "*"])

    def fits(self, view: CertificateView) -> bool:
        """Whether a document is among them. One found at several sources counts for each of them."""
        places = {view.origin, *view.also_at}
        return (
            (self.kinds is None or kind_of(view.doctype) in self.kinds)
            and (self.doctypes is None or view.doctype.upper() in self.doctypes)
            and (self.sources is None or bool(places & self.sources))
            and (self.issuer is None or self.issuer.casefold() in view.issuer.casefold())
        )


@dataclass(frozen=True, slots=True)
class SignatureFinding:
    """What the issuer's signature is worth. `sha1` where it rests on the exception of ADR 0008."""

    state: SignatureState
    sha1: bool = False


async def held_documents(
    env: Environment, subject: Subject, citizen_id: str, wanted: DocumentsWanted
) -> CertificatesView:
    """The documents that fit, newest first; receipts, access, failures as `certificates_of`.

    A source that the filter leaves out is not asked.
    """
    among = EVERYWHERE if wanted.sources is None else wanted.sources
    found = await certificates_of(env, subject, citizen_id, among)
    nodes = sorted((view for view in found.nodes if wanted.fits(view)), key=place_of, reverse=True)
    return replace(found, nodes=tuple(nodes))


def place_of(view: CertificateView) -> tuple[str, str]:
    """The position of a document in the list: by day of issue, those without one last, then by its key."""
    return (view.issued_on.isoformat() if view.issued_on else "", key_of(view))


def key_of(view: CertificateView) -> str:
    """A key that stays the same as long as the names that its source gives it do; ours is that of the store."""
    if view.issued is not None:
        return view.issued.id
    names = view.uri or f"{view.origin}:{view.doctype}:{view.issuer}:{view.number}"
    return str(uuid.uuid5(uuid.NAMESPACE_URL, names))


async def signature_of(
    env: Environment, subject: Subject, citizen_id: str, view: CertificateView
) -> Sourced[SignatureFinding]:
    """Examine the signature of one document; for one of the locker its XML is fetched, with a receipt.

    NOT_EXAMINED where the document has no form that carries a signature. Raises what the locker's client raises.
    """
    now = env.clock.now()
    if view.issued is not None:
        content = await env.objects.get(view.issued.xml_sha256)
        found = own_signature(env.keyrings, content, now) if content is not None else None
        finding = SignatureFinding(found.state, found.sha1) if found else _NOT_EXAMINED
        return Sourced(finding, Source.STORE, SourceState.LIVE, now)
    certificate = view.answer.certificate if view.answer else None
    if certificate is not None:
        state = SignatureState.VERIFIED if certificate.value.signature_verified else SignatureState.NOT_EXAMINED
        finding = SignatureFinding(state, certificate.value.sha1)
        return Sourced(finding, Source.API_SETU, certificate.state, certificate.as_of)
    if XML not in view.media_types or view.uri is None:
        return Sourced(_NOT_EXAMINED, view.origin, view.state, view.as_of or now)
    await read_at_sources(env, subject, of_citizen(citizen_id, ObjectKind.DOCUMENT), [Source.DIGILOCKER])
    file, examined = await locker.examine_certificate(env, citizen_id, view.uri)
    return Sourced(
        SignatureFinding(examined.state, examined.sha1), Source.DIGILOCKER, SourceState.LIVE, file.fetched_at
    )


_NOT_EXAMINED = SignatureFinding(SignatureState.NOT_EXAMINED)


def page_of(
    views: Sequence[CertificateView], place: tuple[str, str] | None, *, backward: bool, limit: int
) -> list[CertificateView]:
    """At most so many documents after a place of the sorted list, or, `backward`, before it, in the list's order."""
    if not backward:
        return [view for view in views if place is None or place_of(view) < place][:limit]
    before = [view for view in views if place is None or place_of(view) > place]
    return before[-limit:]
