"""The command `apuni figures`, and its progress output."""

import asyncio
from collections.abc import Callable

import typer

from actions.statistics.upkeep import rebuild
from domain.kernel import Clock
from gateway.commands.opening import account, open_storage
from gateway.settings.settings import Settings, read_settings
from store.statistics import figure_build
from store.statistics.figure_state import Build, Phase

group = typer.Typer(no_args_is_help=True)


@group.command("rebuild")
def figures_rebuild() -> None:
    """Count every application and grievance anew, beside the figures that are read; begun again, it goes on."""
    typer.echo(f"{asyncio.run(run_rebuild(read_settings()))} sums counted anew")


TOLD_EVERY = 5.0
"""Seconds between two lines of progress."""


async def run_rebuild(settings: Settings) -> int:
    """Count figures anew and report progress on stderr; gives how many sums there are."""
    async with open_storage(settings) as rooms:
        async with rooms.store.read_transaction() as tx:
            many = await figure_build.cases(tx)
        return await rebuild(rooms.store, account(), tell=progress(rooms.clock, many))


def progress(clock: Clock, many: int) -> Callable[[Build], None]:
    """Lines with cases, cases a second and the time left, every few seconds; the last page is always reported."""
    begun = told = clock.monotonic()
    first: int | None = None

    def tell(build: Build) -> None:
        nonlocal told, first
        now = clock.monotonic()
        first = build.counted if first is None else first
        if build.phase is not Phase.APPLICATIONS or (now - told < TOLD_EVERY and build.counted < many):
            return
        told = now
        rate = (build.counted - first) / max(now - begun, 0.001)
        share = min(build.counted / max(many, 1), 1)
        left = f"{max(many - build.counted, 0) / rate:,.0f} s left" if rate else "time left is not known yet"
        typer.echo(f"apuni: {build.counted:,} cases ({share:.0%}), {rate:,.0f} a second, {left}", err=True)

    return tell
