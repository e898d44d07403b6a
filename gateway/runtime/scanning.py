"""Scans uploaded files with ClamAV's daemon (clamd's INSTREAM command)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from actions.kernel.scanner import EicarScanner, Scanner, ScannerAway
from gateway.settings.files import MalwareScanner

CHUNK = 64 * 1024
LONGEST_REPLY = 1024


class ClamdScanner:
    """Sends a file to clamd over its socket. What it does not answer clearly is no answer."""

    def __init__(self, address: str, seconds: float) -> None:
        self._address = address
        self._seconds = seconds

    async def scan(self, content: bytes) -> str | None:
        """What clamd found, or None. Raises ScannerAway where it cannot be reached or gives no result."""
        try:
            async with asyncio.timeout(self._seconds), self._line() as (reader, writer):
                writer.write(b"zINSTREAM\0")
                for start in range(0, len(content), CHUNK):
                    chunk = content[start : start + CHUNK]
                    writer.write(len(chunk).to_bytes(4, "big") + chunk)
                    await writer.drain()
                writer.write(bytes(4))
                await writer.drain()
                reply = await reader.readuntil(b"\0")
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            raise ScannerAway(reason=type(error).__name__) from None
        # Anything else than these two, such as a file above clamd's own limit, is no result.
        words = reply.rstrip(b"\0\n").decode("utf-8", "replace").removeprefix("stream: ").strip()
        if words == "OK":
            return None
        if words.endswith(" FOUND"):
            return words.removesuffix(" FOUND")
        raise ScannerAway(reason="the scanner could not look into the file")

    @asynccontextmanager
    async def _line(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        if self._address.startswith("/"):
            reader, writer = await asyncio.open_unix_connection(self._address, limit=LONGEST_REPLY)
        else:
            host, _, port = self._address.rpartition(":")
            reader, writer = await asyncio.open_connection(host, int(port), limit=LONGEST_REPLY)
        try:
            yield reader, writer
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


def scanner_of(settings: MalwareScanner) -> Scanner:
    """The scanner that the settings name; without an address the one that knows the test file only."""
    return EicarScanner() if settings.address is None else ClamdScanner(settings.address, settings.seconds)
