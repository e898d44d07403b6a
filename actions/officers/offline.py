"""Exports a day's queue for work without a connection, and applies the decisions made there.

A pack is the queue as JSON, signed (JWS, ES256, the keyring `manifest`). We also keep which case went with
which version, so that a pack is known again by its id alone. It says what is needed to decide, and no more of a person
than the queue shows.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError

from actions.applications.decide import Decide, Verdict, pass_verdict
from actions.benefits.sanction_budgets import Balances, balances_before
from actions.kernel import (
    Environment,
    UnitOfWork,
    at_level,
    courses_of,
    escalation,
    filed_as,
    leave_receipt,
    of_applicant,
    place_of,
    run_once,
)
from actions.kernel.case_reads import own_cases
from actions.officers.bulk import ItemResult, attempt
from actions.officers.claim import in_india, note
from actions.officers.offline_times import Device, OfflineDecision, TimeDoubt, device_of, doubts_of
from actions.officers.proposals import WEIGHED
from actions.officers.queue import queue_postings
from domain.applications.applications import Application, AttachedDocument, RejectionGround
from domain.applications.lifecycle import Move
from domain.catalogue.catalogue import Service
from domain.catalogue.course import Course, moves_in_course
from domain.clearances import EscalationKind
from domain.identity.policy import Purpose
from domain.kernel import (
    IST,
    Bilingual,
    Citizen,
    ErrorCode,
    Officer,
    OfficerLevel,
    Problem,
    Problems,
    Subject,
    TypeCode,
    ist_date,
    mask_aadhaar_in,
    mask_account,
    to_global_id,
)
from domain.kernel.messages import bilingual
from domain.officers.desk import CLOCK_SKEW, MOST_AT_ONCE, PACK_SIZE, Pack, QueueFilter, pack_expires_at
from store import clearances
from store.applications import applications, timeline
from store.catalogue import catalogue, forms
from store.catalogue.forms import FiledForm
from store.database import Transaction
from store.identity import people
from store.officers import desk, desk_queue

_KEYRING, _ALGORITHM = "manifest", "ES256"
_PACK = ("input", "packId")
_REMARK = bilingual("remark.decided_offline")
_VERDICTS: Mapping[Move, str] = {
    Move.APPROVE: "APPROVE",
    Move.REJECT: "REJECT",
    Move.RETURN_AS_INCOMPLETE: "RETURN_AS_INCOMPLETE",
    Move.RAISE_QUERY: "RAISE_QUERY",
    Move.SEND_FOR_VERIFICATION: "SEND_FOR_VERIFICATION",
    Move.REPORT_VERIFICATION: "REPORT_VERIFICATION",
}
_HIDDEN = re.compile(r"account|mobile|phone|aadhaar|email", re.IGNORECASE)
"""Form fields of which a pack shows the last four signs only: a lost telephone must tell little."""


@dataclass(frozen=True, slots=True)
class GivenPack:
    """A pack with its signed text."""

    pack: Pack
    signed: str


async def queue_pack(
    env: Environment, subject: Subject, officer: Officer, day: date, device: Device | None = None
) -> GivenPack:
    """Give out the officer's own open cases for today or tomorrow; each applicant gets a receipt.

    At most PACK_SIZE cases, those that are due first. Raises BAD_INPUT for another day or a key that is none.
    """
    enrolled = device_of(device, env.clock.now()) if device else {}
    today = ist_date(env.clock.now())
    if day not in (today, today + timedelta(days=1)):
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("day",)))
    postings = await queue_postings(env, subject, officer)

    async def work(tx: Transaction) -> GivenPack:
        rows = await desk_queue.page(tx, officer.id, postings, QueueFilter(), limit=PACK_SIZE)
        own = await own_cases(tx, officer.id, rows)
        return await _give(UnitOfWork(env, tx, subject), day, [row for row in rows if row.id in own], enrolled)

    return await env.store.carry_out(work)


async def replay_decisions(
    env: Environment,
    subject: Subject,
    pack_id: str,
    decisions: Sequence[OfflineDecision],
    signed: str | None = None,
    device_at: datetime | None = None,
) -> list[ItemResult]:
    """Pass each verdict again, on the version that was decided and under its own key.

    A case that changed meanwhile is a CONFLICT and stays as it is. The legal clock ends with the device's time where
    that is beyond doubt, else with the replay; the officer's own time is shown in the timeline. `device_at` is the
    device's clock as it hands them in. Raises PACK_REFUSED for a pack that is not hers or was
    altered, PACK_EXPIRED, BAD_INPUT for no decision or more than fifty.
    """
    if not 1 <= len(decisions) <= MOST_AT_ONCE:
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("input", "decisions"), params={"most": str(MOST_AT_ONCE)}))
    given = await _known_pack(env, subject, pack_id, signed)
    approved = [one.application_id for one in decisions if one.verdict is Verdict.APPROVE]
    balances = await balances_before(env, subject, [one for one in approved if one in given.cases])
    doubts = await env.store.carry_out(lambda tx: doubts_of(tx, given, decisions, device_at))
    return [
        await _replay(env, subject, given, decision, balances, doubt)
        for decision, doubt in zip(decisions, doubts, strict=True)
    ]


async def _give(acting: UnitOfWork, day: date, cases: Sequence[Application], enrolled: Mapping[str, Any]) -> GivenPack:
    officer_id = acting.actor
    pack = Pack(
        id=acting.env.ids.key(),
        officer_id=officer_id,
        day=day,
        issued_at=acting.now,
        expires_at=pack_expires_at(day),
        cases={case.id: case.version for case in cases},
        **enrolled,
    )
    await desk.add_pack(acting.tx, pack)
    made_of = MadeOf(
        cases,
        await people.citizens(acting.tx, {case.citizen_id for case in cases}),
        await catalogue.services_as_filed(acting.tx, [(case.service_code, case.service_version) for case in cases]),
        await timeline.documents(acting.tx, pack.cases),
        await forms.filed_forms(acting.tx, pack.cases),
        await courses_of(acting.tx, map(filed_as, cases)),
    )
    for case in cases:
        await leave_receipt(acting, of_applicant(case), Purpose.DECIDE)
    await note(acting, "pack", pack.id, cases=len(cases))
    return GivenPack(pack, _sign(acting.env, content_of(pack, made_of)))


async def _known_pack(env: Environment, subject: Subject, pack_id: str, signed: str | None) -> Pack:
    pack = await env.store.read(lambda tx: desk.pack(tx, pack_id))
    if pack is None or pack.officer_id != subject.person_id:
        raise Problems(Problem(ErrorCode.PACK_REFUSED, _PACK))
    if signed is not None and not _is_of(env, pack, signed):
        raise Problems(Problem(ErrorCode.PACK_REFUSED, ("input", "pack")))
    if env.clock.now() > pack.expires_at:
        raise Problems(Problem(ErrorCode.PACK_EXPIRED, _PACK))
    return pack


async def _replay(
    env: Environment,
    subject: Subject,
    pack: Pack,
    decision: OfflineDecision,
    balances: Balances,
    doubt: TimeDoubt | None,
) -> ItemResult:
    async def step(acting: UnitOfWork) -> Application:
        verdict = Decide(
            decision.application_id,
            decision.verdict,
            decision.key,
            decision.version,
            decision.ground,
            decision.reason,
            decision.documents,
        )
        signed_at = decision.decided_at if doubt is None else None
        decided_there = replace(acting, remark=_remark(decision), balances=balances, signed_at=signed_at)
        application = await pass_verdict(decided_there, verdict, at_desk=True)
        if doubt not in (None, TimeDoubt.NO_DEVICE_KEY):
            await _put_before_the_head(acting, application, decision)
        at = decision.decided_at.isoformat(timespec="seconds")
        await note(acting, "replay", application.id, pack=pack.id, decided_at=at, doubt=doubt.value if doubt else None)
        return application

    async def run() -> tuple[Application, bool]:
        _refuse_foreign(env, pack, decision)
        operation, body = "replayDecisions", asdict(decision)
        if decision.signature is None:  # the body of one without is that of releases that knew no other
            del body["signature"]
        return await run_once(env, subject, operation, step, key=decision.key, body=body, read=applications.get)

    return await attempt(env, decision.application_id, run, weighed=decision.verdict.value in WEIGHED)


async def _put_before_the_head(acting: UnitOfWork, application: Application, decision: OfflineDecision) -> None:
    """Open a case for the level above where a device does not prove when it was decided; once for each time."""
    above = await at_level(acting, place_of(application), OfficerLevel.FIRST_APPELLATE)
    kind, officer_id = EscalationKind.TIME_DOUBTED, acting.subject.person_id
    warning = escalation(acting, application, kind, officer_id, above, due_at=decision.decided_at)
    await clearances.warn(acting.tx, warning)


def _refuse_foreign(env: Environment, pack: Pack, decision: OfflineDecision) -> None:
    """A decision is on a case of the pack in the pack's version, and was made while the pack was out."""
    if pack.cases.get(decision.application_id) != decision.version:
        raise Problems(Problem(ErrorCode.PACK_REFUSED, ("input", "decisions", "version")))
    at = decision.decided_at
    if at.tzinfo is None or not pack.issued_at - CLOCK_SKEW <= at <= env.clock.now() + CLOCK_SKEW:
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("input", "decisions", "decidedAt")))


def _remark(decision: OfflineDecision) -> str:
    at = in_india(decision.decided_at)
    return " / ".join(text.format(at=at) for text in (_REMARK.hi or "", _REMARK.en))


def _sign(env: Environment, content: Mapping[str, Any]) -> str:
    key = env.keyrings.active(_KEYRING)
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return jws.serialize_compact({"alg": _ALGORITHM, "kid": key.kid}, text, key, algorithms=[_ALGORITHM])


def _is_of(env: Environment, pack: Pack, signed: str) -> bool:
    """Whether the text is signed by us and is that pack with the same cases in the same versions."""
    try:
        content = json.loads(jws.deserialize_compact(signed, env.keyrings.key_set(_KEYRING), [_ALGORITHM]).payload)
    except (JoseError, ValueError):
        return False
    return bool(content.get("packId") == pack.id)


@dataclass(frozen=True, slots=True)
class MadeOf:
    """The cases of a pack with what belongs to them, each by its key."""

    cases: Sequence[Application]
    citizens: Mapping[str, Citizen]
    services: Mapping[tuple[str, int | None], Service]
    documents: Mapping[str, Sequence[AttachedDocument]]
    filed: Mapping[str, FiledForm]
    courses: Mapping[tuple[str, str, int | None], Course] = field(default_factory=dict)


def content_of(pack: Pack, made_of: MadeOf) -> dict[str, Any]:
    """The pack as JSON; instants are India's."""
    return {
        "packId": pack.id,
        "officerId": to_global_id(TypeCode.OFFICER, pack.officer_id),
        "day": pack.day.isoformat(),
        "issuedAt": _instant(pack.issued_at),
        "expiresAt": _instant(pack.expires_at),
        "grounds": [ground.value for ground in RejectionGround],
        "cases": [_case(case, made_of) for case in made_of.cases],
    }


def _case(case: Application, made_of: MadeOf) -> dict[str, Any]:
    service = made_of.services.get((case.service_code, case.service_version))
    citizen = made_of.citizens.get(case.citizen_id)
    moves = moves_in_course(case.status, made_of.courses.get(filed_as(case)))
    return {
        "applicationId": to_global_id(TypeCode.APPLICATION, case.id),
        "number": case.number,
        "version": case.version,
        "status": case.status.value,
        "serviceCode": case.service_code,
        "service": _text(service.name if service else None),
        "needsSecondPair": bool(service and service.needs_second_pair),
        "asksFor": [paper.key for paper in service.documents] if service else [],
        "district": case.district,
        "tehsil": case.tehsil,
        "submittedAt": _instant(case.submitted_at),
        "dueAt": _instant(case.due_at),
        "applicant": _text(citizen.name if citizen else None),
        "form": [_answer(name, value, made_of.filed.get(case.id)) for name, value in case.form.items()],
        "documents": [
            {"key": paper.key, "name": paper.name, "seenAtSource": paper.verified_at is not None}
            for paper in made_of.documents.get(case.id, ())
        ],
        "verdicts": [name for move, name in _VERDICTS.items() if move in moves],
    }


def _answer(name: str, value: str, filed: FiledForm | None) -> dict[str, Any]:
    """An answer, and the document that gave it where somebody did not write it herself; never its number."""
    shown: dict[str, Any] = {"name": name, "value": _masked_value(name, value)}
    source = filed.source_of(name, value) if filed is not None else None
    if source is not None:
        told = {"document": source["name"], "issuer": source["issuer"], "issuedOn": source["issued_on"]}
        shown["source"] = {"origin": source["origin"], **told, "signature": source["signature"]}
    return shown


def _masked_value(name: str, value: str) -> str:
    return mask_account(value) if _HIDDEN.search(name) else mask_aadhaar_in(value)


def _instant(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(IST).isoformat(timespec="milliseconds")


def _text(name: Bilingual | None) -> dict[str, str | None] | None:
    return None if name is None else {"hi": name.hi, "en": name.en}
