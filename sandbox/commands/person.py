"""The commands of `apuni sandbox person`, which speak to a city that runs."""

from typing import Annotated

import httpx
import typer

from domain.kernel import CommandFailed
from gateway.settings.settings import read_settings
from sandbox.city.ports import read_ports

group = typer.Typer(no_args_is_help=True, help="People of your own in the sandboxes.")


@group.command("add")
def add_person(
    name: Annotated[str, typer.Argument(help="her name in Latin letters")],
    born_on: Annotated[str, typer.Option("--born", help="her day of birth, such as 1990-05-17")],
    district: Annotated[str, typer.Option(help="the code of her district")] = "49",
    name_hi: Annotated[str, typer.Option("--hindi", help="her name in Hindi")] = "",
    mobile: Annotated[str, typer.Option(help="her mobile, ten digits; a free one where it is left out")] = "",
    document: Annotated[list[str] | None, typer.Option(help="a kind of document for her locker, such as PANCR")] = None,
) -> None:
    """Enter a person, who can then sign in by MeriPehchaan, and print her key."""
    given = {"name_en": name, "born_on": born_on, "district": district, "name_hi": name_hi, "mobile": mobile}
    port = read_ports(read_settings().home).get("sandbox", 0)
    try:
        answer = httpx.post(
            f"http://127.0.0.1:{port}/_control/people", json=given | {"documents": document or []}, trust_env=False
        )
    except httpx.HTTPError:
        raise CommandFailed("the sandboxes do not run; start them by `apuni demo` or `apuni sandbox`") from None
    if answer.status_code != 201:
        raise CommandFailed(str(answer.json().get("error", answer.status_code)))
    typer.echo(answer.json()["key"])
