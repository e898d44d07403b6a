"""The command `apuni doctor incident`: what the gateway knows of a time, for a report (docs/incidents.md)."""

import asyncio
from datetime import datetime
from importlib.metadata import version
from typing import Any

from domain.kernel import CommandFailed
from domain.platform.alarms import AlarmState
from domain.platform.switches import SwitchState
from gateway.commands.kernel import Since, Until, print_json
from gateway.installation.records import open_store
from gateway.settings.settings import Settings, read_settings
from store.database import audit
from store.platform import alarms, switches


def incident(since: Since, until: Until) -> None:
    """Print as JSON, without personal data, what happened in a time, by action and alarm, and the state now.

    It reads the audit log and changes nothing.
    """
    print_json(asyncio.run(facts_of_incident(read_settings(), since, until)))


async def facts_of_incident(settings: Settings, since: datetime, until: datetime) -> dict[str, Any]:
    """What happened from an instant until before another. Raises CommandFailed, StoreError."""
    if until <= since:
        raise CommandFailed("--until must be later than --since")
    async with open_store(settings) as store, store.read_transaction() as tx:
        counted = await audit.counts_between(tx, since, until)
        head, unsealed = await audit.head(tx), await audit.unsealed_since(tx)
        now = tx.clock.now()
        raised = [one for one in (await alarms.all_alarms(tx)).values() if one.state is AlarmState.RAISED]
        unheld = {SwitchState.ON, SwitchState.EMPTIED}
        switched = [one for one in await switches.all_switches(tx) if one.state_at(now) not in unheld]
    return {
        "portal": settings.url,
        "profile": settings.profile.value,
        "release": version("apuni-sarkar-gateway"),
        "since": since.isoformat(),
        "until": until.isoformat(),
        "madeAt": now.isoformat(),
        "auditLog": {"lastLink": head.sequence, "unsealedSince": unsealed.isoformat() if unsealed else None},
        "alarmsNow": [
            {"code": one.code.value, "about": one.about, "since": one.raised_at.isoformat()} for one in raised
        ],
        "switchesNow": [f"{one.name} {one.state.value}" for one in switched],
        "happened": [
            {
                "action": row.action,
                "kind": row.object_kind,
                **({"about": row.about} if row.about else {}),
                "times": row.times,
                "first": row.first.isoformat(),
                "last": row.last.isoformat(),
            }
            for row in counted
        ],
    }
