"""The commands of `apuni connector`."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from actions.connectors.versions import answer, connectors_in_force, lost_fields, propose, read_file, roll_back
from actions.kernel import Environment, UnitOfWork
from domain.connectors import ConnectorVersion
from domain.kernel import IST, CommandFailed, ErrorCode, Problem, SystemClock, SystemIds
from gateway.commands.kernel import (
    CommandGroup,
    command_subject,
    line_of,
    out,
    print_lines,
    problems_as_lines,
    readable,
)
from gateway.runtime.logs import configure_logging
from gateway.runtime.partners import make_transports
from gateway.settings.settings import Settings, SettingsRefused, read_settings
from integrations.calling.errors import RemoteError
from integrations.calling.policies import Effect
from integrations.connectors import Connector, ConnectorClient, ConnectorFault, read_connector
from integrations.connectors.checks import (
    SPOILT_BODIES,
    example_faults,
    fresh_resilience,
    masked_inputs,
    rows_of,
    spoilt_faults,
)
from integrations.connectors.field_matrix import field_faults
from integrations.connectors.file import Example
from integrations.connectors.recording import (
    NotRecorded,
    RecordingRemote,
    outcome_of,
    recorded_example,
    require_right,
    with_example,
)
from store.connectors import versions

group = CommandGroup()
"""Files by which departments' systems join."""

_Files = Annotated[list[Path], typer.Argument(help="connectors' files, such as connectors/ncs.yaml")]
_Name = Annotated[str, typer.Argument(help="the connector, such as ncs")]
_File = Annotated[Path, typer.Argument(help="a connector's file, such as connectors/ncs.yaml")]


@group.command("check")
def check(
    files: _Files,
    since: Annotated[
        Path | None, typer.Option("--since", help="the version before, of which nothing may go untold")
    ] = None,
) -> None:
    """Check files: schema, rules, the examples both ways, their fields spoilt, and 2,000 spoilt answers of each."""
    configure_logging(level=logging.CRITICAL, for_good=False)  # what the examples of failures would log
    before = None if since is None else _read(since)
    right = [_check_file(file, before) for file in files]
    if not all(right):
        raise typer.Exit(1)


@group.command("try")
def try_file(
    file: _File,
    uat: Annotated[bool, typer.Option("--uat/--sandbox", help="at the test system of the file")] = False,
    record: Annotated[bool, typer.Option("--record", help="add the answers to the file as recorded examples")] = False,
) -> None:
    """Ask the reading examples of a file at its sandbox, or at its test system; nothing is written there.

    With --record each answer becomes an example, its personal values and secrets replaced by made-up ones.
    """
    connector = _read(file)
    if connector is None or not asyncio.run(_try(read_settings(), connector, file if record else None, uat=uat)):
        raise typer.Exit(1)


@group.storage_command("publish")
async def publish(env: Environment, files: _Files) -> None:
    """Propose files to go live; a second person approves the hash of each, here or on the page of connectors."""
    for file in files:
        content = read_text(file)
        proposed = await _carry_out(env, partial(propose, content=content))
        out.print(f"{proposed.name} {proposed.version} waits for a second person: {proposed.sha256}")


@group.storage_command("approve")
async def approve(
    env: Environment,
    name: _Name,
    version: Annotated[int, typer.Argument(help="the number of the version")],
    sha256: Annotated[str, typer.Argument(help="the SHA-256 of the file that was read")],
    refuse: Annotated[bool, typer.Option("--refuse", help="refuse it instead")] = False,
) -> None:
    """Approve a version over its hash, as another account than the one that proposed it; it is in force at once."""
    found = await env.store.read(lambda tx: versions.of_name(tx, name))
    known = next((one for one in found if one.version == version), None)
    if known is None:
        raise CommandFailed(f"there is no version {version} of {name}; `apuni connector list` names them")
    answered = await _carry_out(env, partial(answer, known=known, seen=sha256, approve=not refuse))
    print_lines([], _line_of_version(answered))


@group.storage_command("rollback")
async def rollback(env: Environment, name: _Name) -> None:
    """Withdraw the version in force; every process has the one before it within a second."""
    known = (await env.store.read(versions.in_force)).get(name)
    if known is None:
        raise CommandFailed(f"no version of {name} is in force; `apuni connector list` names them")
    await _carry_out(env, partial(roll_back, known=known))
    now = (await env.store.read(versions.in_force)).get(name)
    print_lines([], f"{name}: {f'version {now.version} is' if now else 'no version is'} in force")


@group.storage_command("list")
async def list_versions(env: Environment) -> None:
    """List the latest versions of all connectors, and which are in force."""
    found = await env.store.read(lambda tx: versions.latest(tx, None, 1000))
    live = {one.id for one in (await env.store.read(versions.in_force)).values()}
    print_lines((_line_of_version(one, in_force=one.id in live) for one in found), f"{len(found)} versions")


@group.storage_command("types")
async def print_types(
    env: Environment,
    files: Annotated[list[Path] | None, typer.Argument(help="connectors' files; without any, those in force")] = None,
) -> None:
    """Print the subgraph with a type for each kind of record, which /graphql/departments serves after a restart."""
    from schema.department_subgraph import build_typed  # the graph takes seconds to load

    if files:
        with problems_as_lines(_line_of):
            found = [read_file(read_text(file)) for file in files]
    else:
        found = list((await env.store.read(connectors_in_force)).values())
    built = build_typed(found)
    if built is None:
        raise CommandFailed("no connector gives records; publish one, or name files")
    out.print(built.as_str())


async def _carry_out(env: Environment, step: Callable[[UnitOfWork], Awaitable[ConnectorVersion]]) -> ConnectorVersion:
    with problems_as_lines(_line_of):
        return await env.store.carry_out(lambda tx: step(UnitOfWork(env, tx, command_subject())))


def read_text(file: Path) -> str:
    """A file as text. Raises CommandFailed."""
    with readable(file):
        return file.read_bytes().decode()


def _line_of_version(one: ConnectorVersion, *, in_force: bool | None = None) -> str:
    at = one.proposed_at.astimezone(IST).isoformat(timespec="seconds")
    state = "IN FORCE" if in_force else one.state.value
    return f"{one.name} {one.version} {state} {one.sha256}, proposed {at} by {one.proposed_by}"


def _line_of(problem: Problem) -> str:
    if problem.code is ErrorCode.SECOND_OFFICER_NEEDED:
        return "whoever proposed a version does not approve it; another account or an administrator does"
    return line_of(problem)


def _check_file(file: Path, before: Connector | None) -> bool:
    connector = _read(file)
    if connector is None:
        return False
    lost = [] if before is None else lost_fields(before, connector)
    rules = (f"`{one}` is gone, or is read as something else than before" for one in lost)
    faults = [ConnectorFault(1, rule, "Name it in `retired`, and tell whoever asks for it.") for rule in rules]
    faults += [*asyncio.run(example_faults(connector)), *field_faults(connector), *spoilt_faults(connector)]
    for fault in faults:
        out.print(f"{file}:{fault.line}: {fault.rule}. {fault.remedy}")
    if not faults:
        told = (
            f"{len(connector.calls)} calls, {len(connector.examples)} examples both ways, each field missing, null and"
        )
        out.print(f"{connector.name} {connector.version}: {told} mistyped, {SPOILT_BODIES} spoilt answers: right")
        if connector.retired:
            out.print(f"  retired: {', '.join(connector.retired)}")
    return not faults


def _read(file: Path) -> Connector | None:
    with readable(file):
        content = file.read_bytes()
    try:
        return read_connector(content)
    except ConnectorFault as fault:
        out.print(f"{file}:{fault.line}: {fault.rule}. {fault.remedy}")
        return None


async def _try(settings: Settings, connector: Connector, record: Path | None, *, uat: bool) -> bool:
    """Ask each reading example; False where one has no answer as the file maps it, or could not be recorded."""
    try:
        partner = settings.partner(connector.name)
        given = partner.onboarding()
    except (SettingsRefused, OSError, ValueError) as error:
        raise CommandFailed(f"{connector.name} has no address or secrets here: {error}") from None
    if uat and "uat" not in connector.address.origins:
        raise CommandFailed("the file names no address of a test system (`address.uat`)")
    base = connector.address.origins["uat"] if uat else partner.base_url
    clock = SystemClock()
    right = True
    lines = make_transports(settings, clock)
    async with lines.client_for([base], on_state_network=connector.address.on_state_network) as line:
        for example in (one for one in connector.examples if _is_asked(connector, one, record=record is not None)):
            remote = RecordingRemote(connector.source, base, client=line, shared=fresh_resilience(clock))
            client = ConnectorClient(connector, remote, given, SystemIds(clock))
            right = await _try_example(client, connector, example) and right
            if record is not None:
                right = await _record(record, connector, example, remote, given) and right
    return right


def _is_asked(connector: Connector, example: Example, *, record: bool) -> bool:
    """Whether an example is tried: a read that stands alone; failures only to record them, and nothing twice."""
    call = connector.calls[example.call]
    if call.effect is not Effect.READ or call.name in connector.follow_ups:
        return False
    return example.origin != "recorded" if record else isinstance(example.expected, list)


async def _try_example(client: ConnectorClient, connector: Connector, example: Example) -> bool:
    call = connector.calls[example.call]
    named = f"{example.call} {json.dumps(masked_inputs(call, example.inputs), ensure_ascii=False)}"
    try:
        rows = await rows_of(client, call, example)
    except RemoteError as error:
        out.print(f"{named}: {outcome_of(error)} {error.code}")
        return not isinstance(example.expected, list)
    out.print(f"{named}: {len(rows)} rows, {_drift(example.expected, rows)}")
    return True


def _drift(expected: Any, rows: list[Any]) -> str:
    """In what an answer differs from an example; the names of fields alone, since values may be personal."""
    if rows == expected or (expected == "absent" and not rows):
        return "as its example says"
    if not isinstance(expected, list):
        return f"its example says {expected}"
    old, new = ({name for row in one for name in row} for one in (expected, rows))
    pairs = zip(expected, rows, strict=False)
    other = {name for one, two in pairs for name in one.keys() & two.keys() if one[name] != two[name]}
    found = {"without": old - new, "with": new - old, "other values of": other}
    told = [f"{how} {', '.join(sorted(names))}" for how, names in found.items() if names]
    return "; ".join([f"its example says otherwise: {len(expected)} rows", *told])


async def _record(
    file: Path, connector: Connector, example: Example, remote: RecordingRemote, secrets: Mapping[str, Any]
) -> bool:
    """Add an answer to the file; the file stays as it was where it would not pass `check` any more."""
    content = read_text(file)
    try:
        made = await recorded_example(connector, example, remote.exchanges, secrets)
        changed = with_example(content, made)
        await require_right(changed)
    except NotRecorded as reason:
        out.print(f"  not recorded: {reason}")
        return False
    new = file.with_name(f".{file.name}.new")
    new.write_text(changed, encoding="utf-8")
    new.replace(file)
    out.print("  recorded before" if changed == content else "  recorded")
    return True
