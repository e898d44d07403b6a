"""Makes short-lived links to a citizen's documents, and opens the documents behind them.

An address is sealed: it names nobody and no document in clear, cannot be changed, and dies with her session. Whoever
holds it reads as she would: access, consent and a receipt are decided anew when it is opened.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from actions.documents import locker
from actions.documents.department_documents import fetch_document
from actions.kernel import Environment, of_citizen, read_at_sources
from actions.kernel.sealed_texts import seal, unseal
from domain.certificates.certificates import ENDED, IssuedCertificate
from domain.identity.policy import ObjectKind, Purpose
from domain.kernel import ErrorCode, PersonKind, Problem, Problems, Role, Source, Subject, ist_date
from integrations.digilocker import FileStream
from store.certificates import certificate_endings, certificates
from store.database import Transaction, audit
from store.identity import sessions

PDF, XML = "application/pdf", "application/xml"
DOWNLOADED = "document.downloaded"
PIECE = 64 * 1024
"""Bytes that are handed on at once."""

_PLACE = "document-link"


class LinkKind(StrEnum):
    """What a link leads to."""

    OURS = "OURS"
    LOCKER = "LOCKER"
    UPLOADED = "UPLOADED"
    DEPARTMENT = "DEPARTMENT"


_SOURCES = {
    LinkKind.OURS: Source.STORE,
    LinkKind.LOCKER: Source.DIGILOCKER,
    LinkKind.UPLOADED: Source.DIGILOCKER,
    LinkKind.DEPARTMENT: Source.API_SETU,
}


@dataclass(frozen=True, slots=True)
class DocumentName:
    """One document in one form: our certificate's id, a URI, or the id of a department's document."""

    kind: LinkKind
    name: str
    media_type: str


@dataclass(frozen=True, slots=True)
class DocumentLink:
    """An address and until when it can be read."""

    url: str
    expires_at: datetime
    media_type: str


@dataclass(frozen=True, slots=True)
class EndedCopy:
    """A corrected or revoked certificate, of which a copy is handed out under a cover that says so.

    `successor` is the number of the one in its place.
    """

    certificate: IssuedCertificate
    ended_on: date
    successor: str | None


@dataclass(frozen=True, slots=True)
class OpenedDocument:
    """A document under way. `length` is bytes, None where it is not known; `close` lets go of it."""

    media_type: str
    length: int | None
    pieces: AsyncIterator[bytes]
    close: Callable[[], Awaitable[None]]
    name: str = "document"
    """What the file is called where it is saved, without its ending."""
    ended: EndedCopy | None = None
    """Set where the document holds no longer: it goes out under a cover (gateway/documents/cover.py)."""


def link_to(env: Environment, subject: Subject, citizen_id: str, document: DocumentName) -> DocumentLink:
    """The address of a document until some minutes from now; access must have been decided before."""
    expires_at = (env.clock.now() + timedelta(seconds=env.rules.files.link_seconds)).replace(microsecond=0)
    named = {"kind": document.kind.value, "name": document.name, "type": document.media_type}
    token = seal(env, _PLACE, {"citizen": citizen_id, "session": subject.session_id, **named}, expires_at)
    return DocumentLink(f"{env.public_url}/documents/{token}", expires_at, document.media_type)


def refuse_ended(certificate: IssuedCertificate, media_type: str) -> None:
    """Raise CERTIFICATE_ENDED for a corrected or revoked one, whose signed bytes still say that it holds.

    A PDF is handed out under a cover that says so.
    """
    if certificate.status in ENDED and media_type != PDF:
        raise Problems(Problem(ErrorCode.CERTIFICATE_ENDED))


async def open_document(env: Environment, token: str) -> OpenedDocument | None:
    """The document behind an address; None where it is not ours, has run out, or her session has ended.

    Decides access, asks the consent, leaves a receipt and an audit line, then asks the source. Raises what the
    source's client raises, Refused(consent_needed) without a call where the consent has ended, ObjectDamaged, Problems
    CERTIFICATE_ENDED.
    """
    given = unseal(env, _PLACE, token)
    if given is None or not await _session_lives(env, given["session"]):
        return None
    kind, citizen_id, name = LinkKind(given["kind"]), str(given["citizen"]), str(given["name"])
    subject = Subject(frozenset({Role.CITIZEN}), PersonKind.CITIZEN, citizen_id, session_id=given["session"])
    await read_at_sources(env, subject, of_citizen(citizen_id, ObjectKind.DOCUMENT), [_SOURCES[kind]])
    found = await _open_at_source(env, citizen_id, DocumentName(kind, name, str(given["type"])))
    if found is not None:
        source = _SOURCES[kind].value
        await env.store.carry_out(
            lambda tx: audit.record(
                tx, subject.label, DOWNLOADED, ObjectKind.DOCUMENT, citizen_id, Purpose.VIEW, source=source
            )
        )
    return found


async def _open_at_source(env: Environment, citizen_id: str, document: DocumentName) -> OpenedDocument | None:
    match document.kind:
        case LinkKind.OURS:
            return await _open_certificate(env, citizen_id, document)
        case LinkKind.LOCKER if document.media_type == XML:
            stream = await locker.open_stream(
                env, citizen_id, lambda streams: lambda grant: streams.certificate_xml(grant, document.name)
            )
        case LinkKind.LOCKER:
            stream = await locker.open_stream(
                env, citizen_id, lambda streams: lambda grant: streams.file(grant, document.name)
            )
        case LinkKind.UPLOADED:
            stream = await locker.open_stream(
                env, citizen_id, lambda streams: lambda grant: streams.uploaded_file(grant, document.name)
            )
        case LinkKind.DEPARTMENT:
            fetched = await fetch_document(env, citizen_id, document.name, document.media_type)
            return None if fetched is None else _in_memory_document(fetched.content, fetched.certificate.media_type)
    return OpenedDocument(
        stream.media_type, stream.length, _consent_checked_pieces(env, citizen_id, stream), stream.close
    )


async def _open_certificate(env: Environment, citizen_id: str, document: DocumentName) -> OpenedDocument | None:
    async with env.store.read_transaction() as tx:
        certificate = (await certificates.by_ids(tx, [document.name])).get(document.name)
        ended = await _ended_copy(tx, certificate) if certificate else None
    if certificate is None or certificate.citizen_id != citizen_id:
        return None
    refuse_ended(certificate, document.media_type)
    sha256 = certificate.xml_sha256 if document.media_type == XML else certificate.pdf_sha256
    content = await env.objects.get(sha256)
    if content is None:
        return None
    kind = re.sub(r"[^a-z0-9]+", "-", certificate.name.en.lower()).strip("-")
    return replace(
        _in_memory_document(content, document.media_type),
        name=f"{kind or 'certificate'}-{certificate.number}",
        ended=ended,
    )


async def _ended_copy(tx: Transaction, certificate: IssuedCertificate) -> EndedCopy | None:
    """How a certificate ended; None while it holds, or is merely past its last day."""
    if certificate.status not in ENDED:
        return None
    ending = await certificate_endings.of_certificate(tx, certificate.id)
    latest = await certificate_endings.latest(tx, certificate)
    ended_on = ist_date(ending.ended_at if ending else certificate.created_at)
    return EndedCopy(certificate, ended_on, latest.number if latest.id != certificate.id else None)


async def _consent_checked_pieces(env: Environment, citizen_id: str, stream: FileStream) -> AsyncIterator[bytes]:
    """The pieces, the last one only while her consent still holds; so what is dropped was never whole."""
    waiting = b""
    async for piece in stream.pieces():
        if waiting:
            yield waiting
        waiting = piece
    await locker.consent_holds(env, citizen_id)
    yield waiting


def _in_memory_document(content: bytes, media_type: str) -> OpenedDocument:
    """Content that was checked as a whole before."""

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(content), PIECE):
            yield content[start : start + PIECE]

    async def close() -> None:
        """Nothing is held."""

    return OpenedDocument(media_type, len(content), pieces(), close)


async def _session_lives(env: Environment, session_id: str | None) -> bool:
    if session_id is None:
        return True
    session = await env.store.read(lambda tx: sessions.session(tx, session_id))
    return session is not None and session.revoked_at is None and session.expires_at > env.clock.now()
