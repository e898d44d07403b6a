"""Merges two used records of one citizen after an officer's approval and a period for objections.

What is kept is the record that she is signed in to. Until the end of the cooling-off nothing moves, so that there is
nothing to be undone; after it nothing can be. Records with different Aadhaar numbers are never joined.
"""

from dataclasses import replace
from functools import partial
from typing import Any

from actions.consents.consent_ledger import recorded_consents
from actions.feedback.notices import About, tell
from actions.identity.imported_records import completed_citizen
from actions.kernel import Environment, UnitOfWork, note, require, run_once
from actions.privacy.personal_data import ERASED_ACTION
from domain.consents.consents import ConsentPurpose, ConsentStatus, ConsentStep, present_of
from domain.feedback.notices import NoticeKind, Topic
from domain.identity.policy import ObjectKind, Purpose, Resource
from domain.identity.record_claims import COOLING_OFF, ClaimState, RecordClaim, aadhaar_differs, of_two_people
from domain.kernel import SYSTEM, PersonKind, Subject, not_found
from store.consents import consents
from store.database import Transaction, audit, locks
from store.identity import people, record_claims
from store.privacy.record_joining import join

BATCH = 50
"""Claims that one round takes up."""

CARRIED = (ConsentPurpose.DEPARTMENT_DOCUMENTS, ConsentPurpose.RATION_CARD, ConsentPurpose.ROSTER)
"""Consents that follow her. One for a locker is tied to that record's locker, one for an operator to his session."""

_INPUT = ("input",)


async def agree(acting: UnitOfWork, claim: RecordClaim) -> RecordClaim:
    """Note that an officer found both records to be hers, and tell both. Raises Problems(AADHAAR_DIFFERS)."""
    known = await people.citizens(acting.tx, _record_pair(claim))
    if of_two_people(*(known[one] for one in _record_pair(claim))):
        raise aadhaar_differs(*_INPUT)
    agreed = replace(claim, state=ClaimState.AGREED, decided_at=acting.now)
    await _note(acting, "record.join_agreed", agreed)
    until = (acting.now + COOLING_OFF).isoformat()
    for citizen_id in _record_pair(claim):
        about = About(Topic.ACCOUNT, f"{claim.id}:{citizen_id}", citizen_id, None, "agreed")
        await tell(acting, NoticeKind.RECORDS_TO_BE_JOINED, about, at=until)
    return await record_claims.save(acting.tx, agreed)


async def stop_claim(env: Environment, subject: Subject, claim_id: str, key: str) -> tuple[RecordClaim, bool]:
    """Stop a joining that was agreed to: either of the two whose records they are, or an officer of the place.

    Raises Problems(NOT_FOUND) for everybody else, and once the records are one.
    """

    async def step(acting: UnitOfWork) -> str:
        tx = acting.tx
        await locks.lock_exclusive(tx, "record_claim", claim_id)
        claim = await record_claims.get(tx, claim_id)
        await require(env, tx, subject, *_asked_by(subject, claim), path=("input", "claimId"))
        if claim is None or claim.state is not ClaimState.AGREED:
            raise not_found("input", "claimId")
        stopped = await record_claims.save(tx, replace(claim, state=ClaimState.STOPPED))
        await _note(acting, "record.join_stopped", stopped)
        return claim.id

    body = {"id": claim_id}
    return await run_once(env, subject, "stopRecordClaim", step, key=key, body=body, read=record_claims.get)


async def join_due(env: Environment) -> int:
    """Join the records of claims whose cooling-off period is over; returns how many. One transaction each."""
    due = await env.store.read(lambda tx: record_claims.agreed_before(tx, env.clock.now() - COOLING_OFF, BATCH))
    return sum([await env.store.carry_out(partial(_join, env, claim_id=claim_id)) for claim_id in due])


async def _join(env: Environment, tx: Transaction, claim_id: str) -> bool:
    acting = UnitOfWork(env, tx, SYSTEM)
    await locks.lock_exclusive(tx, "record_claim", claim_id)
    claim = await record_claims.get(tx, claim_id)
    if claim is None or claim.joins_at is None or claim.joins_at > acting.now:
        return False
    for citizen_id in sorted(_record_pair(claim)):
        await locks.lock_exclusive(tx, "record", citizen_id)
    known = await people.citizens(tx, _record_pair(claim))
    kept, record = (known[one] for one in _record_pair(claim))
    gone = [
        one for one in _record_pair(claim) if await audit.was_done(tx, ObjectKind.CITIZEN.value, one, ERASED_ACTION)
    ]
    if gone or of_two_people(kept, record):
        await record_claims.save(tx, replace(claim, state=ClaimState.STOPPED))
        await _note(acting, "record.join_stopped", claim)
        return False
    await record_claims.save(tx, replace(claim, state=ClaimState.DONE))
    await people.update_citizen(tx, replace(completed_citizen(kept, record), email=kept.email or record.email))
    await _carry_consents(acting, record.id, kept.id)
    await join(tx, record.id, kept.id)
    await _note(acting, "record.joined", claim)
    await tell(acting, NoticeKind.RECORDS_JOINED, About(Topic.ACCOUNT, claim.id, kept.id, None, "joined"))
    return True


async def _carry_consents(acting: UnitOfWork, record_id: str, kept_id: str) -> None:
    """What the kept record never said anything about holds as it was given; a withdrawal of hers stays one."""
    hers, theirs = await recorded_consents(acting.tx, kept_id), await recorded_consents(acting.tx, record_id)
    for purpose in CARRIED:
        given = present_of(theirs, purpose)
        if given is None or given.status(acting.now) is not ConsentStatus.GIVEN or present_of(hers, purpose):
            continue
        changes: dict[str, Any] = {"id": acting.env.ids.key(), "consent_id": acting.env.ids.key(), "sequence": 0}
        changes |= {"citizen_id": kept_id, "step": ConsentStep.GRANT, "at": acting.now}
        changes |= {"actor": acting.subject.label, "role": acting.role.value}
        carried = await consents.add(acting.tx, replace(given.records[-1], **changes))
        detail = {"record": carried.id, "link": carried.link, "for": purpose.value, "from": given.id}
        await acting.record("consent.carried", ObjectKind.CONSENT, carried.consent_id, Purpose.APPLY, **detail)


def _record_pair(claim: RecordClaim) -> tuple[str, str]:
    """The remaining record, and the one that is joined into it."""
    return claim.citizen_id, claim.record_id or ""


def _asked_by(subject: Subject, claim: RecordClaim | None) -> tuple[Resource, Purpose]:
    if subject.kind is PersonKind.CITIZEN:
        hers = subject.person_id if claim is not None and subject.person_id in _record_pair(claim) else None
        return Resource(ObjectKind.RECORD_CLAIM, citizen_id=hers), Purpose.APPLY
    if claim is None:
        return Resource(ObjectKind.RECORD_CLAIM), Purpose.DECIDE
    place = (claim.department, claim.district, claim.tehsil)
    return Resource(ObjectKind.RECORD_CLAIM, claim.id, claim.record_id, *place), Purpose.DECIDE


async def _note(acting: UnitOfWork, action: str, claim: RecordClaim) -> None:
    place = (claim.department, claim.district, claim.tehsil)
    resource = Resource(ObjectKind.RECORD_CLAIM, claim.id, claim.record_id, *place)
    detail = {"kept": claim.citizen_id, "record": claim.record_id or ""}
    await note(acting, action, resource, Purpose.APPLY, **detail)
