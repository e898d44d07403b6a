"""What `apuni client ...` does: it works on the store alone."""

from actions.client_policy import SetClientPolicy, change_policy
from domain.clock import IST
from domain.errors import ErrorCode, Problems
from domain.manifests import ManifestRefused
from gateway.commands.accounts import account
from gateway.commands.opening import open_rooms, out
from gateway.settings import Settings
from store import manifests

_FAULTS = {
    "app": "an application is named by 2 to 40 of a-z, 0-9 and _, a letter first",
    "minimumVersion": "the oldest version is written as 1.4.0",
    "latestVersion": "the newest version is written as 1.5.0, and not older than the oldest that works",
    "storeUrl": "the address of the store begins with https:// and has at most 300 characters",
    "reason": "the reason has more than 300 characters",
}


async def run_client_list(settings: Settings) -> None:
    """Print what is set for each application and platform."""
    async with open_rooms(settings) as rooms, rooms.store.reading() as tx:
        found = await manifests.rules(tx)
    for rule in found:
        at = rule.set_at.astimezone(IST).date()
        latest = f", newest {rule.latest}" if rule.latest else ""
        store = f", {rule.store_url}" if rule.store_url else ""
        line = f"{rule.app} {rule.platform.value}: at least {rule.minimum}{latest}{store}, set {at} by {rule.set_by}"
        out.print(line, markup=False)
    out.print(f"{len(found)} set; what is not listed works in every version", markup=False)


async def run_client_set(settings: Settings, wanted: SetClientPolicy) -> None:
    """Set which versions work. Raises ManifestRefused with a line for each fault."""
    async with open_rooms(settings) as rooms:
        try:
            rule = await rooms.store.carry_out(lambda tx: change_policy(tx, wanted, by=account()))
        except Problems as problems:
            raise ManifestRefused(*(_line(one.code, one.path) for one in problems.problems)) from None
    out.print(f"{rule.app} {rule.platform.value}: at least {rule.minimum}", markup=False)


def _line(code: ErrorCode, path: tuple[str, ...]) -> str:
    return "a reason is needed" if code is ErrorCode.REASON_REQUIRED else _FAULTS.get(path[-1], "it cannot be set so")
