"""The commands of `apuni figures`, and their progress output."""

from collections.abc import Callable

import typer

from actions.kernel import Environment
from actions.statistics.upkeep import rebuild
from domain.kernel import Clock
from gateway.commands.kernel import CommandGroup, account
from store.statistics import figure_build
from store.statistics.figure_state import Build, Phase

group = CommandGroup()
"""The stored totals behind statistics and dashboards."""

TOLD_EVERY = 5.0
"""Seconds between two lines of progress."""


@group.storage_command("rebuild")
async def rebuild_figures(env: Environment) -> None:
    """Count all applications and grievances again while statistics stay in use; resumes where it was stopped."""
    many = await env.store.read(figure_build.cases)
    sums = await rebuild(env.store, account(), tell=progress(env.clock, many))
    typer.echo(f"{sums} sums counted anew")


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
