"""`apuni schema diff` and `apuni schema release`: the graph compared with the one that clients were promised."""

from pathlib import Path

import typer

from domain.clock import Clock, ist_date
from schema.compatibility import breaking
from schema.printing import printed_schema

HOW = "deprecate it first (schema/compatibility.py: retired), and remove it after the date that is named"


def differences(released: Path, clock: Clock) -> list[str]:
    """What breaks for clients of the released graph, a line each."""
    return breaking(released.read_text(encoding="utf-8"), printed_schema(), ist_date(clock.now()))


def told(lines: list[str]) -> None:
    """Say what breaks and how to go about it; ends with 1 where anything does."""
    for line in lines:
        typer.echo(line, err=True)
    if lines:
        typer.echo(f"{len(lines)} changes break clients of schema/released.graphql: {HOW}", err=True)
        raise typer.Exit(1)


def release(released: Path) -> None:
    """Promise the present graph."""
    released.write_text(printed_schema(), encoding="utf-8")
