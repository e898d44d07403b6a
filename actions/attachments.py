"""Attached documents: checked before the write transaction, and again later where a source was away."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from actions import locker
from actions.environment import Environment
from actions.submit_checks import DocumentSource, NewDocument, unknown_document
from domain.errors import ErrorCode, Problem, Remedy
from domain.people import SYSTEM
from integrations.errors import IntegrationError, Refused, Unavailable
from store import applications, audit, certificates, outbox
from store.engine import Transaction

VERIFY = "document.verify"
"""The outbox topic of a document whose source was away at submission."""

VERIFIED = "document.verified"
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Finding:
    """What is known of one document of the input: its name, whether it was seen at its source, or a problem."""

    name: str | None = None
    verified: bool = True
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class _Locker:
    """What the locker said: its documents by URI, or that it was away or closed to us."""

    names: Mapping[str, str]
    away: bool = False
    closed: bool = False


async def check_documents(env: Environment, citizen_id: str, documents: Sequence[NewDocument]) -> list[Finding]:
    """Look every document up where it is said to lie; the locker is asked once, outside of any transaction.

    Access must have been decided before.
    """
    opened = _Locker({})
    if any(document.source == DocumentSource.DIGILOCKER for document in documents):
        opened = await _open(env, citizen_id)
    own = {document.uri for document in documents if document.source == DocumentSource.STORE}
    names = await _own_certificates(env, citizen_id) if own else {}
    return [await _finding(env, place, document, opened, names) for place, document in enumerate(documents)]


async def ask_later(tx: Transaction, application_id: str, document_id: str) -> None:
    """Have a document checked when its source is back.

    The message is not in the application's order: a check that cannot be made must not hold back the rest.
    """
    await outbox.add(tx, VERIFY, document_id, {"application_id": application_id, "document_id": document_id})


async def verify_document(env: Environment, document_id: str, *, application_id: str) -> None:
    """Check a document whose source was away at submission; may be run again.

    A document that is found is marked as verified; the audit line says what was found in either case.
    Raises Unavailable while the locker is still away, so that the outbox asks again.
    """
    async with env.store.reading() as tx:
        application = await applications.get(tx, application_id)
        attached = (await applications.documents(tx, [application_id])).get(application_id, [])
    document = next((paper for paper in attached if paper.id == document_id), None)
    if document is not None and document.verified_at is not None:
        return
    if application is None or document is None:
        _log.warning("document_to_verify_is_gone")
        return
    try:
        listed = await locker.listed(env, application.citizen_id)
    except Unavailable:
        raise
    except IntegrationError as error:
        await _note(env, document_id, "document.not_verified", error.code)
        return
    found = any(item.uri == document.uri for item in listed.value)
    await _note(env, document_id, VERIFIED if found else "document.not_in_locker", "")


async def _open(env: Environment, citizen_id: str) -> _Locker:
    try:
        listed = await locker.listed(env, citizen_id)
    except Refused as refusal:
        return _Locker({}, closed=refusal.code == locker.CONSENT_NEEDED, away=refusal.code != locker.CONSENT_NEEDED)
    except IntegrationError:
        return _Locker({}, away=True)
    return _Locker({item.uri: item.name for item in listed.value})


async def _own_certificates(env: Environment, citizen_id: str) -> dict[str, str]:
    async with env.store.reading() as tx:
        return {held.uri: held.name.en for held in await certificates.of_citizen(tx, citizen_id)}


async def _finding(
    env: Environment, place: int, document: NewDocument, opened: _Locker, own: Mapping[str, str]
) -> Finding:
    match document.source:
        case DocumentSource.DIGILOCKER:
            return _in_locker(place, document, opened)
        case DocumentSource.STORE if document.uri in own:
            return Finding(own[document.uri])
        case DocumentSource.UPLOAD if await _uploaded(env, document.uri):
            return Finding()
        case _:
            return Finding(problem=unknown_document(place))


def _in_locker(place: int, document: NewDocument, opened: _Locker) -> Finding:
    if opened.closed:
        path = ("input", "documents", str(place))
        return Finding(problem=Problem(ErrorCode.CONSENT_REQUIRED, path, Remedy.LINK_ACCOUNT))
    if opened.away:
        return Finding(verified=False)
    if document.uri not in opened.names:
        return Finding(problem=unknown_document(place))
    return Finding(opened.names[document.uri])


async def _uploaded(env: Environment, sha256: str) -> bool:
    hexadecimal = len(sha256) == 64 and all(letter in "0123456789abcdef" for letter in sha256)
    return hexadecimal and await env.objects.exists(sha256)


async def _note(env: Environment, document_id: str, action: str, reason: str) -> None:
    async with env.store.writing() as tx:
        if action == VERIFIED:
            await applications.mark_document_verified(tx, document_id, env.clock.now())
        line = audit.AuditLine(
            actor_label=SYSTEM.label,
            action=action,
            object_kind="DOCUMENT",
            object_id=document_id,
            purpose="DECIDE",
            detail={"reason": reason} if reason else {},
        )
        await audit.append(tx, line)
