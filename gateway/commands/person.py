"""The commands `apuni person` and `apuni consents`: one person's data, and the ledger of consents."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from actions.consents.retention import delete_old_consents
from actions.kernel import Environment
from actions.privacy import personal_data
from domain.kernel import CommandFailed, MistypedNumber, NumberKind, Problems, parse_number
from gateway.commands.opening import command_subject, out
from gateway.runtime.composition import open_runtime
from gateway.settings.settings import Settings, read_settings
from store.applications import applications
from store.database import NotThere
from store.identity import people

group = typer.Typer(no_args_is_help=True)
consents = typer.Typer(no_args_is_help=True)


_PERSON = Annotated[str, typer.Argument(help="the citizen's id, or the number of an application of hers")]


@group.command("export")
def person_export(
    who: _PERSON,
    file: Annotated[Path | None, typer.Option(help="a file to write to, mode 0600; without it, the terminal")] = None,
) -> None:
    """Hand out everything that is kept of a citizen, one JSON object a row."""
    asyncio.run(run_export(read_settings(), who, file))


@group.command("erase")
def person_erase(who: _PERSON, yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False) -> None:
    """Erase a citizen's personal data; bare records and certificates stay, with the rule that keeps them."""
    settings = read_settings()
    if not yes:
        typer.confirm("This cannot be undone. Erase the person?", abort=True)
    asyncio.run(run_erase(settings, who))


class NotErased(CommandFailed):
    """The person cannot be erased now; the text is one line for those who run the gateway."""


@consents.command("prune")
def consents_prune() -> None:
    """Delete the records of consents that ended seven years ago, as the worker does once a day."""

    async def run() -> int:
        async with open_runtime(read_settings()) as house:
            return await delete_old_consents(house.environment, command_subject())

    typer.echo(f"records of {asyncio.run(run())} consents deleted")


async def run_export(settings: Settings, person: str, file: Path | None) -> None:
    """Write everything that is kept of a person as lines of JSON. Raises NotThere."""
    async with open_runtime(settings) as house:
        env = house.environment
        citizen_id = await _citizen(env, person)
        if file is None:
            await _export(env, citizen_id, lambda line: out.print(line, markup=False))
            return
        lines: list[str] = []
        await _export(env, citizen_id, lines.append)
    _write(file, lines)
    out.print(f"apuni: {len(lines)} rows are in {file}", markup=False)


async def run_erase(settings: Settings, person: str) -> None:
    """Erase a person and report what was done and what stays. Raises NotThere, NotErased."""
    async with open_runtime(settings) as house:
        env = house.environment
        try:
            done = await personal_data.erase_person(env, command_subject(), await _citizen(env, person))
        except Problems as refused:
            still = ", ".join(f"{many} {name}" for name, many in refused.problems[0].params.items())
            raise NotErased(f"the person is not erased while this is under way: {still or refused.code}") from None
    if done.already:
        out.print("apuni: nothing was left to erase")
    for table, many in done.erased.items():
        out.print(f"apuni: erased in {table}: {many}", markup=False)
    out.print(f"apuni: deleted files: {done.files}", markup=False)
    for table, why in done.kept.items():
        out.print(f"apuni: kept {table}: {why}", markup=False)


def _write(file: Path, lines: list[str]) -> None:
    file.touch(mode=0o600)
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


async def _export(env: Environment, citizen_id: str, tell: Callable[[str], object]) -> None:
    for part in personal_data.parts():
        after: str | None = None
        while True:
            page = await personal_data.export_part(env, command_subject(), citizen_id, part, after=after)
            for row in page.rows:
                tell(json.dumps({"part": part, **row}, ensure_ascii=False))
            after = page.after
            if after is None:
                break


async def _citizen(env: Environment, person: str) -> str:
    """The citizen with an id, or whose application has a number. Raises NotThere."""
    async with env.store.read_transaction() as tx:
        if person in await people.citizens(tx, [person]):
            return person
        try:
            found = await applications.by_number(tx, parse_number(person, NumberKind.APPLICATION))
        except MistypedNumber:
            found = None
    if found is None:
        raise NotThere("the person")
    return found.citizen_id
