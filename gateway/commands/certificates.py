"""The command `apuni verify-certificate`."""

import asyncio
import json
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from gateway.commands.kernel import out, readable
from gateway.runtime.composition import open_storage
from gateway.runtime.partners import is_connected, read_onboarding
from gateway.runtime.runfiles import NotUp
from gateway.settings.settings import Settings, read_settings
from integrations.registry import OUTSIDE_SYSTEMS
from integrations.trust_services import TrustSettings


def verify_certificate(
    file: Annotated[Path, typer.Argument(help="a certificate's PDF or XML")],
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Hold PDF, XML, QR code, register and status against each other; the exit status is 1 where one does not agree."""
    with readable(file):
        content = file.read_bytes()
    codes = asyncio.run(_check_certificate(read_settings(), content))
    if as_json:
        typer.echo(json.dumps(codes))
    else:
        for name, code in codes.items():
            out.print(f"{name}: {'agrees' if code == 'OK' else code}")
    if set(codes.values()) != {"OK"}:
        raise typer.Exit(1)


async def _check_certificate(settings: Settings, content: bytes) -> dict[str, str]:
    from gateway.documents.certificate_checks import check_certificate

    trust = None
    if is_connected(settings, OUTSIDE_SYSTEMS["trust_services"]):
        with suppress(NotUp):
            trust = read_onboarding(settings, "trust_services", TrustSettings.from_onboarding)
    async with open_storage(settings) as env:
        return {check.name: check.code for check in await check_certificate(env, content, trust)}
