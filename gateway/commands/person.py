"""The commands of `apuni person`."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import typer

from actions.kernel import Environment
from actions.privacy import evidence, personal_data
from domain.kernel import CommandFailed, Problems
from gateway.commands.kernel import CommandGroup, Since, Until, command_subject, out, print_json

group = CommandGroup()
"""The data of one person."""

_Person = Annotated[str, typer.Argument(help="the citizen's id, or the number of one of the citizen's applications")]


class NotErased(CommandFailed):
    """The person cannot be erased now; the text is one line for those who run the gateway."""


@group.runtime_command("export")
async def export_person(
    env: Environment,
    who: _Person,
    file: Annotated[Path | None, typer.Option(help="a file to write to, mode 0600; without it, the terminal")] = None,
) -> None:
    """Export everything that is stored of a citizen, one JSON object a row."""
    citizen_id = await _citizen(env, who)
    if file is None:
        async for line in _exported_lines(env, citizen_id):
            out.print(line)
        return
    lines = [line async for line in _exported_lines(env, citizen_id)]
    file.touch(mode=0o600)
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    out.print(f"apuni: {len(lines)} rows are in {file}")


@group.runtime_command("erase")
async def erase_person(
    env: Environment, who: _Person, yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False
) -> None:
    """Erase a citizen's personal data; anonymous records and certificates stay, with the rule that requires them."""
    if not yes:
        typer.confirm("This cannot be undone. Erase the person?", abort=True)
    try:
        done = await personal_data.erase_person(env, command_subject(), await _citizen(env, who))
    except Problems as refused:
        still = ", ".join(f"{many} {name}" for name, many in refused.problems[0].params.items())
        raise NotErased(f"the person is not erased while this is under way: {still or refused.code}") from None
    if done.already:
        out.print("apuni: nothing was left to erase")
    for table, many in done.erased.items():
        out.print(f"apuni: erased in {table}: {many}")
    out.print(f"apuni: deleted files: {done.files}")
    for table, why in done.kept.items():
        out.print(f"apuni: kept {table}: {why}")


@group.storage_command("concerned")
async def list_concerned(
    env: Environment,
    since: Since,
    until: Until,
    by: Annotated[str | None, typer.Option(help="only reads by this subject, as receipts name it")] = None,
    everybody: Annotated[bool, typer.Option(help="all who are stored, as where a copy of the store was lost")] = False,
) -> None:
    """List the citizens whose data were read in a time, for the notices about a breach: id, reads, first, last.

    The list is of receipts and holds no name; `apuni person export` gives how one of them is reached. It is audited.
    """
    found = await evidence.persons_concerned(env, command_subject(), since, until, by=by, everybody=everybody)
    for one in found:
        when = f" {one.reads} {one.first.isoformat()} {one.last.isoformat()}" if one.first and one.last else ""
        out.print(f"{one.citizen_id}{when}")
    typer.echo(f"apuni: {len(found)} citizens are concerned", err=True)


@group.storage_command("erased")
async def prove_erasure(
    env: Environment, citizen_id: Annotated[str, typer.Argument(help="the citizen's id, as the erasure was asked by")]
) -> bool:
    """Print the proof of a citizen's erasure; the exit status is 1 where she was not erased, or something is left.

    It names the audit line by its place in the chain, whose head is public (/.well-known/audit-head).
    """
    proof = await evidence.erasure_proof(env, citizen_id)
    print_json(proof.as_json())
    return proof.complete


async def _exported_lines(env: Environment, citizen_id: str) -> AsyncIterator[str]:
    for part in personal_data.parts():
        for row in await personal_data.export_rows(env, command_subject(), citizen_id, part):
            yield json.dumps({"part": part, **row}, ensure_ascii=False)


async def _citizen(env: Environment, person: str) -> str:
    return await env.store.read(lambda tx: personal_data.citizen_named(tx, person))
