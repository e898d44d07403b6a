"""The door at which receivers of events read by a cursor."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from starlette.applications import Starlette

from domain.kernel import SystemClock, TemporarilyUnavailable
from integrations.event_receivers import EventsAnswer, events_routes, receivers_routes
from integrations.event_receivers.models import AskedReceiver, AskedStep, AskingReceiver, CursorGone, ReceiverAnswer
from tests.faults.door import Case, Door, served
from tests.faults.event_receivers import BODY, SECRET
from tests.faults.site import Site, open_site
from tests.support.running import free_port

RECEIVER = "01a20c3f-3abb-7703-9f2a-7d964a22b3ba"


@dataclass
class Events:
    """What stands behind the door: one receiver with one event; away where a test says so."""

    away: bool = False

    async def find(self, receiver_id: str) -> AskingReceiver | None:
        """The one receiver."""
        return AskingReceiver(RECEIVER, [SECRET]) if receiver_id == RECEIVER else None

    async def pull(self, receiver_id: str, cursor: str | None, first: int) -> EventsAnswer:
        """Its event, behind no cursor."""
        del receiver_id, first
        if self.away:
            raise TemporarilyUnavailable
        if cursor is not None:
            raise CursorGone
        return EventsAnswer(events=({"id": "evt_1", **BODY},), next_cursor="feed.0.1", complete=True)

    async def list_own(self, key: str) -> Sequence[ReceiverAnswer]:
        """Its receivers, of which there are none."""
        del key
        return []

    async def show(self, key: str, receiver_id: str) -> ReceiverAnswer:
        """No wrong knock comes so far, nor to the two below."""
        raise AssertionError(key, receiver_id)

    async def ask_for(self, key: str, asked: AskedReceiver, message_id: str) -> ReceiverAnswer:
        raise AssertionError(key, asked, message_id)

    async def change(self, key: str, receiver_id: str, asked: AskedStep, message_id: str) -> ReceiverAnswer:
        raise AssertionError(key, receiver_id, asked, message_id)


class EventsDoor(Door):
    """A receiver reads its events."""

    name, system, unsaid = "event_receivers.events", "event_receivers", b"application.decided"

    def __init__(self, site: Site, url: str, events: Events) -> None:
        super().__init__(site, url)
        self._events = events

    @classmethod
    @asynccontextmanager
    async def opened(cls, home: Path) -> AsyncIterator["EventsDoor"]:
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        async with open_site(home, cls.system, gateway_url=url) as site:
            events = Events()
            clock = SystemClock()
            routes = [*events_routes(events, clock, times=1000), *receivers_routes(events, clock, times=1000)]
            app = Starlette(routes=routes)
            async with served(app, port):
                yield cls(site, url, events)

    async def honest(self) -> None:
        view = await self.act("ask", {"receiver": RECEIVER, "secret": SECRET})
        assert (view["status"], view["answer"]["events"]) == (200, [{"id": "evt_1", **BODY}]), view

    def question(self) -> tuple[str, bytes, dict[str, str]]:
        return f"/events/{RECEIVER}", b"", {"webhook-id": "req_1"}

    def cases(self) -> Mapping[str, Case]:
        return {
            **self.broken_lines(),
            "every wrong knock": self._every_wrong_knock,
            "a cursor of another feed": self._other_feed,
            "a method that it does not know": self.sent(f"/events/{RECEIVER}", b"{}", {}, 405),
            "our store away": self._store_away,
        }

    async def _every_wrong_knock(self) -> str:
        view = await self.act("call_bad", {"receiver": RECEIVER, "secret": SECRET})
        assert view["ok"], [call for call in view["calls"] if not call["ok"]]
        return f"REFUSED, {len(view['calls'])} ways"

    async def _other_feed(self) -> str:
        view = await self.act("ask", {"receiver": RECEIVER, "secret": SECRET, "cursor": "other.0.1"})
        assert (view["status"], view["answer"]) == (410, {"code": "RESYNC"}), view
        return "REFUSED RESYNC"

    async def _store_away(self) -> str:
        self._events.away = True
        try:
            view = await self.act("ask", {"receiver": RECEIVER, "secret": SECRET})
        finally:
            self._events.away = False
        assert (view["status"], view["answer"]) == (503, {"code": "UNAVAILABLE"}), view
        return "UNAVAILABLE 503"
