"""The server under the gateway, which says that it is not ready before it stops taking requests."""

import signal
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn

from domain.clock import Clock


class DrainingServer(uvicorn.Server):
    """After SIGTERM readiness is false for `notice_seconds` while requests are still taken; then it drains.

    A balancer thereby sends nothing more before the doors close. A second signal ends the notice at once. `started` is
    called once, when everything that the start makes is made.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        clock: Clock,
        *,
        started: Callable[[], object],
        unready: Callable[[], object],
        notice_seconds: float,
    ) -> None:
        super().__init__(config)
        self._clock = clock
        self._when_started = started
        self._unready = unready
        self._notice_seconds = notice_seconds
        self._ends_at: float | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the doors."""
        await super().startup(sockets)
        self._when_started()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """What a signal does; the first one only begins the notice."""
        if self._ends_at is not None or sig != signal.SIGTERM:
            self._unready()  # streams end themselves then, and the process need not wait for them
            super().handle_exit(sig, frame)
            return
        self._captured_signals.append(sig)
        self._ends_at = self._clock.monotonic() + self._notice_seconds
        self._unready()

    async def on_tick(self, counter: int) -> bool:
        """Called ten times a second; True ends the taking of requests."""
        if self._ends_at is not None and self._clock.monotonic() >= self._ends_at:
            self.should_exit = True
        return await super().on_tick(counter)
