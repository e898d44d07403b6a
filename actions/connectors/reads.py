"""What people read from departments' systems that joined by a file: a citizen's records, and records for anybody."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeAlias

from actions.connectors.inputs import Known, bad_argument, bad_inputs, inputs_of, known_numbers
from actions.connectors.versions import connectors_in_force, is_asked_for, scope_of
from actions.consents.recorded_consents import given_consent
from actions.documents.department_documents import CONSENT_NEEDED
from actions.kernel import Environment, of_citizen, read_at_sources
from domain.connectors import DepartmentCase
from domain.consents.consents import Consent, ConsentPurpose, consent_required
from domain.identity.policy import ObjectKind, Resource, purpose_for
from domain.kernel import Problems, Source, SourceState, Subject, require_found
from integrations.calling.errors import Refused, RemoteError, Unavailable
from integrations.calling.policies import Effect
from integrations.connectors import (
    Connector,
    ConnectorCall,
    ConnectorClient,
    Connectors,
    Field,
    InputRefused,
    Records,
)
from store.database import Transaction
from store.identity import people

Told: TypeAlias = tuple[Source, SourceState, datetime | None]
"""A source, how its answer was had, and when."""

_PURPOSE = ConsentPurpose.DEPARTMENT_SYSTEMS
Found: TypeAlias = tuple[Connector, ConnectorCall]


@dataclass(frozen=True, slots=True)
class Record:
    """One row of a system's answer by the names of its fields, the file that says what they are, and how it was had."""

    connector: Connector
    kind: str
    fields: Mapping[str, Field]
    values: Mapping[str, Any]
    told: Told


@dataclass(frozen=True, slots=True)
class RecordsView:
    """Records with what is told of their systems. `complete` is False where one did not answer or its list was cut."""

    records: tuple[Record, ...]
    complete: bool
    told: Mapping[str, Told]
    """By the names of the systems."""
    failures: tuple[RemoteError, ...] = ()


async def records_of_citizen(
    env: Environment, subject: Subject, citizen_id: str, name: str, kind: str, given: Mapping[str, str]
) -> RecordsView:
    """A citizen's records of a kind at a system, with her consent for both; the receipt precedes the call.

    Raises Problems: CONSENT_REQUIRED, BAD_INPUT for what is no system, kind or input, NOT_FOUND where the subject may
    not see them; what the client raises, and Refused(consent_needed) where she withdrew while the system answered.
    """
    async with env.store.read_transaction() as tx:
        in_force = await connectors_in_force(tx)
        connector, call = _one_call(in_force, name, kind)
        citizen = (await people.citizens(tx, [citizen_id])).get(citizen_id)
        known = Known(citizen, None, await known_numbers(tx, citizen_id, connector, call))
        scope = scope_of(connector, call)
        resource = record_of_citizen(citizen_id, scope)
        require_found(purpose_for(subject, resource))
        consent = await require_scope(tx, citizen_id, scope)
    values = inputs_of(call, known, given)
    await read_at_sources(env, subject, resource, [connector.source])
    try:
        found = await client_of(env, connector).read(call, values, citizen_id=citizen_id, consent_id=consent.id)
    except InputRefused as refused:
        raise bad_inputs(refused.input) from None
    if await env.store.read(lambda tx: consent_for(tx, citizen_id, scope)) is None:
        await env.partners.forget_citizen(citizen_id)
        raise Refused(connector.source, CONSENT_NEEDED)
    return _view(connector, call, found)


async def open_records(env: Environment, kind: str, name: str | None, given: Mapping[str, str]) -> RecordsView:
    """Records of a kind that anybody may read, of one system or of all that have them.

    A system that fails leaves the list incomplete; it raises only where no other was asked. Raises Problems with
    BAD_INPUT for what is no system, kind or input.
    """
    in_force = await env.store.read(connectors_in_force)
    calls = [one for one in _calls(in_force, kind) if one[1].is_public and name in (None, one[0].name)]
    if not calls:
        raise bad_argument("kind")
    answers = await asyncio.gather(*(_open_rows(env, one, given) for one in calls))
    failures = tuple(one for one in answers if isinstance(one, RemoteError))
    if len(failures) == len(answers) == 1:
        raise failures[0]
    views = [
        _view(*called, one) for called, one in zip(calls, answers, strict=True) if not isinstance(one, RemoteError)
    ]
    failed = [called[0] for called, one in zip(calls, answers, strict=True) if isinstance(one, RemoteError)]
    down: dict[str, Told] = {one.name: (one.source, SourceState.DOWN, None) for one in failed}
    return RecordsView(
        tuple(record for view in views for record in view.records),
        not failures and all(view.complete for view in views),
        {**{name: told for view in views for name, told in view.told.items()}, **down},
        failures,
    )


def kept_record(case: DepartmentCase, in_force: Mapping[str, Connector]) -> Record | None:
    """What a system said last of a case; None where it said nothing yet, or its file is not in force any more."""
    connector = in_force.get(case.system)
    if connector is None or case.record is None:
        return None
    fields = fields_of(connector, case.kind)
    values = {name: _read_back(fields[name].kind, one) for name, one in case.record.items() if name in fields}
    told = (connector.source, SourceState.CACHED, case.as_of)
    return Record(connector, case.kind, fields, values, told)


def fields_of(connector: Connector, kind: str) -> Mapping[str, Field]:
    """The fields of records of a kind, from every call that gives such."""
    return {name: field for one in connector.calls.values() if one.kind == kind for name, field in one.fields.items()}


def kept_values(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as JSON has it, to be kept."""
    return {name: _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    match value:
        case date():  # instants are days too
            return value.isoformat()
        case Decimal():
            return str(value)
        case Mapping():
            return kept_values(value)
        case list() | tuple():
            return [_plain(one) for one in value]
    return value


def _read_back(kind: str, value: Any) -> Any:
    if value is None:
        return None
    match kind:
        case "date":
            return date.fromisoformat(value)
        case "instant":
            return datetime.fromisoformat(value)
        case "decimal":
            return Decimal(value)
    return value


def client_of(env: Environment, connector: Connector) -> ConnectorClient:
    """What asks the system of a connector. Raises Unavailable where no connector is connected at all."""
    clients = env.partners.find(Connectors)
    if clients is None:
        raise Unavailable(connector.source, "not_connected")
    return clients.client(connector)


def record_of_citizen(citizen_id: str, scope: str) -> Resource:
    """What access to a citizen's records at a system depends on; its receipt names system and kind."""
    resource = of_citizen(citizen_id, ObjectKind.DOCUMENT)
    return Resource(resource.kind, scope, resource.citizen_id)


def readable_calls(connector: Connector) -> list[ConnectorCall]:
    """The calls that are read for somebody by the kind of their records: not those that only help another call."""
    helping = connector.follow_ups
    return [
        one
        for name, one in connector.calls.items()
        if one.kind and one.effect is Effect.READ and name not in helping and one.watch is None and not one.serves
    ]


def _calls(in_force: Mapping[str, Connector], kind: str) -> list[Found]:
    return [(one, call) for one in in_force.values() for call in readable_calls(one) if call.kind == kind]


def _one_call(in_force: Mapping[str, Connector], name: str, kind: str) -> Found:
    found = [one for one in _calls(in_force, kind) if one[0].name == name and is_asked_for(one[1])]
    if not found:
        raise bad_argument("system" if name not in in_force else "kind")
    return found[0]


async def require_scope(tx: Transaction, citizen_id: str, scope: str) -> Consent:
    """The citizen's consent that covers the scope now. Raises CONSENT_REQUIRED."""
    consent = await consent_for(tx, citizen_id, scope)
    if consent is None:
        raise Problems(consent_required(_PURPOSE))
    return consent


async def consent_for(tx: Transaction, citizen_id: str, scope: str) -> Consent | None:
    """The same, or None."""
    consent = await given_consent(tx, citizen_id, _PURPOSE)
    return consent if consent is not None and scope in consent.scope else None


async def may_ask(tx: Transaction, citizen_id: str, connector: Connector, call: ConnectorCall) -> bool:
    """Whether the citizen's consent holds now, or the call needs none."""
    return not is_asked_for(call) or await consent_for(tx, citizen_id, scope_of(connector, call)) is not None


async def _open_rows(env: Environment, called: Found, given: Mapping[str, str]) -> Records | RemoteError:
    connector, call = called
    values = inputs_of(call, Known(), given)
    try:
        return await client_of(env, connector).read(call, values)
    except InputRefused as refused:
        raise bad_inputs(refused.input) from None
    except RemoteError as error:
        return error


def _view(connector: Connector, call: ConnectorCall, found: Records) -> RecordsView:
    told: Told = (connector.source, found.state, found.as_of)
    records = tuple(Record(connector, call.kind, call.fields, row, told) for row in found.rows)
    return RecordsView(records, found.complete, {connector.name: told})
