"""The command `apuni commission`."""

import asyncio
import json
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from actions.appeals.case_file import NotGenuine, verify_manifest
from actions.appeals.delay_review import make_review
from gateway.http.public_keys import public_keys
from gateway.runtime.composition import open_runtime
from gateway.settings.settings import read_settings
from store.database import Keyrings

group = typer.Typer(no_args_is_help=True)


@group.command("review")
def review(month: Annotated[str | None, typer.Option(help="YYYY-MM; left out, the month before this")] = None) -> None:
    """Make the review of delays of a month that is over, and have it sent; made once, it stays."""
    try:
        wanted = date.fromisoformat(f"{month}-01") if month else None
    except ValueError:
        raise typer.BadParameter("YYYY-MM", param_hint="--month") from None

    async def run() -> str:
        async with open_runtime(read_settings()) as house:
            made = await make_review(house.environment, wanted)
        return "the review of this month is there already" if made is None else f"{made.month:%Y-%m} {made.sha256}"

    try:
        typer.echo(asyncio.run(run()))
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--month") from None


@group.command("verify")
def verify(
    file: Annotated[Path, typer.Argument(help="the case file")],
    keys: Annotated[Path | None, typer.Option(help="a JWK set; left out, this installation's own keys")] = None,
) -> None:
    """Examine a signed case file, as tools/verify_case_file.py does; the status is 1 where it is not genuine."""
    given = (
        json.loads(keys.read_text(encoding="utf-8"))
        if keys
        else public_keys(Keyrings(read_settings().keys_folder), ("manifest",))
    )
    try:
        manifest = verify_manifest(file.read_bytes(), given)
    except NotGenuine as problem:
        typer.echo(f"NOT GENUINE: {problem}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"genuine: {manifest['appealRef']}, made {manifest['madeAt']}")
