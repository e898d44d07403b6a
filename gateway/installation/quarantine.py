"""The commands of `apuni quarantine`: list and export uploaded files in which the scanner found malware."""

import os
from pathlib import Path
from typing import Annotated

import typer

from actions.kernel import Environment
from domain.identity.policy import ObjectKind, Purpose
from domain.kernel import IST, CommandFailed
from gateway.commands.kernel import CommandGroup, Limit, account, print_table
from store.database import Transaction, audit
from store.uploads import quarantine

group = CommandGroup()
"""Uploaded files in which the scanner found malware."""


@group.storage_command("list")
async def list_files(env: Environment, limit: Limit = 50) -> None:
    """List infected files, the newest first; who uploaded them is not shown."""
    held = await env.store.read(lambda tx: quarantine.newest(tx, limit))
    print_table(
        ("file", "at", "bytes", "found", "sha256"),
        (
            (one.id, one.at.astimezone(IST).isoformat(timespec="seconds"), str(one.size), one.found, one.digest)
            for one in held
        ),
    )


@group.storage_command("export")
async def export_file(
    env: Environment,
    file_id: Annotated[str, typer.Argument(help="as `apuni quarantine list` shows it")],
    file: Annotated[Path, typer.Argument(help="a new file to write to, mode 0600")],
) -> None:
    """Write an infected file to a new file, to examine it; the audit log records it."""

    async def work(tx: Transaction) -> bytes | None:
        content = await quarantine.content(tx, file_id)
        if content is not None:
            kind, purpose = ObjectKind.UPLOAD.value, Purpose.OPERATE.value
            await audit.append(tx, audit.AuditLine(account(), "quarantine.export", kind, file_id, purpose, {}))
        return content

    content = await env.store.carry_out(work)
    if content is None:
        raise CommandFailed("there is no such file in quarantine")
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise CommandFailed(f"{file} is there already") from None
    with os.fdopen(handle, "wb") as written:
        written.write(content)
    typer.echo(f"apuni: the infected file is in {file}; nothing should open it", err=True)
