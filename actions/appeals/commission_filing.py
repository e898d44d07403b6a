"""Sends an appeal, its case file and each later step to the Right to Service Commission, each exactly once.

Messages are written with the step that causes them and keyed by it. Those of one case keep their order; a Commission
that is away holds back nothing else of the application, since they are ordered by the case and not by it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import structlog

from actions.appeals.case_file import MEDIA_TYPE, make_case_file, masked_mobile
from actions.kernel import Environment, UnitOfWork
from actions.privacy.files_at_rest import delete_unnamed
from domain.appeals.appeals import (
    Appeal,
    AppealEvent,
    AppealLevel,
    AppealMove,
    AppealState,
    Award,
    AwardKind,
    AwardState,
    Hearing,
)
from domain.appeals.commission import CommissionCase, reference_of
from domain.applications.applications import Application
from domain.applications.lifecycle import REFUSED, Status
from domain.catalogue.catalogue import Service
from domain.kernel import Citizen, Role, Source, Subject, ist_date, ist_midnight
from integrations.calling.errors import Unavailable
from integrations.right_to_service import AppealFiling, Attachment, CaseEvent, FilingReceipt, RightToService
from store.appeals import appeal_course, appeals, commission
from store.applications import applications
from store.catalogue import catalogue
from store.database import NotThere, Transaction
from store.identity import people
from store.platform import outbox

FILE, EVENT = "commission.file", "commission.event"
"""Outbox topics: an appeal that reached the Commission, and what happened to it afterwards."""

COMMISSION = Subject(frozenset({Role.COMMISSION}))
"""The Commission's own system to the access table, once the endpoint has verified its signature."""

_KINDS: Mapping[AppealMove, str] = {
    AppealMove.FIX_HEARING: "HEARING_FIXED",
    AppealMove.DIRECT: "DIRECTION",
    AppealMove.DISMISS: "DECIDED",
    AppealMove.CLOSE: "DECIDED",
    AppealMove.DELIVER_LATE: "SERVICE_DELIVERED",
    AppealMove.COMPLY: "ORDER_OBEYED",
    AppealMove.IGNORE_ORDER: "ORDER_IGNORED",
    AppealMove.VOID: "VOIDED",
    AppealMove.REOPEN: "REOPENED",
    AppealMove.AMEND: "AMENDED",
}
"""How our steps are called in events (INFERRED: the contract leaves their types open). Others are not sent."""

_SETTLED: Mapping[AwardState, str] = {AwardState.RECOVERED: "PENALTY_RECOVERED", AwardState.PAID: "COMPENSATION_PAID"}
_log = structlog.get_logger(__name__)


def commission_of(env: Environment) -> RightToService:
    """The Commission's system; raises Unavailable where it is not connected."""
    if env.partners.commission is None:
        raise Unavailable(Source.RIGHT_TO_SERVICE, "not_connected")
    return env.partners.commission


async def note_filings(acting: UnitOfWork, filed: Sequence[Appeal]) -> None:
    """Have the appeals among these that went to the Commission sent there, each once."""
    reached = [one for one in filed if one.level is AppealLevel.COMMISSION]
    if reached and acting.env.partners.commission is not None:
        wanted = [(one.id, {"appeal_id": one.id}, one.id) for one in reached]
        await outbox.add_many(acting.tx, FILE, wanted)


async def note_steps(acting: UnitOfWork, steps: Sequence[tuple[Appeal, AppealMove]]) -> None:
    """Have steps of cases sent to the Commission, except those that it sent us itself."""
    if acting.subject == COMMISSION or acting.env.partners.commission is None:
        return
    wanted = [
        (f"{appeal.id}:{appeal.version}", {"appeal_id": appeal.id, "sequence": appeal.version}, appeal.id)
        for appeal, move in steps
        if appeal.level is AppealLevel.COMMISSION and move in _KINDS
    ]
    await outbox.add_many(acting.tx, EVENT, wanted)


async def note_award(acting: UnitOfWork, appeal: Appeal, award: Award) -> None:
    """Have a penalty or compensation reported, and later its recovery or payment."""
    if appeal.level is not AppealLevel.COMMISSION or acting.env.partners.commission is None:
        return
    if acting.subject == COMMISSION and award.state is AwardState.ORDERED:
        return
    key = f"{award.id}:{award.state.value}:{award.ordered_at.isoformat()}"
    payload = {"appeal_id": appeal.id, "award": award.kind.value, "state": award.state.value}
    await outbox.add(acting.tx, EVENT, key, payload, application_id=appeal.id)


async def file_with_commission(env: Environment, appeal_id: str) -> None:
    """Bring an appeal and its case file to the Commission; run again, it continues where it stopped.

    The Commission is asked for the reference before anything is sent, so a lost answer files nothing twice. Raises
    Unavailable (the outbox asks again), Refused.
    """
    partner = commission_of(env)
    await env.store.carry_out(lambda tx: _ensure_case(tx, appeal_id))
    async with env.store.read_transaction() as tx:
        case, appeal, application, citizen = await _load_case(tx, appeal_id)
        before = appeal.previous_id
        previous = (await appeals.by_ids(tx, [before])).get(before) if before else None
        service = await catalogue.service_as_filed(tx, application.service_code, application.service_version)
    if case.number is None and appeal.state is AppealState.CLOSED and appeal.order is None:
        _log.info("commission_case_not_filed", reason="withdrawn or in time")
        return
    if case.number is None:
        receipt = await _file_appeal(partner, _filing(case, appeal, application, citizen, previous, service))
        case = await _update_case(env, appeal_id, _receipt_values(receipt))
        _log.info("commission_case_filed", known=receipt.known)
    if case.bundle is None and case.bundle_sent_at is None:
        case = await _with_bundle(env, case, application, citizen)
    if case.bundle is not None and case.bundle_sent_at is None:
        await partner.send_event(case.number or case.reference, _case_file_event(env, case))
        await _update_case(env, appeal_id, {"bundle_sent_at": env.clock.now()})


async def send_to_commission(env: Environment, payload: Mapping[str, Any]) -> None:
    """Tell of one step or award of a case; the event's id is the key at both ends. Raises Unavailable, Refused."""
    partner = commission_of(env)
    appeal_id = payload["appeal_id"]
    await env.store.carry_out(lambda tx: _ensure_case(tx, appeal_id))
    async with env.store.read_transaction() as tx:
        case, appeal, application, _ = await _load_case(tx, appeal_id)
        if "award" in payload:
            awards = (await appeal_course.awards(tx, [appeal_id])).get(appeal_id, [])
            award = next((one for one in awards if one.kind is AwardKind(payload["award"])), None)
            event = None if award is None else _award_event(case, award, AwardState(payload["state"]))
        else:
            steps = (await appeal_course.events(tx, [appeal_id])).get(appeal_id, [])
            taken = next((one for one in steps if one.sequence == payload["sequence"]), None)
            hearings = (await appeal_course.hearings(tx, [appeal_id])).get(appeal_id, [])
            event = None if taken is None else _step_event(case, appeal, taken, hearings, application)
    if case.number is None:
        if appeal.state is AppealState.CLOSED and appeal.order is None:
            return  # it never went there
        raise Unavailable(Source.RIGHT_TO_SERVICE, "case_not_filed")
    if event is not None:
        await partner.send_event(case.number, event)


async def _file_appeal(partner: RightToService, filing: AppealFiling) -> FilingReceipt:
    """The receipt of a filing: the Commission is asked first whether it has the case."""
    known = await partner.case(filing.reference)
    if known is None:
        return await partner.file_appeal(filing)
    return FilingReceipt(known.number, known.received_at, known.decide_by, known=True)


def _receipt_values(receipt: FilingReceipt) -> Mapping[str, Any]:
    return {"number": receipt.number, "received_at": receipt.received_at, "decide_by": receipt.decide_by}


async def _with_bundle(
    env: Environment, case: CommissionCase, application: Application, citizen: Citizen
) -> CommissionCase:
    """Make the case file, once: the file of whoever notes it first is the one that is sent."""
    content = await env.store.read(lambda tx: make_case_file(env, tx, case, application, citizen))
    name = await env.objects.put(content, MEDIA_TYPE)
    kept = await _update_case(env, case.appeal_id, {"bundle": name, "bundle_octets": len(content)}, unless="bundle")
    if kept.bundle != name:
        await delete_unnamed(env, name)
    return kept


async def _update_case(
    env: Environment, appeal_id: str, changes: Mapping[str, Any], unless: str | None = None
) -> CommissionCase:
    async def work(tx: Transaction) -> CommissionCase:
        present = (await commission.cases(tx, [appeal_id]))[appeal_id]
        if unless is not None and getattr(present, unless) is not None:
            return present
        changed = replace(present, **changes)
        await commission.save_case(tx, changed)
        return changed

    return await env.store.carry_out(work)


async def _ensure_case(tx: Transaction, appeal_id: str) -> None:
    """Keep the case of an appeal, with its reference, where it is not kept yet."""
    if appeal_id in await commission.cases(tx, [appeal_id]):
        return
    appeal = (await appeals.by_ids(tx, [appeal_id])).get(appeal_id)
    application = await applications.get(tx, appeal.application_id) if appeal else None
    if appeal is None or application is None:
        raise NotThere("the case of an appeal")
    case = CommissionCase(
        appeal_id=appeal.id,
        citizen_id=appeal.citizen_id,
        application_id=appeal.application_id,
        reference=reference_of(application.number, appeal.level, appeal.ground),
        filed_at=appeal.received_at,
    )
    await commission.add_cases(tx, [case])


async def _load_case(tx: Transaction, appeal_id: str) -> tuple[CommissionCase, Appeal, Application, Citizen]:
    case = (await commission.cases(tx, [appeal_id])).get(appeal_id)
    appeal = (await appeals.by_ids(tx, [appeal_id])).get(appeal_id)
    application = await applications.get(tx, appeal.application_id) if appeal else None
    if case is None or appeal is None or application is None:
        raise NotThere("the case of an appeal")
    citizen = (await people.citizens(tx, [appeal.citizen_id]))[appeal.citizen_id]
    return case, appeal, application, citizen


def _filing(
    case: CommissionCase,
    appeal: Appeal,
    application: Application,
    citizen: Citizen,
    previous: Appeal | None,
    service: Service | None,
) -> AppealFiling:
    return AppealFiling(
        reference=case.reference,
        application_number=application.number,
        service_code=appeal.service_code,
        district=appeal.district,
        tehsil=appeal.tehsil,
        channel=application.channel.value,
        ground=appeal.ground.value,
        origin=appeal.origin.value,
        received_on=ist_date(application.submitted_at) if application.submitted_at else None,
        due_on=ist_date(appeal.due_at) if appeal.due_at else None,
        breached_on=appeal.breached_on,
        paused_days=appeal.paused_days,
        limit_days=appeal.limit_days,
        limit_unit=appeal.limit_unit.value if appeal.limit_unit else None,
        designated_id=appeal.designated_id,
        first_id=appeal.first_id,
        second_id=appeal.second_id,
        citizen_name=citizen.name.en or citizen.name.hi or "",
        mobile_masked=masked_mobile(citizen),
        previous_number=previous.number if previous else None,
        late_reason=appeal.late_reason,
        paid_on=_paid_on(application, service),
        filed_at=appeal.received_at,
        lawful_due_on=ist_date(application.lawful_due_at) if application.lawful_due_at else None,
    )


def _paid_on(application: Application, service: Service | None) -> date | None:
    """The day of the payment, with which the clock of a service with a fee began; None for a fee after approval."""
    first = application.fee_paise and not (service and service.fee_after_approval)
    began = application.clock_started_at if first else None
    return None if began is None else ist_date(began)


def _case_file_event(env: Environment, case: CommissionCase) -> CaseEvent:
    url = f"{env.public_url.rstrip('/')}/hooks/rts/case-files/{case.bundle}"
    file = Attachment(case.bundle or "", url, case.bundle_octets or 0, MEDIA_TYPE)
    return CaseEvent(f"{case.reference}:CASE_FILE", "CASE_FILE", case.filed_at, Role.SYSTEM.value, None, (file,))


def _step_event(
    case: CommissionCase, appeal: Appeal, taken: AppealEvent, hearings: Sequence[Hearing], application: Application
) -> CaseEvent:
    order = appeal.order
    until = order.direct_until.isoformat() if order and order.direct_until else None
    facts: Mapping[str, Any] = {}
    match taken.move:
        case AppealMove.FIX_HEARING:
            known = [one for one in hearings if one.recorded_at <= taken.at]
            fixed = max(known, key=lambda one: one.recorded_at, default=None)  # later ones have events of their own
            facts = {} if fixed is None else {"at": fixed.at.isoformat(), "place": fixed.place}
        case AppealMove.DIRECT:
            facts = {"until": until}
        case AppealMove.DISMISS | AppealMove.CLOSE:
            facts = {"outcome": "DISMISSED" if taken.move is AppealMove.DISMISS else "CLOSED"}
        case AppealMove.VOID:
            facts = {"reason": _why_void(application)}
    kind = _KINDS[taken.move]
    return CaseEvent(f"{case.reference}:{taken.sequence}", kind, taken.at, taken.actor_role, taken.note, facts=facts)


def _why_void(application: Application) -> str:
    """Why an appeal is void (docs/contracts/right_to_service.md section 6.1)."""
    if application.status is Status.WITHDRAWN:
        return "WITHDRAWN"
    if application.status in REFUSED:
        return "REJECTED_IN_TIME"
    signed = application.decision is not None and application.decision.signed_at is not None
    return "DECIDED_IN_TIME" if signed else "SERVED_IN_TIME"


def _award_event(case: CommissionCase, award: Award, state: AwardState) -> CaseEvent:
    kind = _SETTLED.get(state, award.kind.value)
    key = f"{case.reference}:{kind}:{int(award.ordered_at.timestamp())}"
    facts: dict[str, Any] = {"amountPaise": award.amount_paise}
    if state is AwardState.ORDERED or award.settled_on is None:
        return CaseEvent(key, kind, award.ordered_at, Role.SYSTEM.value, award.reason, facts=facts)
    facts |= {"on": award.settled_on.isoformat(), "reference": award.settlement}
    return CaseEvent(key, kind, ist_midnight(award.settled_on), Role.SYSTEM.value, facts=facts)
