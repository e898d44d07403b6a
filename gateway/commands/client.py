"""The commands of `apuni client`: which versions of the applications still work."""

from typing import Annotated

import typer

from actions.kernel import Environment
from actions.platform.client_policy import SetClientPolicy, change_policy
from domain.kernel import IST, ErrorCode, Problem
from domain.platform.client_policy import ClientPlatform
from gateway.commands.kernel import CommandGroup, Reason, account, out, problems_as_lines
from store.platform import manifests

group = CommandGroup()
"""Which versions of the applications still work."""

_FAULTS = {
    "app": "an application is named by 2 to 40 of a-z, 0-9 and _, a letter first",
    "minimumVersion": "the oldest version is written as 1.4.0",
    "latestVersion": "the newest version is written as 1.5.0, and not older than the oldest that works",
    "storeUrl": "the address of the store begins with https:// and has at most 300 characters",
    "reason": "the reason has more than 300 characters",
}


@group.storage_command("list")
async def list_policies(env: Environment) -> None:
    """List what is set for each application and platform."""
    found = await env.store.read(manifests.rules)
    for rule in found:
        at = rule.set_at.astimezone(IST).date()
        latest = f", newest {rule.latest}" if rule.latest else ""
        store = f", {rule.store_url}" if rule.store_url else ""
        out.print(
            f"{rule.app} {rule.platform.value}: at least {rule.minimum}{latest}{store}, set {at} by {rule.set_by}"
        )
    out.print(f"{len(found)} set; what is not listed works in every version")


@group.storage_command("set")
async def set_policy(
    env: Environment,
    platform: Annotated[ClientPlatform, typer.Argument(help="the platform of the application")],
    minimum: Annotated[str, typer.Argument(help="the oldest version that still works, such as 1.4.0")],
    reason: Reason,
    app: Annotated[str, typer.Option(help="the application")] = "citizen_app",
    latest: Annotated[str | None, typer.Option(help="the newest version")] = None,
    store_url: Annotated[str | None, typer.Option(help="the https address that offers the newest version")] = None,
) -> None:
    """Set which versions of an application still work."""
    wanted = SetClientPolicy(app, platform, minimum, latest, store_url, reason)
    with problems_as_lines(_line_of):
        rule = await env.store.carry_out(lambda tx: change_policy(tx, wanted, by=account()))
    out.print(f"{rule.app} {rule.platform.value}: at least {rule.minimum}")


def _line_of(problem: Problem) -> str:
    if problem.code is ErrorCode.REASON_REQUIRED:
        return "a reason is needed"
    return _FAULTS.get(problem.path[-1], "it cannot be set so")
