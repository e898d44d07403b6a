"""Gives e-mail to the state's mail server over SMTP, one connection for each."""

import asyncio
import contextlib
import socket
import ssl
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from types import MappingProxyType
from urllib.parse import urlsplit

import aiosmtplib
from aiosmtplib import SMTP, SMTPRecipientRefused, SMTPResponseException

from domain.kernel import Source
from integrations.calling.errors import (
    Garbled,
    IntegrityFailure,
    NeverSent,
    NotLetIn,
    Refused,
    RemoteError,
    Unavailable,
    Verdict,
)
from integrations.calling.guarded_calls import GuardedCalls, Resilience
from integrations.calling.opening import Clients, Opening, UnfitSettings
from integrations.calling.policies import Bulkhead, CallPolicy, Priority
from integrations.email import wire
from integrations.email.models import Addresses, Email, EmailSettings, Security

_SOURCE = Source.EMAIL
CONNECT_SECONDS = 3.0
SEND = CallPolicy(
    "email.send",
    _SOURCE,
    total=30.0,
    attempt=30.0,
    repeatable=False,
    body_limit=200_000,
    lane=Bulkhead("email", places=10),
    accepts=frozenset({"message/rfc822"}),
    changes=True,
)
"""Never repeated: what the server was given whole it may have, though its answer is lost."""
CODE = replace(SEND, name="email.code", priority=Priority.FIRST, lane=Bulkhead("email_code", places=4))
"""One-time codes have places of their own, so that they wait behind no notice."""
POLICIES = (SEND, CODE)
CODES = MappingProxyType(
    {
        "4xx": Verdict.AGAIN.value,
        "5.2.2": Verdict.AGAIN.value,
        "5xx": Verdict.DECLINED.value,
        "5.7.x": Verdict.ALARM.value,
        **dict.fromkeys(sorted(wire.SENDER), Verdict.ALARM.value),
        "login_refused": Verdict.ALARM.value,
        "sender_refused": Verdict.ALARM.value,
        "no_starttls": Verdict.ALARM.value,
    }
)
"""What the server's replies mean to us."""


@dataclass(slots=True)
class _Attempt:
    """How far an attempt came: `given` from when the server may have the whole mail until it says that it has not."""

    given: bool = False


class Mailer:
    """The state's mail server."""

    def __init__(self, settings: EmailSettings, shared: Resilience, addresses: Addresses) -> None:
        self._settings, self._shared, self._addresses = settings, shared, addresses
        self._calls = GuardedCalls(_SOURCE, shared)
        self._send = SEND if settings.per_second is None else SEND.at_rate(settings.per_second)
        self._tls = ssl.create_default_context(cadata=settings.certificate)

    @property
    def at_once(self) -> int:
        """So many mails go at once beside codes, of which each has a connection."""
        lane = self._send.lane
        return lane.places if lane.per_second is None else min(lane.places, lane.burst)

    async def send(self, mail: Email, *, code: bool = False) -> str:
        """Give a mail to the server; our name for it. A `code` waits behind no other mail.

        Raises Refused where it can never arrive; its code is the status of RFC 3463 where the server tells it. Of
        another RemoteError `nothing_arrived` says that the server does not have the mail.
        """
        content, attempt = wire.content_of(self._settings, mail, self._shared.clock.now()), _Attempt()

        async def work(held: AsyncExitStack) -> SMTPResponseException | None:
            return await self._converse(held, mail, content, attempt)

        policy = CODE if code else self._send
        try:
            refusal = await self._calls.run(policy, work)
            if refusal is not None:  # about this one recipient or mail: it tells nothing about the server
                with self._calls.raise_alarms(policy):
                    raise _meaning(refusal)
        except RemoteError as error:
            error.nothing_arrived = not attempt.given
            raise
        return wire.message_id(self._settings, mail.reference)

    async def try_login(self) -> str:
        """Greet, secure and log in as for a mail, and leave without one; what the server is. Raises RemoteError."""

        async def work(held: AsyncExitStack) -> str:
            try:
                client = await self._let_in(held)
                with contextlib.suppress(aiosmtplib.SMTPException, OSError):
                    await client.quit()
            except SMTPResponseException as refusal:
                raise _of_server(refusal, "server_declines") from None
            except (aiosmtplib.SMTPException, OSError, EOFError):
                raise Unavailable(_SOURCE, "connection_lost") from None
            login = "logged in" if self._settings.username else "no login"
            return f"it greets us, {self._settings.security.value}, {login}"

        return await self._calls.run(CODE, work)

    async def _converse(
        self, held: AsyncExitStack, mail: Email, content: bytes, attempt: _Attempt
    ) -> SMTPResponseException | None:
        """One conversation; the reply by which the server declines this recipient or this mail, None for none."""
        try:
            client = await self._let_in(held)
            at_mail, at_rcpt = wire.dsn_options(mail.reference) if client.supports_extension("dsn") else ([], [])
            await client.mail(wire.bounce_address(self._settings, mail.reference), options=at_mail)
            try:
                await client.rcpt(mail.address, options=at_rcpt)
            except SMTPRecipientRefused as refusal:
                if refusal.code == 421:
                    raise
                return refusal
            attempt.given = True
            try:
                await client.data(content)
            except aiosmtplib.SMTPDataError as refusal:
                attempt.given = False
                return refusal
            with contextlib.suppress(aiosmtplib.SMTPException, OSError):
                await client.quit()
        except aiosmtplib.SMTPSenderRefused as refusal:
            raise _of_server(refusal, "sender_refused") from None
        except SMTPResponseException as refusal:
            raise _of_server(refusal, "server_declines") from None
        except (aiosmtplib.SMTPException, OSError, EOFError):
            raise Unavailable(_SOURCE, "connection_lost") from None
        return None

    async def _let_in(self, held: AsyncExitStack) -> SMTP:
        """A connection over which mail may go: secured as is set, and logged in."""
        own = self._settings
        client = await self._connect()
        held.callback(client.close)
        if own.security is Security.STARTTLS:
            await client.ehlo()
            if not client.supports_extension("starttls"):
                raise IntegrityFailure(_SOURCE, "no_starttls")
            try:
                await client.starttls(tls_context=self._tls)
            except ssl.SSLError:
                raise NeverSent(_SOURCE, "server_not_trusted") from None
        await client.ehlo()
        if own.username and own.password:
            try:
                await client.login(own.username, own.password)
            except aiosmtplib.SMTPAuthenticationError as refusal:
                raise _of_server(refusal, "login_refused") from None
        return client

    async def _connect(self) -> SMTP:
        """A connection to a checked address of the server, after its greeting."""
        own, implicit = self._settings, self._settings.security is Security.IMPLICIT
        try:
            found = (await self._addresses(own.host, own.port))[0]
        except OSError:
            raise NeverSent(_SOURCE, "connection_failed") from None
        sock = socket.socket(socket.AF_INET6 if ":" in found else socket.AF_INET)
        sock.setblocking(False)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await asyncio.get_running_loop().sock_connect(sock, (found, own.port))
        except BaseException as error:
            sock.close()
            if isinstance(error, OSError | TimeoutError):
                raise NeverSent(_SOURCE, "connection_failed") from None
            raise
        tls = self._tls if implicit else None
        client = SMTP(hostname=own.host, sock=sock, use_tls=implicit, start_tls=False, tls_context=tls, timeout=None)
        try:
            await client.connect(local_hostname=own.bounce_domain)
        except aiosmtplib.SMTPConnectError as error:
            if isinstance(error.__cause__, ssl.SSLError):
                raise NeverSent(_SOURCE, "server_not_trusted") from None
            raise
        return client


def _of_server(refusal: SMTPResponseException, code: str) -> RemoteError:
    """What a refusal means that is not about the recipient: a later call may work, or somebody must look."""
    if not 400 <= refusal.code < 600:  # the library's own code for a line that is no reply
        return Garbled(_SOURCE, "malformed")
    return Unavailable(_SOURCE, f"smtp_{refusal.code}") if refusal.code < 500 else NotLetIn(_SOURCE, code)


def _meaning(refusal: SMTPResponseException) -> RemoteError:
    """What a refusal of a recipient or of a mail means."""
    code = wire.enhanced_code(refusal.message) or f"smtp_{refusal.code}"
    if refusal.code < 500 or code == "5.2.2":
        return Unavailable(_SOURCE, code)
    return (NotLetIn if code.startswith("5.7.") or code in wire.SENDER else Refused)(_SOURCE, code)


async def open_clients(opening: Opening) -> Clients:
    """The mail server, at the host and port of the settings' address, in the demo at those of the onboarding."""
    parts = urlsplit(opening.address or "")
    named = {"host": parts.hostname, "port": parts.port} if opening.address else {}
    if opening.address and (parts.scheme != "smtp" or not parts.port):
        raise UnfitSettings(f"{opening.variable('partners', 'email', 'base_url')} is not smtp://host:port")
    own = opening.read_onboarding(lambda given: EmailSettings.from_onboarding({**given, **named}))
    return {"email": Mailer(own, opening.resilience, opening.checked_addresses(own.host, own.port))}
