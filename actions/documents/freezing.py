"""Stores a byte-for-byte copy of an attached locker document with the result of its signature check.

The locker's owner or an issuer may change or withdraw a document later; what is decided upon must not change.
"""

from actions.documents import locker
from actions.documents.paper_judgements import ask_for_judgement
from actions.kernel import Environment, UnitOfWork, of_application
from actions.kernel.scanner import ScannerAway
from actions.uploads.uploads import take_in, use
from domain.applications.applications import Application, AttachedDocument
from domain.certificates.signatures import SignatureState
from domain.kernel import SYSTEM, ErrorCode, PersonKind, Problems, Role, Source, Subject
from domain.uploads.files import UploadedFile
from integrations.calling.errors import Garbled, NotAsked, Refused, RemoteError, Unavailable
from store.applications import timeline
from store.database import Transaction, audit

FROZEN, NOT_FROZEN = "document.frozen", "document.not_frozen"


async def freeze(env: Environment, application: Application, document: AttachedDocument) -> None:
    """Fetch a document of the applicant's locker and bind the paper to it; may be run again.

    Raises Unavailable while it cannot be had, so that the outbox asks again. What will never be had, such as a
    document that she has withdrawn, is recorded by an audit line.
    """
    client = env.partners.digilocker
    try:
        fetched = await locker.ask(env, application.citizen_id, lambda grant: client.file(grant, document.uri))
        state = await _signature(env, application.citizen_id, document.uri)
        kept = await take_in(env, _owner(application), fetched.content, fetched.media_type, as_sent=True)
    except Unavailable:
        raise
    except ScannerAway:
        raise NotAsked(Source.STORE, "scanner_away") from None
    except RemoteError as error:
        await _give_up(env, document, error.code)
        return
    except Problems as refusal:
        code = refusal.problems[0].code
        if code is ErrorCode.RATE_LIMITED:
            raise NotAsked(Source.STORE, "rate_limited") from None
        await _give_up(env, document, code.value)
        return
    await env.store.carry_out(lambda tx: _bind(UnitOfWork(env, tx, SYSTEM), application, document, kept, state))


async def _signature(env: Environment, citizen_id: str, uri: str) -> SignatureState:
    """The state of the certificate's own signature; a document without XML has none that we can examine."""
    try:
        return await locker.signature_state(env, citizen_id, uri)
    except Refused:
        return SignatureState.NOT_EXAMINED
    except Garbled:  # not well-formed, or not what the HMAC covers
        return SignatureState.INVALID


async def _bind(
    acting: UnitOfWork, application: Application, document: AttachedDocument, kept: UploadedFile, state: SignatureState
) -> None:
    if await timeline.freeze_document(acting.tx, document, kept.sha256, state):
        await use(acting, kept, of_application(application))
        await ask_for_judgement(acting.tx, application.id, document.id)
        await _note(acting.tx, document.id, FROZEN, {"sha256": kept.sha256, "signature": state.value})


async def _give_up(env: Environment, document: AttachedDocument, reason: str) -> None:
    await env.store.carry_out(lambda tx: _note(tx, document.id, NOT_FROZEN, {"reason": reason}))


async def _note(tx: Transaction, document_id: str, action: str, detail: dict[str, str]) -> None:
    await audit.record(tx, SYSTEM.label, action, "DOCUMENT", document_id, "DECIDE", **detail)


def _owner(application: Application) -> Subject:
    """The file is the applicant's, as if she had handed it in."""
    return Subject(frozenset({Role.CITIZEN}), PersonKind.CITIZEN, application.citizen_id)
