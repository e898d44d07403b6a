"""Lets a citizen claim a record: one entered at a centre, or a second one of the same citizen.

Her account is moved to the claimed record, and the record that her first sign-in made, which holds nothing else, is
emptied. The answer does not depend on whether there is a record that fits. One that an import made is taken into
hers. Where both were used a code is not enough: an officer agrees, and they are joined later (record_joining.py).
"""

from dataclasses import dataclass, replace
from datetime import date

from actions.feedback.notices import About, tell
from actions.identity.account_links import MADE_BY_A_SIGN_IN
from actions.identity.code_sending import Addressee, make_code, try_code
from actions.identity.imported_records import take_in
from actions.identity.record_joining import agree
from actions.kernel import (
    Environment,
    UnitOfWork,
    application_by_any,
    note,
    require,
    require_own_record,
    require_postings,
    run_once,
    run_request,
)
from domain.applications.applications import Application
from domain.feedback.notices import NoticeKind, Topic
from domain.identity.assisting import CodeKind, strength_problem
from domain.identity.policy import ObjectKind, Purpose, Resource
from domain.identity.record_claims import (
    ASKED_WITHIN,
    CLAIM_LIFE,
    MOST_ASKED,
    NEEDED,
    ClaimState,
    ClaimWay,
    RecordClaim,
    record_in_use,
)
from domain.kernel import (
    Assurance,
    Citizen,
    ErrorCode,
    MistypedNumber,
    PersonKind,
    Problem,
    Problems,
    Subject,
    not_found,
    rate_limited,
    state_language,
)
from store.applications import applications
from store.database import FieldCipher, Transaction, locks
from store.identity import identities, people, record_claims
from store.privacy import personal

MOST_SHOWN = 50
_INPUT = ("input",)


@dataclass(frozen=True, slots=True)
class ClaimRecord:
    """The record is named by the `number` of an application that was filed for her, and her date of birth."""

    number: str
    born_on: date
    way: ClaimWay
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class ClaimShown:
    """A claim; for an officer with who claims, and whose record it is, to be held against her papers."""

    claim: RecordClaim
    claimant: Citizen | None = None
    record: Citizen | None = None
    application: Application | None = None


async def claim_record(env: Environment, subject: Subject, request: ClaimRecord) -> tuple[RecordClaim, bool]:
    """Claim a record. By CODE a code goes to the telephone that it has on file; by OFFICER it waits for an officer.

    Raises Problems: NOT_FOUND for whoever is no citizen, STRENGTH_TOO_LOW, RATE_LIMITED.
    """
    # The number and the date go into the request's hash only under our key: they would be found by trying.
    given = f"{request.number}:{request.born_on.isoformat()}:{request.way.value}"
    body = {"request": FieldCipher(env.keyrings).blind_index("record_claim", given)}
    return await run_request(env, subject, "claimRecord", request, _open_claim, body=body, read=_present)


async def confirm_claim(
    env: Environment, subject: Subject, claim_id: str, code: str, key: str
) -> tuple[RecordClaim, bool]:
    """Enter the code. Then the record is hers, this session ends, and she signs in anew. A wrong code is counted.

    Of a record that an import made the applications come to hers instead, and the session continues.
    Raises Problems: NOT_FOUND for a claim that is not hers, OTP_WRONG, OTP_EXPIRED, RATE_LIMITED, RECORD_IN_USE.
    """
    sealed = FieldCipher(env.keyrings).blind_index("record_claim_code", code)
    return await run_once(
        env,
        subject,
        "confirmRecordClaim",
        lambda acting: _confirm_claim(acting, claim_id, code),
        key=key,
        body={"id": claim_id, "code": sealed},
        read=_present,
    )


async def decide_claim(
    env: Environment, subject: Subject, claim_id: str, reason: str, key: str, *, accept: bool
) -> tuple[RecordClaim, bool]:
    """An officer of the place says whether the one who claims is the one of the record, and why.

    Where both records were used, or both have an account, they are joined only after COOLING_OFF. Raises Problems:
    NOT_FOUND for a claim outside of her place or one that does not wait for an officer, BAD_INPUT without a reason,
    AADHAAR_DIFFERS.
    """
    return await run_once(
        env,
        subject,
        "decideRecordClaim",
        lambda acting: _decide_claim(acting, claim_id, reason, accept=accept),
        key=key,
        body={"id": claim_id, "accept": accept, "reason": reason},
        read=_present,
    )


async def claims_for(env: Environment, subject: Subject) -> list[ClaimShown]:
    """A citizen's own claims, or those that wait for an officer in her places; each of these reads leaves a receipt.

    Raises Problems(NOT_FOUND) for everybody else.
    """
    if subject.kind is PersonKind.CITIZEN and subject.person_id is not None:
        async with env.store.read_transaction() as tx:
            await require(env, tx, subject, _claim_resource(subject.person_id), Purpose.VIEW)
            return [ClaimShown(one) for one in await record_claims.of_citizen(tx, subject.person_id, MOST_SHOWN)]
    postings = require_postings(subject, ObjectKind.RECORD_CLAIM, Purpose.DECIDE)

    async def work(tx: Transaction) -> list[ClaimShown]:
        since = env.clock.now() - CLAIM_LIFE
        waiting = await record_claims.waiting_claims(tx, postings, since, MOST_SHOWN)
        for claim in waiting:
            await require(env, tx, subject, _at_its_place(claim), Purpose.DECIDE)
        return await _present_claims(tx, waiting)

    return await env.store.carry_out(work)


async def _present_claims(tx: Transaction, claims: list[RecordClaim]) -> list[ClaimShown]:
    ids = {one for claim in claims for one in (claim.citizen_id, claim.record_id) if one is not None}
    known = await people.citizens(tx, ids)
    cases = await applications.by_ids(tx, [claim.application_id for claim in claims if claim.application_id])
    return [
        ClaimShown(
            claim,
            known.get(claim.citizen_id),
            known.get(claim.record_id or ""),
            cases.get(claim.application_id or ""),
        )
        for claim in claims
    ]


async def _open_claim(acting: UnitOfWork, request: ClaimRecord) -> RecordClaim:
    claimant = await require_own_record(acting, ObjectKind.RECORD_CLAIM)
    strength = acting.subject.assurance or Assurance.LOW
    if not strength.holds_for(NEEDED):
        raise Problems(strength_problem(strength, NEEDED, *_INPUT))
    await locks.lock_exclusive(acting.tx, "record", claimant.id)  # else many claims at once were counted as one
    if await record_claims.count_since(acting.tx, claimant.id, acting.now - ASKED_WITHIN) >= MOST_ASKED:
        raise rate_limited(ASKED_WITHIN.total_seconds(), *_INPUT)
    case = await _find_claimable(acting.tx, claimant, request)
    claim = RecordClaim(
        id=acting.env.ids.key(),
        citizen_id=claimant.id,
        record_id=case.citizen_id if case else None,
        application_id=case.id if case else None,
        department=case.department if case else None,
        district=case.district if case else None,
        tehsil=case.tehsil if case else None,
        way=request.way,
        strength=strength,
        state=ClaimState.ASKED,
        asked_at=acting.now,
    )
    await record_claims.add(acting.tx, claim)
    await _note(acting, "record.claim_asked", claim)
    if request.way is ClaimWay.CODE:
        await _send(acting, claim)
    return claim


async def _send(acting: UnitOfWork, claim: RecordClaim) -> None:
    """To the telephone on file; where there is none, all is the same but that nothing is sent."""
    record = (await people.citizens(acting.tx, [claim.record_id or ""])).get(claim.record_id or "")
    mobile = record.mobile if record else None
    to = Addressee(mobile or f"claim:{claim.id}", record.language if record else state_language(), claim.record_id)
    await make_code(acting, CodeKind.CLAIM_RECORD, claim.id, to, path=("input", "number"), deliver=mobile is not None)


async def _find_claimable(tx: Transaction, claimant: Citizen, request: ClaimRecord) -> Application | None:
    """The application with that number, where its record can be claimed by her; None in every other case."""
    try:
        case = await application_by_any(tx, request.number[:64])
    except MistypedNumber:
        return None
    if case is None or case.citizen_id == claimant.id:
        return None
    record = (await people.citizens(tx, [case.citizen_id])).get(case.citizen_id)
    fits = record is not None and record.born_on == request.born_on
    hers = claimant.born_on is None or claimant.born_on == request.born_on
    # A record that somebody signs in to is a matter for an officer: its telephone may be a family's.
    taken = bool(await identities.providers_of(tx, PersonKind.CITIZEN, case.citizen_id))
    return case if fits and hers and not (taken and request.way is ClaimWay.CODE) else None


async def _confirm_claim(acting: UnitOfWork, claim_id: str, code: str) -> RecordClaim | int:
    claimant = await require_own_record(acting, ObjectKind.RECORD_CLAIM)
    claim = await _taken_up(acting.tx, claim_id)
    if claim is None or (claim.citizen_id, claim.way) != (claimant.id, ClaimWay.CODE) or not claim.open(acting.now):
        raise not_found("input", "claimId")
    left = await try_code(acting, CodeKind.CLAIM_RECORD, claim.id, code, path=("input", "code"))
    if left is not None or claim.record_id is None:
        await _note(acting, "record.claim_wrong_code", claim)
        if not left:
            await record_claims.save(acting.tx, replace(claim, state=ClaimState.FAILED, decided_at=acting.now))
        return left or 0
    return await _join_record(acting, claim)


async def _taken_up(tx: Transaction, claim_id: str) -> RecordClaim | None:
    """The claim, for this transaction alone: of two words on it the later finds it decided."""
    await locks.lock_exclusive(tx, "record_claim", claim_id)
    return await record_claims.get(tx, claim_id)


async def _decide_claim(acting: UnitOfWork, claim_id: str, reason: str, *, accept: bool) -> RecordClaim:
    claim = await _taken_up(acting.tx, claim_id)
    resource = _at_its_place(claim) if claim is not None else Resource(ObjectKind.RECORD_CLAIM)
    await require(acting.env, acting.tx, acting.subject, resource, Purpose.DECIDE, path=("input", "claimId"))
    waits = claim is not None and claim.way is ClaimWay.OFFICER and claim.record_id is not None
    if claim is None or not waits or not claim.open(acting.now):
        raise not_found("input", "claimId")
    if not reason.strip():
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("input", "reason")))
    claim = replace(claim, reason=reason.strip(), decided_by=acting.subject.person_id)
    if accept:
        return await _join_record(acting, claim)
    refused = replace(claim, state=ClaimState.REFUSED, decided_at=acting.now)
    await _note(acting, "record.claim_refused", refused)
    return await record_claims.save(acting.tx, refused)


async def _join_record(acting: UnitOfWork, claim: RecordClaim) -> RecordClaim:
    """Her account opens the claimed record from now on, and the other is left empty; or the two are to be joined.

    Raises Problems: RECORD_IN_USE where a code is not enough, AADHAAR_DIFFERS, NOT_FOUND.
    """
    tx, record_id = acting.tx, claim.record_id or ""
    for citizen_id in sorted((claim.citizen_id, record_id)):
        await locks.lock_exclusive(tx, "record", citizen_id)
    taken = bool(await identities.providers_of(tx, PersonKind.CITIZEN, record_id))
    if taken and claim.way is ClaimWay.CODE:
        raise not_found("input", "claimId")  # somebody claimed it meanwhile
    if taken:
        return await agree(acting, claim)
    if await take_in(tx, record_id, claim.citizen_id, acting.subject.label):
        done = await record_claims.save(tx, replace(claim, state=ClaimState.DONE, decided_at=acting.now))
        await _note(acting, "record.claimed", done)
        return done
    if await personal.holds_more_than(tx, claim.citizen_id, MADE_BY_A_SIGN_IN):
        if claim.way is ClaimWay.CODE:
            raise record_in_use(*_INPUT)
        return await agree(acting, claim)
    known = await people.citizens(tx, [claim.citizen_id, record_id])
    held = await identities.providers_of(tx, PersonKind.CITIZEN, claim.citizen_id)
    await identities.move_person(tx, PersonKind.CITIZEN, claim.citizen_id, record_id)
    await people.update_citizen(tx, _reachable(known[record_id], known[claim.citizen_id]))
    done = await record_claims.save(tx, replace(claim, state=ClaimState.DONE, decided_at=acting.now))
    await personal.erase(tx, claim.citizen_id)
    await _note(acting, "record.claimed", done)
    for provider in dict.fromkeys(held):
        about = About(Topic.ACCOUNT, f"{claim.id}:{provider.value}", record_id, None, "claimed")
        await tell(acting, NoticeKind.ACCOUNT_LINKED, about, provider=provider.value)
    return done


def _reachable(record: Citizen, claimant: Citizen) -> Citizen:
    """The record, with the telephone and the address that her provider vouches for where it had none."""
    return replace(
        record,
        mobile=record.mobile or claimant.mobile,
        email=record.email or claimant.email,
        confirmed_email=claimant.confirmed_email or record.confirmed_email,
    )


def _claim_resource(citizen_id: str) -> Resource:
    return Resource(ObjectKind.RECORD_CLAIM, citizen_id=citizen_id)


def _at_its_place(claim: RecordClaim) -> Resource:
    place = (claim.department, claim.district, claim.tehsil)
    return Resource(ObjectKind.RECORD_CLAIM, claim.id, claim.record_id, *place)


async def _note(acting: UnitOfWork, action: str, claim: RecordClaim) -> None:
    detail = {"way": claim.way.value, "strength": claim.strength.value}
    detail |= {"record": claim.record_id} if claim.record_id else {}
    await note(acting, action, _at_its_place(claim), Purpose.APPLY, **detail)


async def _present(tx: Transaction, claim_id: str) -> RecordClaim:
    claim = await record_claims.get(tx, claim_id)
    if claim is None:
        raise not_found("input")
    return claim
