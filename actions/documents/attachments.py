"""Checks attached documents before the write transaction, and again later if a source was unavailable."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from actions.catalogue.submit_checks import DocumentSource, NewDocument, unknown_document
from actions.documents import locker
from actions.documents.freezing import freeze
from actions.documents.paper_judgements import ask_for_judgement
from actions.kernel import Environment, UnitOfWork, leave_receipt, of_application, of_citizen
from actions.uploads.uploads import known_uploads, use
from domain.applications.applications import Application, AttachedDocument
from domain.catalogue.catalogue import Service
from domain.certificates.certificates import ENDED
from domain.consents.consents import ConsentPurpose, consent_required
from domain.identity.policy import ObjectKind, Purpose
from domain.kernel import SYSTEM, ErrorCode, Problem, Problems, Remedy, Source, Subject
from integrations.calling.errors import Refused, RemoteError, Unavailable
from store.applications import applications, timeline
from store.certificates import certificates
from store.database import Transaction, audit
from store.platform import outbox
from store.uploads import uploads

VERIFY = "document.verify"
"""The outbox topic of a document whose source was away at submission."""

OUTSIDE_TOPICS: Mapping[str, Source] = {VERIFY: Source.DIGILOCKER}
"""Topics that reach an outside system on behalf of an application."""

VERIFIED = "document.verified"
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Finding:
    """What is known of one document of the input: its name, whether it was seen at its source, or a problem.

    `freeze` where its bytes are still to be fetched and kept.
    """

    name: str | None = None
    verified: bool = True
    problem: Problem | None = None
    freeze: bool = False


@dataclass(frozen=True, slots=True)
class _Locker:
    """What the locker said: its documents by URI, or that it was away or closed to us."""

    names: Mapping[str, str]
    away: bool = False
    closed: bool = False


async def check_documents(
    env: Environment, subject: Subject, citizen_id: str, documents: Sequence[NewDocument], *, draft: bool = False
) -> list[Finding]:
    """Look every document up where it is said to lie; the locker is asked once, outside of any transaction.

    What is handed in is looked up in the locker as it is at this moment: a kept list may name what was withdrawn since.
    For a draft a kept list will do. Access must have been decided before.
    """
    opened = _Locker({})
    if any(document.source == DocumentSource.DIGILOCKER for document in documents):
        opened = await _open(env, citizen_id, anew=not draft)
    own = {document.uri for document in documents if document.source == DocumentSource.STORE}
    names: dict[str, str | None] = dict(await _own_certificates(env, citizen_id)) if own else {}
    handed_in = [document.uri for document in documents if document.source == DocumentSource.UPLOAD]
    sizes = await _upload_sizes(env, subject, handed_in)
    names |= dict.fromkeys(sizes)
    return [
        _too_large(env, place, document, sizes) or _finding(place, document, opened, names)
        for place, document in enumerate(documents)
    ]


async def name_uploads(acting: UnitOfWork, application: Application, documents: Sequence[NewDocument]) -> None:
    """Note that the application names the uploaded files, in the caller's transaction; raises DOCUMENT_UNKNOWN."""
    handed_in = [document.uri for document in documents if document.source == DocumentSource.UPLOAD]
    found = await known_uploads(acting.tx, acting.subject, handed_in)
    for place, document in enumerate(documents):
        if document.source == DocumentSource.UPLOAD:
            if document.uri not in found:
                raise Problems(unknown_document(place))
            await use(acting, found[document.uri], of_application(application))


async def attach(
    acting: UnitOfWork,
    application: Application,
    service: Service,
    documents: Sequence[NewDocument],
    findings: Sequence[Finding],
) -> None:
    """Add papers to an application in the caller's transaction; what was attached before stays.

    `findings` has one entry for each document. A document without a name of its own bears the name of the paper that
    it answers. Raises DOCUMENT_UNKNOWN for an upload that is gone.
    """
    attached = _papers(acting, service, documents, findings)
    await timeline.add_documents(acting.tx, application.id, attached)
    await name_uploads(acting, application, documents)
    for paper, finding in zip(attached, findings, strict=True):
        if finding.freeze or not finding.verified:
            await ask_later(acting.tx, application.id, paper.id)
    held = [paper.id for paper in attached if paper.sha256 is not None]
    if held:
        await ask_for_judgement(acting.tx, application.id, held[0])
    if any(document.source == DocumentSource.DIGILOCKER for document in documents):
        resource = of_citizen(application.citizen_id, ObjectKind.DOCUMENT)
        await leave_receipt(acting, resource, Purpose.APPLY, Source.DIGILOCKER)


async def attach_to_draft(
    acting: UnitOfWork,
    draft: Application,
    service: Service,
    documents: Sequence[NewDocument],
    findings: Sequence[Finding],
) -> None:
    """Give a draft these papers in place of those that it has; they are frozen when it is handed in."""
    await detach(acting, draft)
    await timeline.add_documents(acting.tx, draft.id, _papers(acting, service, documents, findings))
    await name_uploads(acting, draft, documents)


async def detach(acting: UnitOfWork, draft: Application) -> None:
    """Take all papers from a draft, as when it is handed in with those of the submission."""
    await timeline.remove_documents(acting.tx, draft.id)
    await uploads.no_longer_use(acting.tx, ObjectKind.APPLICATION.value, draft.id)


async def ask_later(tx: Transaction, application_id: str, document_id: str) -> None:
    """Have a document checked where its source was away, and frozen.

    The message is not in the application's order: a check that cannot be made must not hold back the rest.
    """
    await outbox.add(tx, VERIFY, document_id, {"application_id": application_id, "document_id": document_id})


async def verify_document(env: Environment, document_id: str, *, application_id: str) -> None:
    """Check a document whose source was away at submission, and freeze what is there; may be run again.

    A document that is found is marked as verified; the audit line says what was found in either case.
    Raises Unavailable while the locker is still away, so that the outbox asks again.
    """
    async with env.store.read_transaction() as tx:
        application = await applications.get(tx, application_id)
        attached = (await timeline.documents(tx, [application_id])).get(application_id, [])
    document = next((paper for paper in attached if paper.id == document_id), None)
    if document is not None and document.sha256 is not None:
        return
    if application is None or document is None:
        _log.warning("document_to_verify_is_gone")
        return
    if document.verified_at is not None or await _is_there(env, application, document):
        await freeze(env, application, document)


def _papers(
    acting: UnitOfWork, service: Service, documents: Sequence[NewDocument], findings: Sequence[Finding]
) -> list[AttachedDocument]:
    names = {paper.key: paper.name for paper in service.documents}
    return [
        AttachedDocument(
            id=acting.env.ids.key(),
            key=document.key,
            source=document.source,
            uri=document.uri,
            name=finding.name or names[document.key],
            sha256=document.uri if document.source == DocumentSource.UPLOAD else None,
            attached_at=acting.now,
            verified_at=acting.now if finding.verified else None,
        )
        for document, finding in zip(documents, findings, strict=True)
    ]


async def _is_there(env: Environment, application: Application, document: AttachedDocument) -> bool:
    """Look for the document in the locker and note what was found; raises Unavailable."""
    try:
        listed = await locker.list_documents(env, application.citizen_id, anew=True)
    except Unavailable:
        raise
    except RemoteError as error:
        await _note(env, document.id, "document.not_verified", error.code)
        return False
    found = any(item.uri == document.uri for item in listed.value)
    await _note(env, document.id, VERIFIED if found else "document.not_in_locker", "")
    return found


async def _open(env: Environment, citizen_id: str, *, anew: bool) -> _Locker:
    try:
        listed = await locker.list_documents(env, citizen_id, anew=anew)
    except Refused as refusal:
        return _Locker({}, closed=refusal.code == locker.CONSENT_NEEDED, away=refusal.code != locker.CONSENT_NEEDED)
    except RemoteError:
        return _Locker({}, away=True)
    return _Locker({item.uri: item.name for item in listed.value})


async def _own_certificates(env: Environment, citizen_id: str) -> dict[str, str]:
    """The certificates of hers that no officer ended; one whose time is over may show what is renewed."""
    async with env.store.read_transaction() as tx:
        held = await certificates.of_citizen(tx, citizen_id)
    return {one.uri: one.name.en for one in held if one.status not in ENDED}


def _finding(place: int, document: NewDocument, opened: _Locker, own: Mapping[str, str | None]) -> Finding:
    """`own` holds her certificates by address, and her uploads by hash, which have no name."""
    match document.source:
        case DocumentSource.DIGILOCKER:
            return _in_locker(place, document, opened)
        case DocumentSource.STORE | DocumentSource.UPLOAD if document.uri in own:
            return Finding(own[document.uri])
        case _:
            return Finding(problem=unknown_document(place))


def _in_locker(place: int, document: NewDocument, opened: _Locker) -> Finding:
    if opened.closed:
        path = ("input", "documents", str(place))
        return Finding(problem=consent_required(ConsentPurpose.LOCKER_DOCUMENTS, *path, action=Remedy.LINK_ACCOUNT))
    if opened.away:
        return Finding(verified=False)
    if document.uri not in opened.names:
        return Finding(problem=unknown_document(place))
    return Finding(opened.names[document.uri], freeze=True)


def _too_large(env: Environment, place: int, document: NewDocument, sizes: Mapping[str, int]) -> Finding | None:
    """A file above the size of its kind of paper; it may have been handed in as another paper."""
    most = env.rules.files.largest_of(document.key)
    if document.source != DocumentSource.UPLOAD or sizes.get(document.uri, 0) <= most:
        return None
    params = {"most": f"{most / (1024 * 1024):.3g}"}
    path = ("input", "documents", str(place))
    return Finding(problem=Problem(ErrorCode.FILE_TOO_LARGE, path, params=params))


async def _upload_sizes(env: Environment, subject: Subject, references: list[str]) -> dict[str, int]:
    """The sizes of those of the references that are files of hers, or of the citizen whom she serves."""
    if not references:
        return {}
    found = await env.store.read(lambda tx: known_uploads(tx, subject, references))
    return {reference: kept.size for reference, kept in found.items() if await env.objects.exists(reference)}


async def _note(env: Environment, document_id: str, action: str, reason: str) -> None:
    async def work(tx: Transaction) -> None:
        if action == VERIFIED:
            await timeline.mark_document_verified(tx, document_id, env.clock.now())
        await audit.record(
            tx, SYSTEM.label, action, "DOCUMENT", document_id, Purpose.DECIDE, **({"reason": reason} if reason else {})
        )

    await env.store.carry_out(work)
