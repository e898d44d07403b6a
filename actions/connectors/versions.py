"""The life of a connector's file: proposed, approved over its hash by a second person, in force, rolled back."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256

import structlog

from actions.kernel import Environment, UnitOfWork, require, require_departments, require_second_person, run_request
from domain.connectors import ConnectorVersion, ConnectorVersionState
from domain.identity.policy import ObjectKind, Purpose, Resource
from domain.kernel import ErrorCode, Problem, Problems, Role, Subject, require_found
from integrations.connectors import Connector, ConnectorCall, ConnectorFault, read_connector
from store.connectors import versions
from store.database import Transaction

MOST_LISTED = 50
_PATH = ("input", "connectorId")
_State = ConnectorVersionState
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ProposeConnector:
    """A connector's file as text."""

    file: str
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class AnswerConnector:
    """A version that waits, the hash of the bytes that the second person read, and whether it is approved."""

    connector_id: str
    sha256: str
    approve: bool
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class RollBackConnector:
    """The version in force that is withdrawn, so that the one before it holds again."""

    connector_id: str
    idempotency_key: str


async def propose_connector(
    env: Environment, subject: Subject, request: ProposeConnector
) -> tuple[ConnectorVersion, bool]:
    """Ask for a file to go live; nothing changes before a second person approves its hash.

    Raises Problems: NOT_FOUND for another department's system, BAD_INPUT with line, rule and remedy of the fault,
    CONFLICT for a version number that other bytes have or that is not the next.
    """
    return await run_request(env, subject, "proposeConnector", request, _propose, read=versions.get)


async def answer_connector(
    env: Environment, subject: Subject, request: AnswerConnector
) -> tuple[ConnectorVersion, bool]:
    """Approve or refuse a file over its hash; an approved one is in force at once.

    Raises Problems: NOT_FOUND, SECOND_OFFICER_NEEDED for whoever proposed it, CONFLICT where the hash is of other bytes
    or a later version is in force, BAD_INPUT where a field that is in force by now would be lost, STEP_NOT_ALLOWED.
    """
    return await run_request(env, subject, "answerConnector", request, _answer, read=versions.get)


async def roll_back_connector(
    env: Environment, subject: Subject, request: RollBackConnector
) -> tuple[ConnectorVersion, bool]:
    """Withdraw the version in force; the one before it, which two people let go live, holds within a second.

    One person may: it only goes back to what was approved. Raises Problems: NOT_FOUND, STEP_NOT_ALLOWED for a version
    that is not in force.
    """
    return await run_request(env, subject, "rollBackConnector", request, _roll_back, read=versions.get)


async def connector_desk(env: Environment, subject: Subject) -> list[ConnectorVersion]:
    """The latest versions of the departments that the subject administers. Raises NOT_FOUND for those of none."""
    departments = require_departments(subject, ObjectKind.DEFINITION, Purpose.OPERATE)
    return await env.store.read(lambda tx: versions.latest(tx, departments, MOST_LISTED))


async def connectors_in_force(tx: Transaction) -> Mapping[str, Connector]:
    """The connectors in force by name.

    Left out, and logged, is one whose bytes are not those that were approved, or that a later release cannot read: the
    others go on.
    """
    found = {}
    for name, one in (await versions.in_force(tx)).items():
        if hash_of(one.content) != one.sha256:
            log.error("connector_changed", connector=name, version=one.version)
            continue
        try:
            found[name] = connector_of(one.content)
        except ConnectorFault as fault:
            log.error("connector_unreadable", connector=name, version=one.version, line=fault.line)  # noqa: TRY400 - no trace
    return found


async def consent_scopes(tx: Transaction) -> tuple[str, ...]:
    """What a citizen's consent can name: each kind of record that a connector reads of her when she allows it."""
    found = (await connectors_in_force(tx)).values()
    return tuple(sorted({scope_of(one, call) for one in found for call in one.calls.values() if is_asked_for(call)}))


def scope_of(connector: Connector, call: ConnectorCall) -> str:
    """The word of a call's records in the scope of a consent."""
    return f"connector/{connector.name}/{call.kind}"


def is_asked_for(call: ConnectorCall) -> bool:
    """Whether the call needs the citizen's own consent."""
    return call.consent is not None and call.consent.basis == "asked"


async def propose(acting: UnitOfWork, content: str) -> ConnectorVersion:
    """The inner step of a proposal, in the caller's transaction, for one who may. The same file again is no change."""
    connector = read_file(content)
    known = await versions.of_name(acting.tx, connector.name)
    same = next((one for one in known if one.version == connector.version), None)
    if same is not None and same.content == content and same.state is _State.PROPOSED:
        return same
    if known and connector.version <= known[0].version:
        raise _conflict("connector.version_taken", version=str(known[0].version + 1))
    _require_proven(acting.env, connector)
    _require_fields_kept((await versions.in_force(acting.tx)).get(connector.name), connector)
    proposed = ConnectorVersion(
        id=acting.env.ids.key(),
        name=connector.name,
        version=connector.version,
        department=connector.department,
        content=content,
        sha256=hash_of(content),
        state=_State.PROPOSED,
        proposed_by=acting.actor,
        proposed_at=acting.now,
    )
    await versions.add(acting.tx, proposed)
    await _note(acting, proposed)
    return proposed


async def answer(acting: UnitOfWork, known: ConnectorVersion, seen: str, *, approve: bool) -> ConnectorVersion:
    """The inner step of an answer, as `propose`."""
    require_second_person(acting, known.proposed_by, *_PATH)
    if not seen == known.sha256 == hash_of(known.content):
        raise _conflict("connector.other_bytes", "sha256")
    if approve:
        await _require_fit(acting, known)
    state = _State.APPROVED if approve else _State.REFUSED
    answered = replace(known, state=state, confirmed_by=acting.actor, confirmed_at=acting.now)
    return await _move_on(acting, known, answered)


async def roll_back(acting: UnitOfWork, known: ConnectorVersion) -> ConnectorVersion:
    """The inner step of a rollback, as `propose`; gives the version that was withdrawn."""
    live = (await versions.in_force(acting.tx)).get(known.name)
    if live is None or live.id != known.id:  # who comes second withdraws no more than the first
        raise _not_allowed(known)
    withdrawn = replace(known, state=_State.WITHDRAWN, withdrawn_by=acting.actor, withdrawn_at=acting.now)
    return await _move_on(acting, known, withdrawn)


async def _require_fit(acting: UnitOfWork, waiting: ConnectorVersion) -> None:
    """What came into force since the proposal is neither passed over nor narrowed by its approval."""
    connector, live = read_file(waiting.content), (await versions.in_force(acting.tx)).get(waiting.name)
    if live is not None and live.version > waiting.version:
        raise _conflict("connector.version_taken", version=str(live.version + 1))
    _require_fields_kept(live, connector)
    if any(one.decides for one in connector.calls.values()):
        _require_own_administrator(acting.subject, waiting.department)


def _require_fields_kept(live: ConnectorVersion | None, connector: Connector) -> None:
    lost = [] if live is None else lost_fields(connector_of(live.content), connector)
    if lost:
        raise _refusal("connector.lost_fields", fields=", ".join(lost))


def lost_fields(before: Connector, after: Connector) -> list[str]:
    """The calls, and fields as `call.field`, that a version takes away or reads otherwise and names not as retired."""
    lost = []
    for name, call in before.calls.items():
        now = after.calls.get(name)
        if now is None or now.kind != call.kind:
            lost.append(name)
        else:
            kinds = {field: one.kind for field, one in now.fields.items()}
            lost += [f"{name}.{field}" for field, one in call.fields.items() if kinds.get(field) != one.kind]
    return [one for one in lost if not {one, one.partition(".")[0]} & set(after.retired)]


def _require_proven(env: Environment, connector: Connector) -> None:
    """Where examples must be recorded, as in production: each call has a success and a failure of its real system.

    An empty list is neither: it proves nothing of the fields, nor that an enquiry finds what was sent.
    """
    if not env.rules.recorded_examples:
        return
    examples = (one for one in connector.examples if one.origin == "recorded" and one.expected != [])
    recorded = {(one.call, isinstance(one.expected, list)) for one in examples}
    missing = [name for name in connector.calls if not {(name, True), (name, False)} <= recorded]
    if missing:
        raise _refusal("connector.not_recorded", calls=", ".join(missing))


def _require_own_administrator(subject: Subject, department: str | None) -> None:
    """What may decide for a department is approved by its own administrator alone."""
    own = any(one.role is Role.DEPARTMENT_ADMIN and one.department == department for one in subject.postings)
    if not own:
        raise Problems(Problem(ErrorCode.FORBIDDEN, _PATH, sentence="connector.own_administrator"))


def read_file(content: str) -> Connector:
    """The connector of a file; raises Problems with BAD_INPUT, its line, rule and remedy."""
    try:
        return connector_of(content)
    except ConnectorFault as fault:
        said = {"line": str(fault.line), "rule": fault.rule, "remedy": fault.remedy}
        path = ("input", "file")
        raise Problems(Problem(ErrorCode.BAD_INPUT, path, params=said, sentence="connector.refused")) from None


def hash_of(content: str) -> str:
    """The SHA-256 of the bytes of a file, in hexadecimal digits."""
    return sha256(content.encode()).hexdigest()


@lru_cache(maxsize=200)
def connector_of(content: str) -> Connector:
    """The connector of a file; raises ConnectorFault."""
    return read_connector(content.encode())


async def _propose(acting: UnitOfWork, request: ProposeConnector) -> ConnectorVersion:
    connector = read_file(request.file)
    await _require(acting, connector.name, connector.department, ("input",))
    return await propose(acting, request.file)


async def _answer(acting: UnitOfWork, request: AnswerConnector) -> ConnectorVersion:
    known = await _find(acting, request.connector_id)
    return await answer(acting, known, request.sha256, approve=request.approve)


async def _roll_back(acting: UnitOfWork, request: RollBackConnector) -> ConnectorVersion:
    return await roll_back(acting, await _find(acting, request.connector_id))


async def _find(acting: UnitOfWork, connector_id: str) -> ConnectorVersion:
    known = require_found(await versions.get(acting.tx, connector_id), *_PATH)
    await _require(acting, known.id, known.department, _PATH)
    return known


async def _move_on(acting: UnitOfWork, known: ConnectorVersion, changed: ConnectorVersion) -> ConnectorVersion:
    before = _State.APPROVED if changed.state is _State.WITHDRAWN else _State.PROPOSED
    if known.state is not before or not await versions.move_on(acting.tx, changed, before):
        raise _not_allowed(known)
    await _note(acting, changed)
    return changed


async def _require(acting: UnitOfWork, key: str, department: str | None, path: tuple[str, ...]) -> None:
    """Let administrators of the department go on, and of the state for every system."""
    resource = Resource(ObjectKind.DEFINITION, key, None, department)
    await require(acting.env, acting.tx, acting.subject, resource, Purpose.OPERATE, path=path)


async def _note(acting: UnitOfWork, version: ConnectorVersion) -> None:
    detail = {"connector": version.name, "version": version.version, "sha256": version.sha256}
    action = f"connector.{version.state.value.lower()}"
    await acting.record(action, "DEFINITION", version.id, Purpose.OPERATE, **detail)


def _not_allowed(version: ConnectorVersion) -> Problems:
    return Problems(Problem(ErrorCode.STEP_NOT_ALLOWED, _PATH, params={"state": version.state.value}))


def _refusal(sentence: str, **params: str) -> Problems:
    return Problems(Problem(ErrorCode.BAD_INPUT, ("input", "file"), params=params, sentence=sentence))


def _conflict(sentence: str, field: str = "file", **params: str) -> Problems:
    return Problems(Problem(ErrorCode.CONFLICT, ("input", field), params=params, sentence=sentence))
