"""The command `apuni switch`: needs only the store, so that it works while everything else is down."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

import typer

from actions.platform.switches import SetSwitch, board, change
from domain.kernel import IST, ErrorCode, Problems
from domain.platform.alarms import ProcessFacts
from domain.platform.switches import SYSTEMS, Switch, SwitchKind, SwitchState
from gateway.commands.opening import account, open_storage, out
from gateway.runtime.heartbeat import BEAT_SECONDS, SWITCH_SECONDS
from gateway.settings.settings import Settings, read_settings
from schema.kernel import MUTATIONS
from store.database import Store
from store.platform import alarms, switches

group = typer.Typer(no_args_is_help=True)


@group.command("list")
def switch_list() -> None:
    """List every switch that was ever set."""
    asyncio.run(run_list(read_settings()))


@group.command("set")
def switch_set(
    name: Annotated[str, typer.Argument(help="a system such as DBT_FINANCE, or a mutation such as submitApplication")],
    state: Annotated[str, typer.Argument(help="OFF, CACHE_ONLY, READ_ONLY or ON; a mutation is ON or OFF")],
    reason: Annotated[str, typer.Option(help="why; it is kept in the audit log")],
    minutes: Annotated[float | None, typer.Option(min=0.01, help="end by itself after so many minutes")] = None,
) -> None:
    """Set a switch; every process obeys within two seconds, without a restart."""
    _set_switch(name, state, reason, minutes)


@group.command("clear")
def switch_clear(
    name: Annotated[str, typer.Argument(help="the system or mutation")],
    reason: Annotated[str, typer.Option(help="why; it is kept in the audit log")],
) -> None:
    """Set a switch back to ON."""
    _set_switch(name, "ON", reason, None)


def _set_switch(name: str, state: str, reason: str, minutes: float | None) -> None:
    try:
        wanted = SwitchState(state)
    except ValueError:
        raise typer.BadParameter(", ".join(SwitchState), param_hint="STATE") from None
    try:
        asyncio.run(run_set(read_settings(), name, wanted, reason, minutes))
    except NotSet as refused:
        typer.echo(f"apuni: {refused}", err=True)
        raise typer.Exit(1) from None


_LOOK_SECONDS = 0.25
_LOOKS = int(3 * SWITCH_SECONDS / _LOOK_SECONDS)
"""How often it is looked at what the running processes say, before they are named."""
_HEARD_SECONDS = 2 * BEAT_SECONDS
"""A process without a report for so long is taken to have ended."""


class NotSet(Exception):
    """A switch cannot be set so; the text is one line for a person."""


async def run_list(settings: Settings) -> None:
    """Print every switch that was ever set."""
    async with open_storage(settings) as rooms, rooms.store.read_transaction() as tx:
        found, now = await board(tx), rooms.clock.now()
    for switch in found.switches:
        out.print(_switch_summary(switch, now), markup=False)
    out.print(f"apuni: change {found.version}; what is not listed is ON")


async def run_set(settings: Settings, name: str, state: SwitchState, reason: str, minutes: float | None) -> None:
    """Set a switch, for so many minutes or without an end, and say which processes follow it. Raises NotSet."""
    kind = SwitchKind.SYSTEM if name in {system.value for system in SYSTEMS} else SwitchKind.MUTATION
    known = mutations() if kind is SwitchKind.MUTATION else frozenset()
    async with open_storage(settings) as rooms:
        until = None if minutes is None else rooms.clock.now() + timedelta(minutes=minutes)
        wanted = SetSwitch(kind, name, state, reason, until)
        try:
            await rooms.store.carry_out(lambda tx: change(tx, wanted, by=account(), mutations=known))
        except Problems as problems:
            raise NotSet(_line(problems)) from None
        out.print(_adoption_summary(*await _followers(rooms.store)), markup=False)


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


def _line(problems: Problems) -> str:
    names = {problem.path[-1] for problem in problems.problems}
    if problems.code is ErrorCode.REASON_REQUIRED:
        return "a switch needs a reason"
    if "name" in names:
        systems = ", ".join(system.value for system in SYSTEMS)
        return f"there is no such switch; a system is one of {systems}, and a mutation is written as in the graph"
    if "state" in names:
        return "a mutation is ON or OFF"
    return "the reason is too long" if "reason" in names else "the end must be in the future"
