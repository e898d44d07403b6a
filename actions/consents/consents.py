"""Asks for, grants, renews and withdraws consents, and their scopes; each step is one record of the ledger."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from actions.consents.artefacts import Artefacts, with_artefacts
from actions.consents.consent_ledger import recorded_consents, write
from actions.feedback.notices import About, tell
from actions.kernel import Environment, UnitOfWork, of_citizen, require, run_idempotently
from domain.consents.consents import (
    LEDGER_ALONE,
    Consent,
    ConsentPurpose,
    ConsentStatus,
    ConsentStep,
    check_days,
    check_step,
    consents_of,
    present_of,
)
from domain.documents.documents import RATION_CARD
from domain.feedback.notices import NoticeKind, Topic
from domain.identity.policy import ObjectKind, Purpose
from domain.kernel import ErrorCode, PersonKind, Problem, Problems, Subject, not_found
from store.consents import consents
from store.database import Transaction, locks, require_there
from store.documents import department_documents
from store.documents.department_documents import DepartmentDocument
from store.identity import assistances, identities, people


@dataclass(frozen=True, slots=True)
class ChangeConsent:
    """A step of the consent for one purpose.

    `documents` are doctypes, None for all that are held; `days` is how long it holds. To withdraw needs
    neither: who takes a consent back takes back all of it.
    """

    purpose: ConsentPurpose
    idempotency_key: str
    documents: tuple[str, ...] | None = None
    days: int | None = None


async def ask_consent(env: Environment, subject: Subject, request: ChangeConsent) -> tuple[Consent, bool]:
    """Ask the citizen for a consent: for an operator whom she let serve her by her one-time code. It opens nothing.

    Raises Problems: NOT_FOUND without her session, CONSENT_STEP_NOT_ALLOWED where it was asked or given.
    """
    return await _run_consent_step(env, subject, ConsentStep.ASK, request)


async def grant_consent(env: Environment, subject: Subject, request: ChangeConsent) -> tuple[Consent, bool]:
    """Give a consent, asked for or not; for the citizen herself alone. True where it is a replay.

    Raises Problems: NOT_FOUND for others, CONSENT_STEP_NOT_ALLOWED where it is given already,
    DOCUMENT_UNKNOWN where nothing of that kind is held of her, BAD_INPUT for the days.
    """
    return await _run_consent_step(env, subject, ConsentStep.GRANT, request)


async def renew_consent(env: Environment, subject: Subject, request: ChangeConsent) -> tuple[Consent, bool]:
    """Let a consent hold longer, counted from now, for the documents that are held now. Raises as `grant_consent`."""
    return await _run_consent_step(env, subject, ConsentStep.RENEW, request)


async def withdraw_consent(env: Environment, subject: Subject, request: ChangeConsent) -> tuple[Consent, bool]:
    """Take a consent back, or decline one that was asked for. It holds for the next read of every process.

    What is kept of her at once goes here; other processes drop theirs within seconds (actions/consents/watch.py).
    DigiLocker is notified through the outbox, with retries.
    Raises Problems: NOT_FOUND for others, CONSENT_STEP_NOT_ALLOWED where there is nothing to take back.
    """
    consent, replayed = await _run_consent_step(env, subject, ConsentStep.WITHDRAW, request)
    await env.partners.forget_citizen(consent.citizen_id)
    return consent, replayed


async def take_step(
    acting: UnitOfWork, citizen_id: str, step: ConsentStep, request: ChangeConsent, signed: Artefacts
) -> Consent:
    """The inner step, in the caller's transaction; the caller has decided access. One at a time for a citizen.

    Raises SignatureMissing before anything is written.
    """
    purpose = request.purpose
    await locks.lock_exclusive(acting.tx, "consents", citizen_id)
    present = present_of(await recorded_consents(acting.tx, citizen_id), purpose)
    status = present.status(acting.now) if present else None
    if step is ConsentStep.WITHDRAW:
        return await _end_consent(acting, citizen_id, present, purpose)
    check_step(step, status)
    scope = await scope_of(acting, citizen_id, purpose, request.documents)
    same = present if status is ConsentStatus.ASKED or step is ConsentStep.RENEW else None
    until = None if step is ConsentStep.ASK else signed.begun_at + timedelta(days=check_days(request.days))
    artefacts = {} if until is None else await allow(acting, citizen_id, scope, until, signed)
    written = await write(
        acting, citizen_id, step, purpose, same=same, scope=scope.words, until=until, artefact=artefacts
    )
    if step is ConsentStep.GRANT:
        await _follow(acting, citizen_id, purpose, step)
    if step is ConsentStep.ASK:
        about = About(Topic.CONSENT, written.id, citizen_id, None, written.records[-1].id)
        await tell(acting, NoticeKind.CONSENT_ASKED, about, consent_purpose=purpose.value)
    return written


async def locker_was_linked(acting: UnitOfWork, citizen_id: str, until: datetime | None) -> bool:
    """Record what the citizen said at DigiLocker when she signed in; False where she had said no to us before.

    A no is not undone by a sign-in: she gives the consent here first.
    """
    purpose = ConsentPurpose.LOCKER_DOCUMENTS
    await locks.lock_exclusive(acting.tx, "consents", citizen_id)
    present = present_of(await recorded_consents(acting.tx, citizen_id), purpose)
    status = present.status(acting.now) if present else None
    if status in (ConsentStatus.WITHDRAWN, ConsentStatus.DECLINED):
        return False
    if status is ConsentStatus.GIVEN and present is not None and not _longer(present.until, until):
        return True
    scope = await scope_of(acting, citizen_id, purpose, None)
    step = ConsentStep.RENEW if status in (ConsentStatus.GIVEN, ConsentStatus.EXPIRED) else ConsentStep.GRANT
    same = None if status is None else present
    await write(acting, citizen_id, step, purpose, same=same, scope=scope.words, until=until, artefact={})
    return True


def _longer(until: datetime | None, later: datetime | None) -> bool:
    """Whether the new end is at least a day later: not every sign-in makes a record."""
    return until is not None and (later is None or later - until >= timedelta(days=1))


async def _end_consent(
    acting: UnitOfWork, citizen_id: str, present: Consent | None, purpose: ConsentPurpose
) -> Consent:
    status = present.status(acting.now) if present else None
    step = ConsentStep.DECLINE if status is ConsentStatus.ASKED else ConsentStep.WITHDRAW
    if present is not None or not await held_for(acting, citizen_id, purpose):
        check_step(step, status)
    scope = present.scope if present else (await scope_of(acting, citizen_id, purpose, None)).words
    await _follow(acting, citizen_id, purpose, step)
    await stop(acting, citizen_id, purpose)
    return await write(acting, citizen_id, step, purpose, same=present, scope=scope, until=None, artefact={})


async def _follow(acting: UnitOfWork, citizen_id: str, purpose: ConsentPurpose, step: ConsentStep) -> None:
    for follower in acting.env.registry.consent_followers:
        await follower(acting, citizen_id, purpose, step)


async def _run_consent_step(
    env: Environment, subject: Subject, step: ConsentStep, request: ChangeConsent
) -> tuple[Consent, bool]:
    citizen_id = _citizen_id_of(subject)
    purpose = Purpose.ASSIST if step is ConsentStep.ASK else Purpose.APPLY

    async def work(signed: Artefacts, tx: Transaction) -> dict[str, Any]:
        resource = of_citizen(citizen_id, ObjectKind.CONSENT)
        await require(env, tx, subject, resource, purpose, path=("input", "purpose"))
        return {"consent": (await take_step(UnitOfWork(env, tx, subject), citizen_id, step, request, signed)).id}

    operation, key, body = f"{step.value.lower()}Consent", request.idempotency_key, asdict(request)
    answer, replayed = await with_artefacts(
        env, lambda signed: run_idempotently(env, subject, operation, key=key, body=body, work=partial(work, signed))
    )
    async with env.store.read_transaction() as tx:
        found = consents_of(await consents.of_citizen(tx, citizen_id))
    consent = require_there(next((one for one in found if one.id == answer["consent"]), None), "the consent")
    return consent, replayed


def _citizen_id_of(subject: Subject) -> str:
    """Her own, or of the citizen whom an operator serves; raises NOT_FOUND where there is nobody."""
    citizen_id = subject.person_id if subject.kind is PersonKind.CITIZEN else subject.on_behalf_of
    if citizen_id is None:
        raise not_found("input", "purpose")
    return citizen_id


LOCKER = "digilocker/ISSUED_DOCUMENTS"
"""The scope of the consent for the locker."""

OWN_CERTIFICATES = "digilocker/OWN_CERTIFICATES"
"""The scope of the consent by which certificates of ours are put into the locker."""


@dataclass(frozen=True, slots=True)
class ConsentScope:
    """The documents of a consent, and their words in the ledger."""

    documents: tuple[DepartmentDocument, ...]
    words: tuple[str, ...]


async def scope_of(
    acting: UnitOfWork, citizen_id: str, purpose: ConsentPurpose, doctypes: tuple[str, ...] | None
) -> ConsentScope:
    """The documents of these types, or all of the purpose; raises DOCUMENT_UNKNOWN where one or all are missing."""
    if purpose is ConsentPurpose.LOCKER_DOCUMENTS:
        return ConsentScope((), (LOCKER,))
    if purpose is ConsentPurpose.ISSUE_TO_LOCKER:
        return ConsentScope((), (OWN_CERTIFICATES,))
    if purpose in (ConsentPurpose.ASSISTANCE, ConsentPurpose.ROSTER):
        # actions/identity/assistance.py gives the one, for minutes, and actions/rosters/roster_filing.py the other,
        # with its row.
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("input", "purpose")))
    if purpose is ConsentPurpose.DEPARTMENT_SYSTEMS:
        offered = await acting.env.registry.consent_scopes(acting.tx)
        named = offered if doctypes is None else tuple(sorted(set(doctypes)))
        if not named or not set(offered).issuperset(named):
            raise Problems(Problem(ErrorCode.DOCUMENT_UNKNOWN, ("input", "documents")))
        return ConsentScope((), named)
    held = await _of_purpose(acting, citizen_id, purpose)
    wanted = None if doctypes is None else {doctype.upper() for doctype in doctypes}
    chosen = tuple(one for one in held if wanted is None or one.doctype.upper() in wanted)
    if not chosen or (wanted is not None and wanted != {one.doctype.upper() for one in chosen}):
        raise Problems(Problem(ErrorCode.DOCUMENT_UNKNOWN, ("input", "documents")))
    return ConsentScope(chosen, tuple(sorted({f"{one.publisher}/{one.doctype.upper()}" for one in chosen})))


async def allow(
    acting: UnitOfWork, citizen_id: str, scope: ConsentScope, until: datetime, signed: Artefacts
) -> dict[str, Mapping[str, Any]]:
    """Put an artefact beside what is asked with it, for each document; gives them by document.

    Raises SignatureMissing before anything is written.
    """
    citizen = require_there((await people.citizens(acting.tx, [citizen_id])).get(citizen_id), "the citizen")
    artefacts = signed.for_documents(citizen, scope.documents, until)
    for document_id, artefact in artefacts.items():
        await department_documents.set_consent(acting.tx, document_id, artefact, until)
    return artefacts


async def stop(acting: UnitOfWork, citizen_id: str, purpose: ConsentPurpose) -> None:
    """Take away what lets us ask: the artefacts, or the tokens of the locker."""
    if purpose is ConsentPurpose.LOCKER_DOCUMENTS:
        await identities.mark_needs_consent(acting.tx, citizen_id)
        return
    if purpose is ConsentPurpose.ASSISTANCE:
        await assistances.end(acting.tx, citizen_id=citizen_id)
    if purpose in LEDGER_ALONE:
        return  # the ledger alone is asked before each use
    for document in await _of_purpose(acting, citizen_id, purpose):
        await department_documents.set_consent(acting.tx, document.id, {}, acting.now)


async def held_for(acting: UnitOfWork, citizen_id: str, purpose: ConsentPurpose) -> bool:
    """Whether something was given without a record, before there was a ledger."""
    if purpose is ConsentPurpose.LOCKER_DOCUMENTS:
        return await identities.locker_grant(acting.tx, citizen_id) is not None
    if purpose in LEDGER_ALONE:
        return False
    return any(document.consent for document in await _of_purpose(acting, citizen_id, purpose))


async def _of_purpose(acting: UnitOfWork, citizen_id: str, purpose: ConsentPurpose) -> list[DepartmentDocument]:
    held = await department_documents.of_citizen(acting.tx, citizen_id)
    card = purpose is ConsentPurpose.RATION_CARD
    return [document for document in held if (document.publisher == RATION_CARD) is card]
