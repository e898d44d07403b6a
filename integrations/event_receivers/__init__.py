"""Receivers of events: whatever system of a department or partner administrators have named (docs/partners/events)."""

from integrations.calling.opening import Clients, Opening
from integrations.event_receivers.client import CODES, TELL, ReceiverCalls
from integrations.event_receivers.endpoint import events_routes, receivers_routes
from integrations.event_receivers.models import AskedEvents, EventsAnswer, Message

POLICIES = (TELL,)


async def open_clients(opening: Opening) -> Clients:
    """What tells receivers; their addresses are rows of our store and no settings."""
    return {"receivers": ReceiverCalls(opening.remote)}
