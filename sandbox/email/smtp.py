"""The SMTP server of the e-mail sandbox: STARTTLS, login, delivery notices asked for (RFC 3461), and faults.

Faults go by the routes `/smtp/connect`, `ehlo`, `starttls`, `auth`, `mail`, `rcpt` and `data`, each reply being a call
(`data` has two): `refuse` and `blackhole` at the connection, `latency`, `silence`, `reset`, `status` with the reply to
give, `malformed` for a line that is no reply, and `tls` with a `trouble`: `stripped`, `expired`, `wrong_name`.
"""

import asyncio
import hmac
import logging
import re
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from sandbox.city.faults import Faults

_MAIL_OPTION = re.compile(r" (?:RET=(?:HDRS|FULL)|ENVID=[!-*,-<>-~]{1,100})(?= |$)")
_RCPT_OPTION = re.compile(r" NOTIFY=(?:NEVER|(?:SUCCESS|FAILURE|DELAY)(?:,(?:SUCCESS|FAILURE|DELAY))*)(?= |$)")
LARGEST = 500_000


@dataclass(frozen=True)
class Door:
    """What the server uses. `accepts` gives the reply to a recipient, `takes` that to a whole mail."""

    faults: Faults
    sleep: Callable[[float], Any]
    username: str
    password: str
    contexts: Mapping[str, ssl.SSLContext]
    """The right certificate as `good`, and one for each trouble."""
    accepts: Callable[[str], str | None]
    takes: Callable[["Mail"], str]


@dataclass(frozen=True)
class Mail:
    """A mail as it came: its envelope, and whether notices of failure and delay were asked for."""

    sender: str
    recipient: str
    content: bytes
    notify: frozenset[str] = field(default_factory=frozenset)


class SmtpService:
    """Listens on two sockets that are bound already: one begins in clear text, one with TLS."""

    def __init__(self, door: Door, plain: socket.socket, implicit: socket.socket) -> None:
        self._door, self._plain, self._implicit = door, plain, implicit
        self._servers: list[asyncio.Server] = []
        self.connections: set[_Server] = set()

    async def start(self) -> None:
        """Take connections."""
        logging.getLogger("mail.log").setLevel(logging.WARNING)  # it says the addresses of every mail
        loop = asyncio.get_running_loop()
        make = partial(_Server, self._door, self.connections, loop)
        self._servers = [
            await loop.create_server(make, sock=self._plain),
            await loop.create_server(
                partial(make, implicit=True), sock=self._implicit, ssl=self._door.contexts["good"]
            ),
        ]

    async def stop(self) -> None:
        """Cut every connection and close the ports."""
        for server in self._servers:
            server.close()
        for connection in list(self.connections):
            connection.cut()
        for place in (self._plain, self._implicit):
            place.close()


class _Server(SMTP):
    """One connection."""

    def __init__(
        self,
        door: Door,
        connections: "set[_Server]",
        loop: asyncio.AbstractEventLoop,
        *,
        implicit: bool = False,
    ) -> None:
        self._door, self._connections, self._step = door, connections, "connect"
        self._notify: frozenset[str] = frozenset()
        trouble = door.faults.match("tls", "/smtp/starttls")
        named = str(trouble.params.get("trouble", "")) if trouble else "good"
        super().__init__(
            self,
            data_size_limit=LARGEST,
            hostname="smtp.sandbox.example",
            ident="Sandbox ESMTP",
            tls_context=None if implicit else door.contexts.get(named),
            auth_required=True,
            authenticator=self._authenticate_user,
            loop=loop,
        )
        if implicit or named == "stripped":
            self._auth_require_tls = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a connection, unless it is refused."""
        super().connection_made(transport)
        self._connections.add(self)
        if self._door.faults.match("refuse", "/smtp/connect"):
            self.cut()

    def connection_lost(self, error: Exception | None) -> None:
        """Forget a connection."""
        self._connections.discard(self)
        super().connection_lost(error)

    def eof_received(self) -> bool | None:
        """Hang up when the other side has; the library would wait for the last reply to be read."""
        super().eof_received()
        self.cut()
        return False

    def cut(self) -> None:
        """Cut the line."""
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()

    async def push(self, status: Any) -> None:
        """Reply, unless a fault does."""
        faults, route = self._door.faults, f"/smtp/{self._step}"
        slow = faults.match("latency", route)
        if slow is not None:
            await self._door.sleep(float(slow.params.get("seconds", 1)))
        if faults.match("silence", route) or faults.match("blackhole", route):
            await asyncio.Event().wait()
        if faults.match("reset", route):
            self.cut()
            raise ConnectionResetError("cut")
        other = faults.match("status", route)
        if other is not None:
            status = str(other.params["status"])
        await super().push("what is this" if faults.match("malformed", route) else status)

    async def smtp_EHLO(self, hostname: str) -> None:  # noqa: N802 - the library's name
        self._step = "ehlo"
        await super().smtp_EHLO(hostname)

    async def smtp_STARTTLS(self, arg: str) -> None:  # noqa: N802
        self._step = "starttls"
        await super().smtp_STARTTLS(arg)

    async def smtp_AUTH(self, arg: str) -> None:  # noqa: N802
        self._step = "auth"
        await super().smtp_AUTH(arg)

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802
        """The sender. The library knows no notices, so what asks for them is taken out before it looks."""
        self._step = "mail"
        await super().smtp_MAIL(None if arg is None else _MAIL_OPTION.sub("", arg))

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802
        self._step = "rcpt"
        asked = _RCPT_OPTION.search(arg or "")
        self._notify = frozenset(asked[0].partition("=")[2].split(",")) if asked else frozenset()
        await super().smtp_RCPT(None if arg is None else _RCPT_OPTION.sub("", arg))

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        self._step = "data"
        await super().smtp_DATA(arg)

    async def handle_EHLO(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """What the server offers."""
        del server, envelope
        session.host_name = hostname
        return [*responses[:-1], "250-DSN", "250-ENHANCEDSTATUSCODES", responses[-1]]

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """One recipient for each mail, so that a bounce is about one."""
        del server, session, options
        if envelope.rcpt_tos:
            return "452 4.5.3 Too many recipients"
        refused = self._door.accepts(address)
        if refused is None:
            envelope.rcpt_tos.append(address)
        return refused or "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """A mail whole."""
        del server, session
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        return self._door.takes(Mail(envelope.mail_from or "", envelope.rcpt_tos[0], content, self._notify))

    def _authenticate_user(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: object
    ) -> AuthResult:
        del server, session, envelope, mechanism
        own = self._door
        right = (
            isinstance(given, LoginPassword)
            and hmac.compare_digest(given.login, own.username.encode())
            and hmac.compare_digest(given.password, own.password.encode())
        )
        return AuthResult(success=right, handled=False, message=None if right else "535 5.7.8 Not let in")
