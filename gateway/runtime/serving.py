"""Runs the gateway under uvicorn, with limits, quiet logs and a delay between not ready and shutdown."""

import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.server import Server

from domain.kernel import Clock, SystemClock
from gateway.app import create_app
from gateway.http.connections import Connections
from gateway.http.headers import EVERY_ANSWER
from gateway.http.protocol import server_options
from gateway.pages.specimen import HEADER, SpecimenPages
from gateway.runtime import gc_tuning
from gateway.runtime.logs import configure_logging
from gateway.runtime.ports import PortTaken, bind_socket, handles_of
from gateway.runtime.production import refuse_unfit_production
from gateway.settings.settings import Settings

METRICS = "/metrics"


class DrainingServer(Server):
    """After SIGTERM readiness is false for `notice_seconds` while requests are still taken; then it drains.

    A balancer so sends nothing more before the sockets close. A second signal ends the notice at once. `started` is
    called once, when everything that the start makes is made.
    """

    def __init__(
        self,
        config: Config,
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
        """Start the application, then listen. Raises PortTaken where another process listens there by now."""
        try:
            await super().startup(sockets)
        except OSError as error:
            await self.lifespan.shutdown()
            told = f"a port was taken during the start: {error.strerror}"
            raise PortTaken(f"{told}; choose others with APUNI_PORT and METRICS_PORT") from None
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


class MetricsApart:
    """Gives the metrics a port of their own: at it there is nothing else, and elsewhere they are not found."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._app = app
        self._port = port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" and scope["server"][1] == self._port:
            await send({"type": "websocket.close"})  # before it is accepted: 403
            return
        if scope["type"] == "http" and (scope["server"][1] == self._port) is not (scope["path"] == METRICS):
            await Response(status_code=404, headers=EVERY_ANSWER)(scope, receive, send)
            return
        await self._app(scope, receive, send)


class KeptFailure:
    """Keeps what ends the start or the stop of the application, which uvicorn would only write as a trace."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.failure: Exception | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return
        try:
            await self._app(scope, receive, _without_trace(send))
        except Exception as error:
            self.failure = error
            raise


def serve_gateway(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises SettingsRefused where production is not fit, NotUp, PortTaken or StoreError where it cannot start.
    """
    refuse_unfit_production(settings)
    sockets = _sockets(settings)
    configure_logging(level=settings.log_number)
    gateway = create_app(settings)
    app: ASGIApp = SpecimenPages(gateway) if settings.specimen else gateway
    if settings.metrics_port is not None:
        app = MetricsApart(app, settings.metrics_port)
    kept = KeptFailure(app)
    try:
        with suppress(KeyboardInterrupt):
            DrainingServer(
                _config(kept, settings, gateway.state.connections),
                SystemClock(),
                started=gc_tuning.tune_for_serving,
                unready=lambda: setattr(gateway.state, "ready", False),
                notice_seconds=settings.server.notice_seconds,
            ).run(sockets)
    except SystemExit:
        if kept.failure is None:
            raise
    finally:
        for each in sockets:
            each.close()
    if kept.failure is not None:
        raise kept.failure


def _config(app: ASGIApp, settings: Settings, connections: Connections) -> Config:
    options = server_options(settings.server, settings.hosts, connections)
    options["headers"] = [HEADER] if settings.specimen else []
    return Config(app, host=settings.host, port=settings.port, lifespan="on", loop="uvloop", **options)


def _sockets(settings: Settings) -> list[socket.socket]:
    sockets = handles_of(bind_socket(settings.host, settings.port, "APUNI_PORT"))
    if settings.metrics_port is not None:
        try:
            sockets.append(bind_socket(settings.host, settings.metrics_port, "METRICS_PORT"))
        except BaseException:
            for each in sockets:
                each.close()
            raise
    return sockets


def _without_trace(send: Send) -> Send:
    async def send_type_only(message: Message) -> None:
        await send({"type": message["type"]})

    return send_type_only
