"""The command `apuni sandbox`."""

import asyncio
from pathlib import Path

import typer

from gateway.runtime.expected_failures import check_writable
from gateway.runtime.ports import check_port
from gateway.settings.settings import read_settings
from sandbox.commands import person
from sandbox.server import serve_city

PEOPLE = Path(__file__).parents[2] / "demo"

group = typer.Typer(invoke_without_command=True)
"""Run the sandboxes of the outside systems; or enter people of your own."""

group.add_typer(person.group, name="person")


@group.callback()
def serve(context: typer.Context) -> None:
    """Run the sandboxes of the outside systems; or enter people of your own."""
    if context.invoked_subcommand is not None:
        return
    settings = read_settings()
    check_writable(settings.home)
    if settings.sandbox_port:
        check_port("127.0.0.1", settings.sandbox_port, "SANDBOX_PORT")
    asyncio.run(serve_city(settings.home, PEOPLE, sandbox_port=settings.sandbox_port, gateway_url=settings.url))
