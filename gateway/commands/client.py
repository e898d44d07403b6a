"""The command `apuni client`: sets which versions of the applications still work; it needs only the store."""

import asyncio
from typing import Annotated

import typer

from actions.platform.client_policy import SetClientPolicy, change_policy
from domain.kernel import IST, ErrorCode, Problems
from domain.platform.client_policy import ClientPlatform
from domain.platform.manifests import InvalidManifest
from gateway.commands.opening import account, open_storage, out
from gateway.settings.settings import Settings, read_settings
from store.platform import manifests

group = typer.Typer(no_args_is_help=True)


@group.command("list")
def client_list() -> None:
    """List what is set for each application and platform."""
    asyncio.run(run_client_list(read_settings()))


@group.command("set")
def client_set(
    platform: Annotated[str, typer.Argument(help="ANDROID, IOS or WEB")],
    minimum: Annotated[str, typer.Argument(help="the oldest version that still works, such as 1.4.0")],
    reason: Annotated[str, typer.Option(help="why; it is kept in the audit log")],
    app: Annotated[str, typer.Option(help="the application")] = "citizen_app",
    latest: Annotated[str | None, typer.Option(help="the newest version")] = None,
    store_url: Annotated[str | None, typer.Option(help="where the newest version is had, by https")] = None,
) -> None:
    """Set which versions of an application still work."""
    try:
        wanted = SetClientPolicy(app, ClientPlatform(platform), minimum, latest, store_url, reason)
    except ValueError:
        raise typer.BadParameter(", ".join(ClientPlatform), param_hint="PLATFORM") from None
    asyncio.run(run_client_set(read_settings(), wanted))


_FAULTS = {
    "app": "an application is named by 2 to 40 of a-z, 0-9 and _, a letter first",
    "minimumVersion": "the oldest version is written as 1.4.0",
    "latestVersion": "the newest version is written as 1.5.0, and not older than the oldest that works",
    "storeUrl": "the address of the store begins with https:// and has at most 300 characters",
    "reason": "the reason has more than 300 characters",
}


async def run_client_list(settings: Settings) -> None:
    """Print what is set for each application and platform."""
    async with open_storage(settings) as rooms, rooms.store.read_transaction() as tx:
        found = await manifests.rules(tx)
    for rule in found:
        at = rule.set_at.astimezone(IST).date()
        latest = f", newest {rule.latest}" if rule.latest else ""
        store = f", {rule.store_url}" if rule.store_url else ""
        line = f"{rule.app} {rule.platform.value}: at least {rule.minimum}{latest}{store}, set {at} by {rule.set_by}"
        out.print(line, markup=False)
    out.print(f"{len(found)} set; what is not listed works in every version", markup=False)


async def run_client_set(settings: Settings, wanted: SetClientPolicy) -> None:
    """Set which versions work. Raises InvalidManifest with a line for each fault."""
    async with open_storage(settings) as rooms:
        try:
            rule = await rooms.store.carry_out(lambda tx: change_policy(tx, wanted, by=account()))
        except Problems as problems:
            raise InvalidManifest(*(_line(one.code, one.path) for one in problems.problems)) from None
    out.print(f"{rule.app} {rule.platform.value}: at least {rule.minimum}", markup=False)


def _line(code: ErrorCode, path: tuple[str, ...]) -> str:
    return "a reason is needed" if code is ErrorCode.REASON_REQUIRED else _FAULTS.get(path[-1], "it cannot be set so")
