"""Sets kill switches and empties kept answers with actor, reason and audit line, and reads what was set."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from actions.kernel import Environment, access, run_idempotently
from actions.privacy.personal_data import citizen_named
from domain.identity.policy import ObjectKind, Purpose, Resource
from domain.kernel import ErrorCode, Problem, Problems, Subject, mask_aadhaar_in
from domain.platform.switches import (
    ALWAYS_ON,
    LONGEST_REASON,
    STATES,
    SYSTEMS,
    Switch,
    SwitchKind,
    SwitchState,
    is_connector_switch,
)
from integrations.calling.cache import digest_of_citizen
from integrations.calling.policies import LONGEST_KEPT
from store.database import NotThere, Transaction, audit
from store.platform import switches

OPERATION = "setSwitch"
_OPERATIONS = Resource(ObjectKind.OPERATIONS)


@dataclass(frozen=True, slots=True)
class SetSwitch:
    """How a switch is to stand. Without `until` it stays so; ON sets it back, and EMPTIED is done at once.

    `name` is a system, a mutation, or for CITIZEN_ANSWERS a citizen by id or by the number of an application of hers.
    """

    kind: SwitchKind
    name: str
    state: SwitchState
    reason: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Board:
    """Every switch that was ever set, and the number of changes so far."""

    version: int
    switches: tuple[Switch, ...]


async def set_switch(
    env: Environment, subject: Subject, wanted: SetSwitch, *, mutations: Collection[str], idempotency_key: str
) -> tuple[Switch, bool]:
    """Set a switch for an administrator; the second value is True for a replay.

    `mutations` are the names that the graph has. Raises Problems: NOT_FOUND where the subject may not
    operate the gateway, and those of `change`. Raises NotSignedIn where nobody is signed in.
    """

    async def work(tx: Transaction) -> dict[str, str]:
        await access.require(env, tx, subject, _OPERATIONS, Purpose.OPERATE)
        switch = await change(tx, wanted, by=subject.label, mutations=mutations)
        return {"kind": switch.kind.value, "name": switch.name}

    body = {
        "kind": wanted.kind.value,
        "name": wanted.name,
        "state": wanted.state.value,
        "reason": wanted.reason,
        "until": wanted.until.isoformat() if wanted.until else None,
    }
    answer, replayed = await run_idempotently(env, subject, OPERATION, key=idempotency_key, body=body, work=work)
    switch = await env.store.read(lambda tx: switches.find_switch(tx, SwitchKind(answer["kind"]), answer["name"]))
    if switch is None:
        raise LookupError("a switch that was kept is gone")
    return switch, replayed


async def change(tx: Transaction, wanted: SetSwitch, *, by: str, mutations: Collection[str]) -> Switch:
    """Set a switch in a transaction and write the audit line; each process takes it over within two seconds.

    Raises Problems: BAD_INPUT for a name, state or end that cannot be, REASON_REQUIRED without a reason.
    """
    now = tx.clock.now()
    _check(wanted, mutations, now)
    about = name = wanted.name
    if wanted.kind is SwitchKind.CITIZEN_ANSWERS:
        about = await _citizen(tx, name)
        name = digest_of_citizen(about)
        await switches.drop_before(tx, wanted.kind, now - timedelta(seconds=LONGEST_KEPT))
    before = await switches.find_switch(tx, wanted.kind, name)
    switch = Switch(wanted.kind, name, wanted.state, _reason(wanted), by, now, wanted.until)
    await switches.save(tx, switch)
    detail = {
        "from": before.state_at(now).value if before else SwitchState.ON.value,
        "to": switch.state.value,
        "reason": switch.reason,
        "until": switch.until.isoformat() if switch.until else None,
    }
    await audit.record(tx, by, "switch.set", "SWITCH", f"{switch.kind.value}:{about}", Purpose.OPERATE, **detail)
    return switch


async def board(tx: Transaction) -> Board:
    """The switches as they stand in the store."""
    return Board(await switches.version(tx), tuple(await switches.all_switches(tx)))


async def switches_for(env: Environment, subject: Subject) -> Board:
    """The switches for an administrator or auditor; raises as `access.require_operations`."""
    access.require_operations(subject)
    return await env.store.read(board)


async def _citizen(tx: Transaction, named: str) -> str:
    try:
        return await citizen_named(tx, named)
    except NotThere:
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("input", "name"))) from None


def _is_known(wanted: SetSwitch, mutations: Collection[str]) -> bool:
    if wanted.kind is SwitchKind.MUTATION:
        return wanted.name in mutations and wanted.name not in ALWAYS_ON
    of_system = wanted.name in {system.value for system in SYSTEMS} or is_connector_switch(wanted.name)
    return of_system or wanted.kind is SwitchKind.CITIZEN_ANSWERS


def _check(wanted: SetSwitch, mutations: Collection[str], now: datetime) -> None:
    problems = []
    if not _is_known(wanted, mutations):
        problems.append(Problem(ErrorCode.BAD_INPUT, ("input", "name")))
    if wanted.state not in STATES[wanted.kind]:
        problems.append(Problem(ErrorCode.BAD_INPUT, ("input", "state")))
    if wanted.until is not None and (wanted.until <= now or wanted.state is SwitchState.EMPTIED):
        problems.append(Problem(ErrorCode.BAD_INPUT, ("input", "until")))
    if not wanted.reason.strip():
        problems.append(Problem(ErrorCode.REASON_REQUIRED, ("input", "reason")))
    elif len(wanted.reason) > LONGEST_REASON:
        problems.append(Problem(ErrorCode.BAD_INPUT, ("input", "reason")))
    if problems:
        raise Problems(*problems)


def _reason(wanted: SetSwitch) -> str:
    """The reason on one line and without Aadhaar numbers: audit lines are kept for good."""
    return mask_aadhaar_in(" ".join(wanted.reason.split()))
