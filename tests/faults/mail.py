"""The mail server meets every fault that a line of SMTP can have.

Each cell sets one fault by the control route and gives mails until the breaker opens, then heals and probes. Pass: the
outcome is one of the three of integrations/calling/errors.py, in time; a mail that is said not to be there is not, none
is there twice; an open breaker lets nothing through and closes after three good probes; no connection is left.
"""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from domain.kernel import Source
from integrations import email
from integrations.calling.breakers import BreakerState
from integrations.calling.errors import RemoteError
from integrations.calling.policies import CallPolicy
from integrations.calling.ssrf_guard import SsrfGuard
from integrations.email import Email, EmailSettings, Mailer
from tests.faults.cells import CALLS_UNTIL_OPEN, Row, ShortenedCalls, kind_of
from tests.faults.site import FastClock, Site, open_site
from tests.support.remotes import shared_resilience

ANSWER_SECONDS = 20.0


@dataclass(frozen=True)
class Trouble:
    """A fault at one step. `kind` of outcome it must give; `there` says that the mail lies there all the same."""

    name: str
    fault: dict[str, Any]
    kind: str
    opens: bool = True
    slow: bool = False
    there: bool = False


def _fault(kind: str, step: str, calls: list[int] | None = None, **params: Any) -> dict[str, Any]:
    return {"kind": kind, "route": f"/smtp/{step}", "calls": calls, "params": params}


TROUBLES: Sequence[Trouble] = (
    Trouble("none", {}, "LIVE", opens=False, there=True),
    Trouble("connection refused", {"kind": "refuse"}, "UNAVAILABLE"),
    Trouble("black hole", _fault("blackhole", "connect"), "UNAVAILABLE", slow=True),
    Trouble("no STARTTLS", _fault("tls", "starttls", trouble="stripped"), "INTEGRITY"),
    Trouble("TLS expired", _fault("tls", "starttls", trouble="expired"), "UNAVAILABLE"),
    Trouble("TLS wrong name", _fault("tls", "starttls", trouble="wrong_name"), "UNAVAILABLE"),
    Trouble("TLS self-signed", _fault("tls", "starttls", trouble="self_signed"), "UNAVAILABLE"),
    *(Trouble(f"cut at {step}", _fault("reset", step), "UNAVAILABLE") for step in ("ehlo", "auth", "mail", "rcpt")),
    *(
        Trouble(f"silence at {step}", _fault("silence", step), "UNAVAILABLE", slow=True)
        for step in ("starttls", "mail", "rcpt", "data")
    ),
    Trouble("answer lost after the work", _fault("reset", "data", [2]), "UNAVAILABLE", opens=False, there=True),
    Trouble("421 at the greeting", _fault("status", "connect", status="421 4.3.2 Closing"), "UNAVAILABLE"),
    Trouble("451 at MAIL", _fault("status", "mail", status="451 4.3.0 Local error"), "UNAVAILABLE"),
    Trouble("451 at RCPT", _fault("status", "rcpt", status="451 4.7.1 Later"), "UNAVAILABLE", opens=False),
    Trouble("550 at RCPT", _fault("status", "rcpt", status="550 5.1.1 Unknown"), "REFUSED", opens=False),
    Trouble("535 at AUTH", _fault("status", "auth", status="535 5.7.8 No"), "REFUSED", opens=False),
    Trouble("malformed reply", _fault("malformed", "mail"), "GARBLED"),
)


class SmtpMail:
    """Mails over a real line. `policies` are those that it runs under."""

    name: ClassVar[str] = "email.smtp"
    system: ClassVar[str] = "email"
    policies: ClassVar[tuple[CallPolicy, ...]] = email.POLICIES

    def __init__(self, site: Site) -> None:
        self._site = site

    @classmethod
    @asynccontextmanager
    async def opened(cls, home: Path) -> AsyncIterator["SmtpMail"]:
        async with open_site(home, "email") as site:
            yield cls(site)

    def secrets(self) -> list[str]:
        """What may be in no log."""
        return [str(self._site.onboarding["password"])]

    async def run(self, *, bounded: bool) -> list[Row]:
        """One row for each trouble, or each second one."""
        rows = [await self._cell(each) for each in TROUBLES[:: 2 if bounded else 1]]
        return [*rows, await self._private_address()]

    async def _cell(self, trouble: Trouble) -> Row:
        row, clock = Row(self.name, trouble.name), FastClock()
        shared = shared_resilience(clock)
        mailer = self._mailer(clock, shared)
        await self._site.set([trouble.fault] if trouble.fault else [])
        try:
            calls = mailer._calls = ShortenedCalls(Source.EMAIL, shared)
            calls.slow = trouble.slow
            for call in range(1, CALLS_UNTIL_OPEN + 1):
                kind, there, _ = await self._asked(mailer, row)
                row.calls, row.cold = call, kind
                row.must(kind in {trouble.kind, "CIRCUIT"}, f"told as {kind}")
                row.must(there is trouble.there or kind == "CIRCUIT", f"there: {there}")
                opened = shared.breakers.state(Source.EMAIL, "") is BreakerState.OPEN
                if opened or not trouble.opens:
                    break
            row.breaker = f"open after {row.calls}" if opened else "closed"
            row.must(opened is trouble.opens, f"breaker {row.breaker}")
            await self._site.heal()
            calls.slow = False
            await self._recover(mailer, clock, row, opened=opened)
        finally:
            await self._site.heal()
        row.must(shared.breakers.state(Source.EMAIL, "") is BreakerState.CLOSED, "the breaker did not close")
        row.must(await self._emptied(), "connections are left")
        return row

    async def _recover(self, mailer: Mailer, clock: FastClock, row: Row, *, opened: bool) -> None:
        if opened:
            row.must((await self._asked(mailer, row))[0] == "CIRCUIT", "an open breaker let through")
            clock.skip(20)
        for _ in range(3):
            row.must((await self._asked(mailer, row))[:2] == ("LIVE", True), "a mail after recovery did not arrive")

    async def _asked(self, mailer: Mailer, row: Row) -> tuple[str, bool, bool]:
        """Give a mail: how it ended, whether it lies there, and whether we were told that it does not."""
        started, address = time.monotonic(), f"asha.{secrets.token_hex(6)}@citizen.example"
        reference = f"{secrets.randbelow(10**9)}.{secrets.token_hex(16)}"
        kind, nothing = "LIVE", False
        try:
            await mailer.send(Email(address, "Query", "Please answer.", "en", reference, "<p>Please answer.</p>"))
        except RemoteError as error:
            kind = "CIRCUIT" if error.code == "circuit_open" else kind_of(error)
            nothing = error.nothing_arrived
            row.must(str(error) == f"EMAIL: {error.code}", "the text of the error holds more than a code")
        row.seconds = max(row.seconds, time.monotonic() - started)
        row.must(row.seconds <= ANSWER_SECONDS, f"took {row.seconds:.1f} s")
        found = self._site.city.sandboxes["email"].actions["mails"]({"address": address})["mails"]
        row.must(len(found) <= 1, "a mail lies there twice")
        row.must(not (nothing and found), "a mail lies there of which we were told that it does not")
        return kind, bool(found), nothing

    async def _private_address(self) -> Row:
        """A name that leads into our own network is not called."""
        row, clock = Row(self.name, "host name at a private address"), FastClock()
        mailer = self._mailer(clock, shared_resilience(clock), host="localhost", demo=False)
        row.cold, there, _ = await self._asked(mailer, row)
        row.must((row.cold, there) == ("UNAVAILABLE", False), f"told as {row.cold}")
        return row

    def _mailer(self, clock: FastClock, shared: Any, *, host: str = "127.0.0.1", demo: bool = True) -> Mailer:
        own = EmailSettings.from_onboarding({**self._site.onboarding, "host": host})
        guard = SsrfGuard([f"https://{host}:{own.port}"], clock=clock, demo=demo)
        return Mailer(own, shared, guard.addresses)

    async def _emptied(self) -> bool:
        service, ends_at = self._site.city.sandboxes["email"].services[0], time.monotonic() + 5
        while service.connections and time.monotonic() < ends_at:  # type: ignore[attr-defined]
            await asyncio.sleep(0.02)
        return not service.connections  # type: ignore[attr-defined]
