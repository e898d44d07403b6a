"""The command `apuni quarantine`: lists and exports uploaded files in which the scanner found malware."""

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from domain.identity.policy import ObjectKind, Purpose
from domain.kernel import IST
from gateway.commands.opening import account, open_storage, print_table
from gateway.settings.settings import Settings, read_settings
from store.database import Transaction, audit
from store.uploads import quarantine

group = typer.Typer(no_args_is_help=True)


@group.command("list")
def quarantine_list(limit: Annotated[int, typer.Option(min=1, max=1000)] = 50) -> None:
    """List infected files, the newest first."""
    asyncio.run(run_list(read_settings(), limit))


@group.command("export")
def quarantine_export(
    file_id: Annotated[str, typer.Argument(help="as `apuni quarantine list` shows it")],
    file: Annotated[Path, typer.Argument(help="a new file to write to, mode 0600")],
) -> None:
    """Write an infected file out, to be examined; it is noted in the audit log."""
    try:
        there = asyncio.run(run_export(read_settings(), file_id, file))
    except FileExistsError:
        typer.echo(f"apuni: {file} is there already", err=True)
        raise typer.Exit(1) from None
    if not there:
        typer.echo("apuni: there is no such file in quarantine", err=True)
        raise typer.Exit(1)


async def run_list(settings: Settings, limit: int) -> None:
    """List what lies in quarantine, the newest first; whose it is stays unsaid."""
    async with open_storage(settings) as rooms, rooms.store.read_transaction() as tx:
        held = await quarantine.newest(tx, limit)
    table = Table("file", "at", "bytes", "found", "sha256")
    for each in held:
        at = each.at.astimezone(IST).isoformat(timespec="seconds")
        table.add_row(each.id, at, str(each.size), each.found, each.digest)
    print_table(table)


async def run_export(settings: Settings, file_id: str, file: Path) -> bool:
    """Write an infected file to a new file, mode 0600, and note who did so; False where there is none."""

    async def work(tx: Transaction) -> bytes | None:
        content = await quarantine.content(tx, file_id)
        if content is not None:
            kind, purpose = ObjectKind.UPLOAD.value, Purpose.OPERATE.value
            await audit.append(tx, audit.AuditLine(account(), "quarantine.export", kind, file_id, purpose, {}))
        return content

    async with open_storage(settings) as rooms:
        content = await rooms.store.carry_out(work)
    if content is None:
        return False
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as written:
        written.write(content)
    typer.echo(f"apuni: the infected file is in {file}; nothing should open it", err=True)
    return True
