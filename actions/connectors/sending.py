"""Sends to departments' systems once: through the outbox, with an enquiry before any repeat, and else a desk case."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from actions.connectors.inputs import Known, bad_argument, bad_inputs, inputs_of, known_numbers
from actions.connectors.reads import client_of, kept_values, may_ask, record_of_citizen, require_scope
from actions.connectors.versions import connectors_in_force, is_asked_for, scope_of
from actions.documents.department_documents import CONSENT_NEEDED
from actions.kernel import (
    Environment,
    UnitOfWork,
    leave_receipt,
    of_application,
    require,
    require_departments,
    require_own,
    require_thing,
    run_request,
)
from domain.applications.applications import Application
from domain.connectors import DepartmentCase, DepartmentCaseState, DepartmentStatus
from domain.identity.policy import ObjectKind, Purpose, Resource
from domain.kernel import SYSTEM, ErrorCode, Problem, Problems, Source, Subject, require_found
from integrations.calling.errors import NeverSent, NotAsked, NotLetIn, Refused, RemoteError, Unavailable
from integrations.calling.policies import Effect
from integrations.connectors import Connector, ConnectorCall, InputRefused, RequestWriter, Uncertain, Waiting
from store.applications import applications
from store.connectors import cases
from store.database import crash_points
from store.identity import people
from store.platform import outbox

SEND = "connector.send"
"""The outbox topic of what waits to be sent to a department's system."""

LOST, NO_RECORD = "answer_lost", "no_record"
MOST_LISTED = 100
_INPUT = ("input",)
_State = DepartmentCaseState


@dataclass(frozen=True, slots=True)
class SendToDepartment:
    """A writing call of a system by its name, what the caller gives it, and the application that it is about if any."""

    system: str
    call: str
    idempotency_key: str
    inputs: tuple[tuple[str, str], ...] = ()
    application_id: str | None = None


async def send_to_department(
    env: Environment, subject: Subject, request: SendToDepartment
) -> tuple[DepartmentCase, bool]:
    """Queue something for a department's system, which has it once; True where it is a replay.

    For oneself, or about an application for those who may act on it. Raises Problems: NOT_FOUND, BAD_INPUT for what is
    no system, call or input, CONSENT_REQUIRED.
    """
    return await run_request(env, subject, "sendToDepartment", request, _queue, read=cases.get)


@dataclass(frozen=True, slots=True)
class SettleDepartmentCase:
    """What a department said of a case of which we could not tell: its number there, or that it never arrived."""

    case_id: str
    idempotency_key: str
    number: str | None = None


async def settle_department_case(
    env: Environment, subject: Subject, request: SettleDepartmentCase
) -> tuple[DepartmentCase, bool]:
    """Settle an UNCERTAIN case by what the department said: it has it, or it is sent again.

    For administrators of the department. Raises Problems: NOT_FOUND, STEP_NOT_ALLOWED.
    """
    return await run_request(env, subject, "settleDepartmentCase", request, _settle_by_hand, read=cases.get)


async def uncertain_cases(env: Environment, subject: Subject) -> list[DepartmentCase]:
    """Cases of the subject's departments of which we cannot tell whether they arrived. Raises NOT_FOUND for others."""
    departments = require_departments(subject, ObjectKind.DEFINITION, Purpose.OPERATE)
    async with env.store.read_transaction() as tx:
        in_force = await connectors_in_force(tx)
        found = await cases.uncertain(tx, MOST_LISTED)
    return [one for one in found if departments is None or department_of(in_force, one.system) in departments]


def department_of(in_force: Mapping[str, Connector], system: str) -> str | None:
    """The department of a system; None for a national one, and where the system is not in force."""
    return in_force[system].department if system in in_force else None


async def send_case(env: Environment, case_id: str) -> None:
    """Send a queued case; may be run again. Raises Unavailable, NotLetIn or Garbled where the outbox tries again.

    A case that was tried before is enquired first. Where the enquiry cannot tell, or the call must not be repeated,
    nothing is sent and the case is UNCERTAIN: somebody asks the department. Nothing is sent or enquired either once the
    citizen has withdrawn a consent that the call needs.
    """
    async with env.store.read_transaction() as tx:
        case = require_found(await cases.get(tx, case_id))
        if case.state is not _State.QUEUED:
            return
        connector, call = _call_of(case, await connectors_in_force(tx))
        may_send = await may_ask(tx, case.citizen_id, connector, call)
    try:
        if not may_send:
            raise (Refused if case.tried_at is None else Uncertain)(connector.source, CONSENT_NEEDED)
        row = await _send(env, case, connector)
    except Uncertain as error:
        await _settle(env, replace(case, state=_State.UNCERTAIN, problem=error.code))
    except Waiting as error:
        inputs = {**case.inputs, "ticket": error.ticket}
        await _mark(env, replace(case, inputs=inputs, tried_at=case.tried_at or env.clock.now()))
        raise
    except NotLetIn:  # our own key or secret is wrong, which is nothing against the case: it waits until that is mended
        raise
    except Refused as error:
        await _settle(env, replace(case, state=_State.REFUSED, problem=error.code))
    else:
        crash_points.reach(crash_points.DEPARTMENT_ANSWERED)
        await _settle(env, with_first_enquiry(env, connector, with_row(env, call, case, row)))


def with_row(env: Environment, call: ConnectorCall, case: DepartmentCase, row: Mapping[str, Any]) -> DepartmentCase:
    """The case as a system's row says that it stands now."""
    statuses = (row.get(name) for name, one in call.fields.items() if one.kind == "status")
    said = next((DepartmentStatus(one) for one in statuses if one is not None), case.status)
    number = row.get("number") or case.number
    return replace(
        case,
        state=_State.SENT,
        record=kept_values(row),
        status=said,
        number=number,
        as_of=env.clock.now(),
        problem=None,
    )


def with_first_enquiry(env: Environment, connector: Connector, case: DepartmentCase) -> DepartmentCase:
    """The case with the time of the next enquiry, where the file says how cases of its kind are followed."""
    call = following_call(connector, case.kind)
    if call is None or call.watch is None or not case.number:
        return case
    ends_at = case.ends_at or env.clock.now() + timedelta(seconds=call.watch.at_most)
    return replace(case, next_at=env.clock.now() + timedelta(seconds=call.watch.poll[0]), ends_at=ends_at)


def following_call(connector: Connector, kind: str) -> ConnectorCall | None:
    """The call by which cases of a kind are asked about again."""
    watching = (one for one in connector.calls.values() if one.kind == kind and one.watch and not one.serves)
    return next(watching, None)


async def _send(env: Environment, case: DepartmentCase, connector: Connector) -> Mapping[str, Any]:
    """The row of the system's answer, from an earlier attempt where that had arrived."""
    call, client = connector.calls[case.call], client_of(env, connector)
    if case.tried_at is not None:
        if call.effect is Effect.ONCE:
            raise Uncertain(connector.source, LOST)
        found = await client.enquire(call, case.inputs, case.id, since=case.tried_at)
        if found is not None:
            return dict(found)
    await _mark(env, replace(case, tried_at=case.tried_at or env.clock.now()))
    try:
        return dict(await client.write(call, case.inputs, case.id, since=case.tried_at))
    except (NeverSent, NotAsked, NotLetIn):
        await _mark(env, case)
        raise
    except RemoteError as error:
        if error.code == NO_RECORD:  # a whole answer that names no record: the system has nothing to do
            raise Refused(connector.source, NO_RECORD) from error
        if call.effect is Effect.ONCE and not isinstance(error, Refused | Waiting):
            raise Uncertain(connector.source, LOST) from error
        raise


def _call_of(case: DepartmentCase, in_force: Mapping[str, Connector]) -> tuple[Connector, ConnectorCall]:
    connector = in_force.get(case.system)
    if connector is None or case.call not in connector.calls:
        raise Unavailable(Source.DEPARTMENTS, "not_in_force")
    return connector, connector.calls[case.call]


async def _mark(env: Environment, case: DepartmentCase) -> None:
    await env.store.carry_out(lambda tx: cases.save(tx, case, _State.QUEUED))


async def _queue(acting: UnitOfWork, request: SendToDepartment) -> DepartmentCase:
    application, citizen_id = await _application_and_citizen(acting, request.application_id)
    connector = (await connectors_in_force(acting.tx)).get(request.system)
    call = None if connector is None else connector.calls.get(request.call)
    if connector is None or call is None or call.effect is Effect.READ:
        raise bad_argument(*_INPUT, "system" if connector is None else "call")
    consent = None
    if is_asked_for(call):
        consent = await require_scope(acting.tx, citizen_id, scope_of(connector, call))
    citizen = (await people.citizens(acting.tx, [citizen_id])).get(citizen_id)
    known = Known(citizen, application, await known_numbers(acting.tx, citizen_id, connector, call))
    values = inputs_of(call, known, dict(request.inputs), _INPUT)
    try:
        RequestWriter(call, connector.wire, connector.address.path, connector.source).values(values)
    except InputRefused as refused:
        raise bad_inputs(refused.input, at=_INPUT) from None
    case = DepartmentCase(
        id=acting.env.ids.key(),
        citizen_id=citizen_id,
        application_id=request.application_id,
        clearance_id=None,
        system=connector.name,
        call=call.name,
        kind=call.kind,
        state=_State.QUEUED,
        inputs=values | ({"consent.id": consent.id} if consent else {}),
        created_at=acting.now,
    )
    await cases.add(acting.tx, case)
    await outbox.add(acting.tx, SEND, case.id, {"case_id": case.id})
    resource = record_of_citizen(citizen_id, scope_of(connector, call))
    await leave_receipt(acting, resource, Purpose.APPLY, connector.source)
    await acting.record(
        "department_case.queued", "DOCUMENT", case.id, Purpose.APPLY, system=case.system, call=case.call
    )
    return case


async def _application_and_citizen(acting: UnitOfWork, application_id: str | None) -> tuple[Application | None, str]:
    """The application that something is sent about, and whose it is."""
    if application_id is None:
        return None, await require_own(acting, ObjectKind.DOCUMENT)
    found = await applications.get(acting.tx, application_id)
    path = ("input", "applicationId")
    application = await require_thing(acting, found, of_application, Purpose.DECIDE, Purpose.APPLY, path=path)
    return application, application.citizen_id


async def _settle_by_hand(acting: UnitOfWork, request: SettleDepartmentCase) -> DepartmentCase:
    path = ("input", "caseId")
    case = require_found(await cases.get(acting.tx, request.case_id), *path)
    in_force = await connectors_in_force(acting.tx)
    resource = Resource(ObjectKind.DEFINITION, case.id, None, department_of(in_force, case.system))
    await require(acting.env, acting.tx, acting.subject, resource, Purpose.OPERATE, path=path)
    state = _State.SENT if request.number else _State.QUEUED
    settled = replace(case, state=state, number=request.number or None, problem=None, tried_at=None)
    if state is _State.SENT and case.system in in_force:
        settled = with_first_enquiry(acting.env, in_force[case.system], settled)
    if case.state is not _State.UNCERTAIN or not await cases.save(acting.tx, settled, _State.UNCERTAIN):
        raise Problems(Problem(ErrorCode.STEP_NOT_ALLOWED, path, params={"state": case.state.value}))
    if state is _State.QUEUED:
        await outbox.reopen(acting.tx, SEND, case.id)
    await acting.record(f"department_case.{state.value.lower()}", "DOCUMENT", case.id, Purpose.OPERATE)
    return settled


async def _settle(env: Environment, case: DepartmentCase) -> None:
    """Write down what became of a queued case, with its audit line, once."""

    async def note(tx: Any) -> None:
        if await cases.save(tx, case, _State.QUEUED):
            detail = {"system": case.system, "call": case.call}
            action = f"department_case.{case.state.value.lower()}"
            await UnitOfWork(env, tx, SYSTEM).record(action, "DOCUMENT", case.id, None, **detail)

    await env.store.carry_out(note)
