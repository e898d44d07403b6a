"""What an outside system's folder receives to open its clients with."""

import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from domain.kernel import Clock, Ids
from integrations.calling.guarded_calls import Resilience
from integrations.calling.remote import Remote

T = TypeVar("T")

Clients = Mapping[str, Any]
"""Clients by the name that verbs ask for them: a field of `Partners`, or for a system without one its own name.

`identity` is a mapping of providers; those of all systems are put together.
"""


class UnfitSettings(Exception):
    """Settings of a system contradict one another. The text is one line for the operator."""


class Opening(Protocol):
    """One system's settings, the connections to it, and what all clients share."""

    @property
    def resilience(self) -> Resilience:
        """Breakers, cached answers and monitor of this process."""

    @property
    def clock(self) -> Clock:
        """The clock of this process."""

    @property
    def ids(self) -> Ids:
        """What makes identifiers."""

    @property
    def options(self) -> Any:
        """The section of the settings that bears the system's name; None where there is none."""

    @property
    def address(self) -> str | None:
        """Where the system is reached, as it is set; None where the demo's sandbox is reached."""

    @property
    def browser_url(self) -> str:
        """Where a citizen's browser reaches the system."""

    def variable(self, *path: str) -> str:
        """The environment variable of a setting."""

    def read_onboarding(self, read: Callable[[dict[str, Any]], T]) -> T:
        """What `read` makes of the onboarding; a part that is missing or spoilt refuses the start."""

    def read_onboarding_again(self, read: Callable[[dict[str, Any]], T]) -> T | None:
        """The same while the process runs; None where the onboarding cannot be read now."""

    async def remote(self, address: str | None = None, *, http2: ssl.SSLContext | None = None) -> Remote:
        """The caller of the system, with a new HTTP client; at another address than its own where one is named.

        `http2` is given where the system speaks that alone: whom TLS trusts there.
        """

    async def remote_of(self, name: str) -> Remote | None:
        """The caller of a second host, whose address, or path under the first, the onboarding has by this name."""

    def checked_addresses(self, host: str, port: int) -> Callable[[str, int], Awaitable[Sequence[str]]]:
        """The checked addresses of a host that is not called by HTTP (integrations/calling/ssrf_guard.py)."""

    def on_close(self, close: Callable[[], Awaitable[None]]) -> None:
        """Close something when the clients are closed."""
