"""The commands of `apuni switch`: they need only the store, and work while all else is down."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

import typer

from actions.kernel import Environment
from actions.platform.switches import SetSwitch, board, change
from domain.kernel import IST, ErrorCode, Problem
from domain.platform.alarms import ProcessFacts
from domain.platform.switches import SYSTEMS, Switch, SwitchKind, SwitchState, is_connector_switch
from gateway.commands.kernel import CommandGroup, Reason, account, out, print_lines, problems_as_lines
from gateway.runtime.heartbeat import BEAT_SECONDS, CHANGE_SECONDS
from schema.kernel import MUTATIONS
from store.database import Store
from store.platform import alarms, switches

group = CommandGroup()
"""Switches for outside systems and mutations."""

_LOOK_SECONDS = 0.25
_LOOKS = int(6 * CHANGE_SECONDS / _LOOK_SECONDS)
"""How often the reports of the running processes are read before they are named."""
_HEARD_SECONDS = 2 * BEAT_SECONDS
"""A process without a report for so long is taken to have ended."""

_SYSTEMS = ", ".join(SYSTEMS)
_FAULTS = {
    "name": f"there is no such switch; a system is one of {_SYSTEMS}, and a mutation is written as in the graph; "
    "a citizen is named by id or by the number of an application",
    "state": "a mutation is ON or OFF",
    "reason": "the reason is too long",
}
_Name = Annotated[
    str,
    typer.Argument(
        help="a system such as DBT_FINANCE, or a mutation such as submitApplication; for EMPTIED a system, or a "
        "citizen by id or by the number of an application"
    ),
]


@group.storage_command("list")
async def list_switches(env: Environment) -> None:
    """List every switch that was ever set."""
    now = env.clock.now()
    found = await env.store.read(board)
    print_lines(
        (_switch_summary(switch, now) for switch in found.switches), f"change {found.version}; what is not listed is ON"
    )


@group.storage_command("set")
async def set_switch(
    env: Environment,
    name: _Name,
    state: Annotated[
        SwitchState, typer.Argument(help="the new state; a mutation is ON or OFF; EMPTIED drops kept answers")
    ],
    reason: Reason,
    minutes: Annotated[float | None, typer.Option(min=0.01, help="end by itself after so many minutes")] = None,
) -> None:
    """Set a switch; every process obeys within two seconds, without a restart."""
    is_system = name in {system.value for system in SYSTEMS} or is_connector_switch(name)
    if state is SwitchState.EMPTIED:
        kind = SwitchKind.SYSTEM_ANSWERS if is_system else SwitchKind.CITIZEN_ANSWERS
    else:
        kind = SwitchKind.SYSTEM if is_system else SwitchKind.MUTATION
    known = mutations() if kind is SwitchKind.MUTATION else frozenset()
    until = None if minutes is None else env.clock.now() + timedelta(minutes=minutes)
    wanted = SetSwitch(kind, name, state, reason, until)
    with problems_as_lines(_line_of):
        await env.store.carry_out(lambda tx: change(tx, wanted, by=account(), mutations=known))
    out.print(_adoption_summary(*await _followers(env.store)))


@group.storage_command("clear")
async def clear_switch(env: Environment, name: _Name, reason: Reason) -> None:
    """Set a switch back to ON."""
    await set_switch(env, name, SwitchState.ON, reason)


async def _followers(store: Store) -> tuple[Sequence[ProcessFacts], int]:
    """The processes that run, and the number of the change that they are to follow; waits until all do."""
    running: Sequence[ProcessFacts] = ()
    wanted = 0
    for _ in range(_LOOKS):
        async with store.read_transaction() as tx:
            wanted = await switches.version(tx)
            running = [facts for facts in await alarms.reported_facts(tx) if facts.age <= _HEARD_SECONDS]
        if all(facts.switches >= wanted for facts in running):
            break
        await asyncio.sleep(_LOOK_SECONDS)
    return running, wanted


def _adoption_summary(running: Sequence[ProcessFacts], wanted: int) -> str:
    behind = sorted({facts.process for facts in running if facts.switches < wanted})
    if behind:
        return f"apuni: change {wanted} is set; not yet heard from {', '.join(behind)}"
    return f"apuni: change {wanted} holds in {len(running)} running processes"


def mutations() -> frozenset[str]:
    """The names of all mutations of the graph."""
    import schema.building as _graph  # the graph takes seconds to load, and the switch of a system does not need it

    del _graph
    return frozenset(MUTATIONS)


def _switch_summary(switch: Switch, now: datetime) -> str:
    at = switch.set_at.astimezone(IST).isoformat(timespec="seconds")
    until = f" until {switch.until.astimezone(IST).isoformat(timespec='seconds')}" if switch.until else ""
    state = switch.state_at(now).value
    return f"{switch.kind.value} {switch.name} {state}{until}, set {at} by {switch.set_by}: {switch.reason}"


def _line_of(problem: Problem) -> str:
    if problem.code is ErrorCode.REASON_REQUIRED:
        return "a switch needs a reason"
    return _FAULTS.get(problem.path[-1], "the end must be in the future, and EMPTIED has none")
