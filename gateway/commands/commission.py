"""The commands of `apuni commission`: reviews of delays and signed case files."""

import json
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from actions.appeals.case_file import NotGenuine, verify_manifest
from actions.appeals.delay_review import make_review
from actions.kernel import Environment
from gateway.commands.kernel import CommandGroup, parse_month
from gateway.http.public_keys import public_keys
from gateway.settings.settings import read_settings
from store.database import Keyrings

group = CommandGroup()
"""The Right to Service Commission: reviews of delays and case files."""


@group.runtime_command("review")
async def review(
    env: Environment,
    month: Annotated[
        date | None, typer.Option(parser=parse_month, metavar="YYYY-MM", help="the month; without it, the last one")
    ] = None,
) -> None:
    """Make the review of delays of a month that has ended, and have it sent; a review that was made does not change."""
    try:
        made = await make_review(env, month)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--month") from None
    typer.echo("the review of this month is there already" if made is None else f"{made.month:%Y-%m} {made.sha256}")


@group.command("verify")
def verify(
    file: Annotated[Path, typer.Argument(help="the case file")],
    keys: Annotated[Path | None, typer.Option(help="a JWK set; without it, the keys of this installation")] = None,
) -> None:
    """Verify a signed case file, as tools/verify_case_file.py does; the exit status is 1 where it is not genuine."""
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
