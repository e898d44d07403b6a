"""The commands `apuni demo`, `seed` and `token`.

Each imports what it runs by itself: the supervisor stays small, and what reads settings fails before all is loaded.
"""

import asyncio
from typing import Annotated

import typer
from rich.console import Console

from gateway.runtime.expected_failures import check_writable
from gateway.settings.settings import Settings, read_settings


def demo() -> None:
    """Start everything on this machine: sandboxes, store with demo people, gateway, worker."""
    from demo.greeting import greet
    from demo.supervisor import Supervisor

    settings, out = read_settings(), Console()
    check_writable(settings.home)
    _check_schema(settings)
    supervisor = Supervisor(settings, out)
    asyncio.run(supervisor.run(lambda: greet(settings, out)))


def _check_schema(settings: Settings) -> None:
    """Raise SchemaTooOld or SchemaTooNew before the sandboxes write into a home on which the demo cannot start."""
    if settings.database_url or (settings.home / "store.db").exists():
        from store.database import schema_is_current

        asyncio.run(schema_is_current(settings.store_url))


def seed() -> None:
    """Migrate the store, load catalogue and geography, and seed the demo once."""
    settings = read_settings()
    check_writable(settings.home)
    from demo.seeding import seed_demo

    asyncio.run(seed_demo(settings, Console()))


def token(
    as_role: Annotated[
        str, typer.Option("--as", help="citizen, operator, officer, appellate, commission, finance, ...")
    ],
    person: Annotated[
        str | None,
        typer.Option(help="a key of demo/people.json, officers.json or operators.json; a default one for each role"),
    ] = None,
) -> None:
    """Sign in the real way against the running sandboxes and print the session token."""
    from demo.sign_in import demo_sign_in

    typer.echo(asyncio.run(demo_sign_in(read_settings().url, as_role, person)))
