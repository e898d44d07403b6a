"""Has the system of a department told of events, so that a newcomer sees one arrive at the sandbox that plays it."""

from collections.abc import Mapping
from typing import Any

import httpx

from actions.kernel import Environment
from actions.platform.event_receivers import (
    ConfirmEventReceiver,
    ProposeEventReceiver,
    confirm_event_receiver,
    propose_event_receiver,
)
from demo.seed.people import cast_of
from domain.kernel import Role
from domain.platform.event_receivers import EventKind, EventOwner
from store.platform import event_receivers

NAME, DEPARTMENT = "revenue", "revenue-department"
_SECONDS = 10


async def seed_receiver(env: Environment, demo: Mapping[str, Any], city: str) -> bool:
    """Let the department's administrator propose its system and one of the state confirm it; whether that was done.

    `city` is the address of the sandboxes. Nothing is done where there is a receiver already or they are not up.
    """
    async with env.store.read_transaction() as tx:
        officers = (await cast_of(tx, demo)).officers.values()
        if await event_receivers.all_receivers(tx):
            return False
    first = next(one for one in officers if Role.DEPARTMENT_ADMIN in one.roles)
    second = next(one for one in officers if Role.ADMIN in one.roles)
    async with httpx.AsyncClient(trust_env=False, timeout=_SECONDS) as client:
        try:
            url = await _configure(client, city, [])
        except httpx.TransportError:
            return False
        kinds, key = tuple(EventKind), "demo-receiver"
        wished = ProposeEventReceiver(EventOwner.DEPARTMENT, url, kinds, key, DEPARTMENT)
        receiver, _ = await propose_event_receiver(env, first, wished)
        await _configure(client, city, [receiver.secret])
    await confirm_event_receiver(env, second, ConfirmEventReceiver(receiver.id, True, key))
    return True


async def _configure(client: httpx.AsyncClient, city: str, secrets: list[str]) -> str:
    """Enter the secrets at the system, as its own people would; gives where it takes events."""
    asked = {"action": "configure", "arguments": {"name": NAME, "secrets": secrets}}
    answer = await client.post(f"{city}/_control/event_receivers/act", json=asked)
    return str(answer.raise_for_status().json()["url"])
