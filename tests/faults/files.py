"""The exchange of files with PFMS meets every fault that a line of SFTP can have.

Source: docs/reliability.md section 5.1, over SSH. Each cell sets one fault by the control route and asks one operation
until the breaker opens, then heals and probes. Pass: the outcome is one of the three of integrations/calling/errors.py,
in time; a file lies there once and whole whatever happened; an open breaker lets nothing through and closes after three
good probes; no connection is left.
"""

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from domain.kernel import Source
from integrations.calling.breakers import BreakerState
from integrations.calling.errors import RemoteError
from integrations.calling.policies import CallPolicy
from integrations.calling.ssrf_guard import SsrfGuard
from integrations.dbt_finance.pfms import sftp_exchange
from integrations.dbt_finance.pfms.models import FileKind
from integrations.dbt_finance.pfms.settings import SftpSettings
from integrations.dbt_finance.pfms.sftp_exchange import SftpExchange
from tests.faults.cells import CALLS_UNTIL_OPEN, Row, ShortenedCalls, kind_of
from tests.faults.mail import SmtpMail
from tests.faults.site import FastClock, Site, open_site
from tests.support.remotes import shared_resilience

CONTENT = b"<DbtPayment/>" * 9000
ANSWER_SECONDS = 20.0
"""Handshakes take a processor's time, and others use the machine too."""


@dataclass(frozen=True)
class Trouble:
    """A fault at one operation of SFTP. `kind` of outcome it must give; None where it must come through all the same.

    `operations` are those of ours that meet it. `opens` says whether the breaker must open.
    """

    name: str
    fault: dict[str, Any]
    kind: str | None
    operations: Sequence[str]
    opens: bool = False
    slow: bool = False


ALL = ("send", "sent", "list", "fetch", "move")


def _fault(kind: str, operation: str, calls: list[int] | None = None, **params: Any) -> dict[str, Any]:
    return {"kind": kind, "route": f"/sftp/{operation}", "calls": calls, "params": params}


TROUBLES = (
    Trouble("none", {}, None, ALL),
    Trouble("connection refused", {"kind": "refuse"}, "UNAVAILABLE", ALL, opens=True),
    Trouble("black hole", _fault("blackhole", "connect"), "UNAVAILABLE", ("send", "list"), opens=True, slow=True),
    Trouble("another host's key", _fault("host_key", "connect"), "INTEGRITY", ALL, opens=True),
    Trouble("cut while connecting, once", _fault("reset", "connect", [1]), None, ALL),
    Trouble("cut while writing", _fault("reset", "write"), "UNAVAILABLE", ("send",), opens=True),
    Trouble("cut while writing, once", _fault("reset", "write", [2]), None, ("send",)),
    Trouble("answer lost after the work", _fault("reset", "rename", [1], after=True), None, ("send", "move")),
    Trouble("cut before the work, once", _fault("reset", "rename", [1]), None, ("send", "move")),
    Trouble("cut while reading", _fault("reset", "read"), "UNAVAILABLE", ("fetch",), opens=True),
    Trouble("cut while reading, once", _fault("reset", "read", [2]), None, ("fetch",)),
    Trouble("cut while listing", _fault("reset", "list"), "UNAVAILABLE", ("list",), opens=True),
    Trouble("silence", _fault("silence", "stat"), "UNAVAILABLE", ("send", "sent"), opens=True, slow=True),
    Trouble("silence while reading", _fault("silence", "read"), "UNAVAILABLE", ("fetch",), opens=True, slow=True),
    Trouble("drip", _fault("drip", "read", seconds=0.2), "UNAVAILABLE", ("fetch",), opens=True, slow=True),
    Trouble("endless file", _fault("oversize", "read"), "GARBLED", ("fetch",), opens=True),
    Trouble("full disk", _fault("disk_full", "write"), "UNAVAILABLE", ("send",), opens=True),
    Trouble("folder may not be written", _fault("read_only", "open"), "REFUSED", ("send",)),
)


class PfmsFiles:
    """The exchange over a real line. `policies` are those that it runs under."""

    name: ClassVar[str] = "pfms.sftp"
    system: ClassVar[str] = "pfms"
    policies: ClassVar[tuple[CallPolicy, ...]] = sftp_exchange.POLICIES

    def __init__(self, site: Site) -> None:
        self._site = site
        self._files = site.city.sandboxes["pfms"].services[0]._door.files

    @classmethod
    @asynccontextmanager
    async def opened(cls, home: Path) -> AsyncIterator["PfmsFiles"]:
        async with open_site(home, "pfms") as site:
            yield cls(site)

    def secrets(self) -> list[str]:
        """What may be in no log."""
        return [str(self._site.onboarding[name]) for name in ("client_key", "signing_key")]

    def cells(self) -> Iterator[tuple[Trouble, str]]:
        return ((trouble, operation) for trouble in TROUBLES for operation in trouble.operations)

    async def run(self, *, bounded: bool) -> list[Row]:
        """One row for each cell, or each second one."""
        rows = []
        for number, (trouble, operation) in enumerate(self.cells()):
            if not bounded or number % 2 == 0:
                rows.append(await self._cell(trouble, operation))
        rows.append(await self._private_address())
        return rows

    async def _cell(self, trouble: Trouble, operation: str) -> Row:
        row = Row(f"{self.name} {operation}", trouble.name)
        clock = FastClock()
        shared = shared_resilience(clock)
        exchange = self._exchange(clock, shared)
        calls = exchange._calls = ShortenedCalls(Source.PFMS, shared)
        calls.slow = trouble.slow
        if trouble.slow:
            await exchange.list_incoming() if trouble.name != "black hole" else None
        await self._site.set([trouble.fault] if trouble.fault else [])
        try:
            for call in range(1, CALLS_UNTIL_OPEN + 1):
                kind = await self._asked(exchange, operation, row)
                row.calls, row.cold = call, kind
                row.must(kind in {trouble.kind or "LIVE", "UNAVAILABLE circuit_open"}, f"told as {kind}")
                opened = shared.breakers.state(Source.PFMS, "") is BreakerState.OPEN
                if opened or not trouble.opens:
                    break
            row.breaker = f"open after {row.calls}" if opened else "closed"
            row.must(opened is trouble.opens, f"breaker {row.breaker}")
            await self._site.heal()
            calls.slow = False
            await self._recover(exchange, shared, clock, row, opened=opened)
        finally:
            await self._site.heal()
            await exchange.aclose()
        row.must(await self._emptied(), "connections are left")
        return row

    async def _recover(self, exchange: Any, shared: Any, clock: FastClock, row: Row, *, opened: bool) -> None:
        if opened:
            before = time.monotonic()
            row.must(
                await self._asked(exchange, "list", row) == "UNAVAILABLE circuit_open", "an open breaker let through"
            )
            row.must(time.monotonic() - before < 1, "an open breaker was slow")
            clock.skip(20)
            for _ in range(3):
                row.must(await self._asked(exchange, "list", row) == "LIVE", "a probe failed")
            row.breaker += ", closed after 3 probes"
        row.must(shared.breakers.state(Source.PFMS, "") is BreakerState.CLOSED, "the breaker did not close")
        row.must(await self._asked(exchange, "send", row) == "LIVE", "after recovery a file could not be sent")

    async def _asked(self, exchange: SftpExchange, operation: str, row: Row) -> str:
        """Ask one operation; how it ended, in the words of the matrix."""
        started = time.monotonic()
        try:
            await getattr(self, f"_{operation}")(exchange, row)
            kind = "LIVE"
        except RemoteError as error:
            kind = "UNAVAILABLE circuit_open" if error.code == "circuit_open" else kind_of(error)
            row.must(str(error) == f"PFMS: {error.code}", "the text of the error holds more than a code")
        row.seconds = max(row.seconds, time.monotonic() - started)
        row.must(row.seconds <= ANSWER_SECONDS, f"took {row.seconds:.1f} s")
        return kind

    async def _send(self, exchange: SftpExchange, row: Row) -> None:
        name = f"0905DBTPAYREQ24112026{secrets.randbelow(900_000) + 100_000}.xml"
        try:
            await exchange.send(FileKind.PAYMENTS, name, CONTENT)
        finally:
            found = self._files.get(f"/out/payment-request/{name}")
            row.must(found in {None, CONTENT}, "a file lies there that is not whole")
        row.must(found == CONTENT, "a file that was sent is not there")

    async def _sent(self, exchange: SftpExchange, row: Row) -> None:
        row.must(not await exchange.is_sent(FileKind.PAYMENTS, "0905DBTPAYREQ010120201.xml"), "found what is not there")

    async def _list(self, exchange: SftpExchange, row: Row) -> None:
        del row
        await exchange.list_incoming()

    async def _fetch(self, exchange: SftpExchange, row: Row) -> None:
        name = self._answer()
        row.must(await exchange.fetch(FileKind.ACKNOWLEDGEMENTS, name) == CONTENT, "read is not what lies there")

    async def _move(self, exchange: SftpExchange, row: Row) -> None:
        name = self._answer()
        await exchange.archive(FileKind.ACKNOWLEDGEMENTS, name)
        row.must(self._files.get(f"/archive/payment-ack/{name}") == CONTENT, "a file was lost on the way")

    def _answer(self) -> str:
        name = f"0905DBTPAYREQ241120261_{secrets.randbelow(9 * 10**13) + 10**13}.xml"
        self._files.put(f"/in/payment-ack/{name}", CONTENT)
        return name

    async def _private_address(self) -> Row:
        """A name that leads into our own network is not called."""
        row = Row(f"{self.name} list", "host name at a private address")
        clock = FastClock()
        exchange = self._exchange(clock, shared_resilience(clock), host="localhost", demo=False)
        row.cold = await self._asked(exchange, "list", row)
        row.must(row.cold == "UNAVAILABLE", f"told as {row.cold}")
        row.must(await self._emptied(), "a call reached our own network")
        return row

    def _exchange(self, clock: FastClock, shared: Any, *, host: str = "127.0.0.1", demo: bool = True) -> SftpExchange:
        given = json.loads(json.dumps(dict(self._site.onboarding)))
        own = SftpSettings.from_onboarding({**given, "host": host})
        guard = SsrfGuard([f"https://{host}:{own.port}"], clock=clock, demo=demo)
        return SftpExchange(own, shared, guard.addresses)

    async def _emptied(self) -> bool:
        service = self._site.city.sandboxes["pfms"].services[0]
        ends_at = time.monotonic() + 5
        while (service.connections or service._serving) and time.monotonic() < ends_at:
            await asyncio.sleep(0.02)
        return not service.connections and not service._serving


FILES: tuple[type[PfmsFiles | SmtpMail], ...] = (PfmsFiles, SmtpMail)
"""Every exchange that is not HTTP. A new one joins by a line here."""
