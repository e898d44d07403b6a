"""The commands `apuni serve`, `worker`, `migrate` and `keys`.

Each imports what it runs by itself, so that neither process holds what only the other one needs.
"""

import asyncio

import typer

from gateway.runtime.expected_failures import check_writable
from gateway.settings.settings import read_settings

keys = typer.Typer(no_args_is_help=True)
"""Keyrings of this installation."""


def serve() -> None:
    """Run the gateway."""
    from gateway.runtime.serving import serve_gateway

    serve_gateway(read_settings())


def worker() -> None:
    """Run a worker: the outbox, the legal clock, payments and the other jobs."""
    from gateway.worker.process import run_worker

    asyncio.run(run_worker(read_settings()))


def migrate() -> None:
    """Migrate the store's schema to this release."""
    from store.database import crash_points
    from store.database import migrate as migrate_store

    settings = read_settings()
    crash_points.arm(settings.crash_at if settings.demo else None)
    check_writable(settings.home)
    asyncio.run(migrate_store(settings.store_url))


@keys.command("init")
def keys_init() -> None:
    """Make the keyrings that are missing."""
    from store.database import Keyrings

    Keyrings(read_settings().keys_folder).init()


@keys.command("rotate")
def keys_rotate(purpose: str) -> None:
    """Make a new active key for a purpose; older ones remain, to verify signatures."""
    from store.database import Keyrings

    Keyrings(read_settings().keys_folder).rotate(purpose)
