"""The commands `apuni keys`: make, rotate and distrust keys."""

from pathlib import Path
from typing import Annotated

import typer
from joserfc.jwk import RSAKey

from actions.kernel import Environment
from actions.platform.rewrapping import rewrap
from actions.platform.stolen_keys import distrust_key
from domain.kernel import CommandFailed
from gateway.commands.kernel import CommandGroup, Reason, account, out
from gateway.documents.authority import fingerprint, signing_request
from gateway.runtime.composition import open_keyrings
from gateway.settings.settings import read_settings

TOLD_EVERY = 1_000
"""Pieces of work between two lines of progress."""

group = CommandGroup()
"""Keyrings of this installation."""


@group.command("init")
def init_keys() -> None:
    """Make the keyrings that are missing."""
    open_keyrings(read_settings()).init()


@group.command("rotate")
def rotate_keys(purpose: str) -> None:
    """Make a new active key for a purpose; older ones remain, to verify signatures."""
    open_keyrings(read_settings()).rotate(purpose)


@group.command("csr")
def request_certificate(
    purpose: str,
    file: Annotated[Path, typer.Argument(help="where the request is written")],
    subject: Annotated[str, typer.Option(help="the name for the certificate, such as `CN=...,O=...,C=IN`")],
) -> None:
    """Write a certificate signing request for the active key of `pdf` or `xml`, wherever that key is held."""
    settings = read_settings()
    key = open_keyrings(settings).active(purpose)
    if not isinstance(key, RSAKey) or key.private_key is None:
        raise CommandFailed(f"the keyring {purpose} holds no key that an authority certifies; pdf and xml do")
    try:
        file.write_bytes(signing_request(key.private_key, subject))
    except ValueError:
        raise CommandFailed("the subject is not as RFC 4514 writes it, such as CN=...,O=...,C=IN") from None
    path = settings.certificates_folder / f"{purpose}-{fingerprint(key.private_key)}.pem"
    out.print(f"apuni: {file} is written; put the certificate that comes of it, with its chain, in {path}")


@group.storage_command("rewrap")
async def rewrap_keys(env: Environment, purpose: str) -> None:
    """Wrap by the newest key what stands under older ones of `object` or `vault`, so that those can be dropped.

    The gateway may run; where it was interrupted, run it again.
    """
    done = looked = 0
    async for many in rewrap(env, purpose, by=account()):
        done, looked = done + many, looked + 1
        if not looked % TOLD_EVERY:
            out.print(f"apuni: {purpose}: {done} wrapped anew so far")
    out.print(f"apuni: {purpose}: {done} wrapped anew by the newest key")


@group.storage_command("distrust")
async def distrust(
    env: Environment,
    purpose: str,
    key_id: Annotated[str, typer.Argument(help="the id of the key, as `apuni doctor keys` lists it")],
    reason: Reason,
) -> None:
    """Drop a stolen key: nothing that it signed holds any more. It is recorded, and an alarm tells it for a week.

    A key of `object` or `vault` can be dropped once nothing stands under it (`apuni keys rewrap`).
    """
    await distrust_key(env, purpose, key_id, reason=reason, by=account())
    out.print(f"apuni: nothing that {purpose}:{key_id} signed holds any more")
