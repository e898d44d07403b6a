"""Which connections of the process wait for a whole request, and which of them gives way where there is no room."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from starlette.requests import HTTPConnection
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from gateway.http.callers import Caller, Callers
from gateway.http.headers import claimed_token

MOST_OF_A_PERSON = 10
"""Requests that one person may be sending at once without any being closed for others."""

NAME_THE_CALLER = frozenset({b"authorization", b"cookie", b"x-forwarded-for"})
"""The headers by which `Connections.caller_of` goes."""

Headers: TypeAlias = list[tuple[bytes, bytes]]


class Waiting(Protocol):
    """A connection that waits for a request, or for the rest of one."""

    def give_way(self) -> None:
        """Close it now."""


class Connections:
    """The waiting connections of one process, the oldest first.

    `callers` identifies who sent a head; `end_stranger` ends a stream of somebody who is not signed in, and says
    whether there was one; `refuses` tells of an operation of the graph, before anything but its head is read, after how
    many seconds it is to be refused. A connection belongs to its address until a head names a person. One of a trusted
    proxy belongs to nobody until its head says whom it is for.
    """

    def __init__(self, trusted_proxies: Sequence[str] = ()) -> None:
        self.callers = Callers(lambda: 0.0)
        self.end_stranger: Callable[[], bool] = lambda: False
        self.refuses: Callable[[Callable[[], Caller]], float | None] = lambda _: None
        self._proxies = ProxyHeadersMiddleware(_no_app, list(trusted_proxies)).trusted_hosts
        self._waiting: dict[Waiting, Caller | None] = {}

    @property
    def idle_proxies(self) -> int:
        """How many connections of trusted proxies are kept for requests to come."""
        return sum(caller is None for caller in self._waiting.values())

    def wait_for_head(self, connection: Waiting, address: str | None) -> None:
        """Note that a connection waits for a request."""
        self.forget(connection)
        self._waiting[connection] = None if address in self._proxies else self.callers(None, address)

    def wait_for_body(self, connection: Waiting, address: str | None, headers: Headers) -> None:
        """Note whose the request is of which the body is still to come."""
        self._waiting[connection] = self.caller_of(address, headers)

    def forget(self, connection: Waiting) -> None:
        """Note that a request is whole, or the connection gone."""
        self._waiting.pop(connection, None)

    def caller_of(self, address: str | None, headers: Headers) -> Caller:
        """Who sent a head, by the forwarded address where a trusted proxy passed it on."""
        head = HTTPConnection({"type": "http", "headers": headers})
        forwarded = ", ".join(head.headers.getlist("x-forwarded-for"))
        if forwarded and address in self._proxies:
            address = self._proxies.get_trusted_client_address(forwarded)[0] or address
        return self.callers(claimed_token(head), address)

    def make_room(self, beside: Waiting) -> bool:
        """Close the oldest waiting connection at the address that has most of them; False where none may be closed.

        A person counts like an address where she has more than `MOST_OF_A_PERSON`; else none of hers is closed.
        """
        owned = [(one, caller) for one, caller in self._waiting.items() if caller is not None and one is not beside]
        count = Counter(caller for _, caller in owned)
        groups = [caller for caller, many in count.items() if not caller.signed_in or many > MOST_OF_A_PERSON]
        if not groups:
            return False
        busiest = max(groups, key=count.__getitem__)
        oldest = next(one for one, caller in owned if caller == busiest)
        self.forget(oldest)
        oldest.give_way()
        return True


async def _no_app(*_: object) -> None:
    """Nothing is served here: only the middleware's reading of proxies is used."""
