"""The commands of `apuni connector`."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from actions.connectors.versions import answer, propose, roll_back
from actions.kernel import Environment, UnitOfWork
from domain.connectors import ConnectorVersion
from domain.kernel import IST, CommandFailed, ErrorCode, Problem
from gateway.commands.kernel import (
    CommandGroup,
    account,
    command_subject,
    line_of,
    out,
    print_lines,
    problems_as_lines,
    readable,
)
from store.connectors import versions
from store.database import Transaction

group = CommandGroup()
"""Files by which departments' systems join."""

_Files = Annotated[list[Path], typer.Argument(help="connectors' files, such as connectors/ncs.yaml")]
_Name = Annotated[str, typer.Argument(help="the connector, such as ncs")]


@group.storage_command("publish")
async def publish(env: Environment, files: _Files) -> None:
    """Propose files to go live; a second person approves the hash of each, here or on the page of connectors."""
    for file in files:
        content = read_text(file)
        with problems_as_lines(_line_of):
            proposed = await env.store.carry_out(partial(_propose, env, content))
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
    with problems_as_lines(_line_of):
        found = await env.store.read(lambda tx: versions.of_name(tx, name))
        known = next((one for one in found if one.version == version), None)
        if known is None:
            raise CommandFailed(f"there is no version {version} of {name}; `apuni connector list` names them")
        answered = await env.store.carry_out(
            lambda tx: answer(UnitOfWork(env, tx, command_subject()), known, sha256, account(), approve=not refuse)
        )
    print_lines([], _line_of_version(answered))


@group.storage_command("rollback")
async def rollback(env: Environment, name: _Name) -> None:
    """Withdraw the version in force; every process has the one before it within a second."""
    with problems_as_lines(_line_of):
        await env.store.carry_out(lambda tx: roll_back(UnitOfWork(env, tx, command_subject()), name, account()))
    now = (await env.store.read(versions.in_force)).get(name)
    print_lines([], f"{name}: {f'version {now.version} is' if now else 'no version is'} in force")


@group.storage_command("list")
async def list_versions(env: Environment) -> None:
    """List the latest versions of all connectors, and which are in force."""
    found = await env.store.read(lambda tx: versions.latest(tx, None, 1000))
    live = {one.id for one in (await env.store.read(versions.in_force)).values()}
    print_lines((_line_of_version(one, in_force=one.id in live) for one in found), f"{len(found)} versions")


async def _propose(env: Environment, content: str, tx: Transaction) -> ConnectorVersion:
    return await propose(UnitOfWork(env, tx, command_subject()), content, account())


def read_text(file: Path) -> str:
    """A file as text. Raises CommandFailed."""
    with readable(file):
        return file.read_bytes().decode()


def _line_of_version(one: ConnectorVersion, *, in_force: bool | None = None) -> str:
    at = one.proposed_at.astimezone(IST).isoformat(timespec="seconds")
    state = "IN FORCE" if in_force else one.state.value
    return f"{one.name} {one.version} {state} {one.sha256}, proposed {at} by {one.proposed_by}"


def _line_of(problem: Problem) -> str:
    said = problem.params
    if "rule" in said:
        return f"line {said['line']}: {said['rule']}; {said['remedy']}"
    if problem.code is ErrorCode.SECOND_OFFICER_NEEDED:
        return "whoever proposed a version does not approve it; another account or an administrator does"
    match problem.sentence:
        case "connector.version_taken":
            return f"this version number is taken, and versions never change; the next is {said['version']}"
        case "connector.other_bytes":
            return "the hash is not that of the proposed file; read the file and give its SHA-256"
        case _:
            return line_of(problem)
