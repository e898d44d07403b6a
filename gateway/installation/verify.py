"""The command `apuni verify`."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from actions.platform.audit_head import unkept_heads
from actions.platform.manifests import damaged_manifests
from actions.platform.rewrapping import count_older
from domain.kernel import SystemClock
from gateway.commands.kernel import account, out, readable
from gateway.runtime.composition import open_storage
from gateway.settings.settings import Settings, read_settings
from store.checks.verify import Checked
from store.checks.verify import verify as verify_store
from store.database.keyring import REWRAPPED


def verify(
    heads: Annotated[
        Path | None, typer.Option("--audit-heads", help="heads of /.well-known/audit-head that were kept, one a line")
    ] = None,
) -> None:
    """Check the whole store; the exit status is 1 where anything is not as it must be."""
    if not run_verify(read_settings(), heads):
        raise typer.Exit(1)


def run_verify(settings: Settings, heads: Path | None = None) -> bool:
    """Check the whole store, report the findings, and return whether there are none. Raises CommandFailed."""
    signed: list[str] = []
    if heads is not None:
        with readable(heads):
            signed = heads.read_text(encoding="ascii").split()
    checked = asyncio.run(_verify(settings, signed))
    wrong = sum(check.many for check in checked)
    for check in checked:
        for finding in check.findings:
            out.print(f"apuni: {check.name}: {finding.code} {finding.where}")
    out.print(f"apuni: {wrong} findings" if wrong else "apuni: the store is as it must be")
    return not wrong


async def _verify(settings: Settings, heads: list[str]) -> list[Checked]:
    def tell(name: str, many: int) -> None:
        out.print(f"apuni: {name}: {'good' if not many else f'{many} findings'}")

    clock = SystemClock()
    begun = clock.monotonic()
    async with open_storage(settings) as env:
        signed = [
            ("manifests of operations", partial(damaged_manifests, keyrings=env.keyrings)),
            ("heads of the audit log", partial(unkept_heads, keyrings=env.keyrings, signed=heads)),
        ]
        checked = await verify_store(env.store, env.vault, env.objects, tell=tell, more=signed)
        older = {purpose: await count_older(env, purpose, by=account()) for purpose in REWRAPPED}
    for purpose, many in older.items():
        if many:
            out.print(f"apuni: {purpose}: {many} stand under older keys; `apuni keys rewrap {purpose}` changes that")
    out.print(f"apuni: checked in {clock.monotonic() - begun:.1f} s")
    return checked
