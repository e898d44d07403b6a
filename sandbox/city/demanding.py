"""TLS with required client certificates: a manual handshake, so that a rejection is sent as a TLS alert.

asyncio's own server side closes without a word where it takes no certificate; real servers send the alert, and a caller
must understand it.
"""

import asyncio
import contextlib
import ssl

_PART, _WAIT_SECONDS = 65_536, 10.0


class Shaken:
    """One connection whose caller showed a certificate that the context takes."""

    def __init__(self, context: ssl.SSLContext, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._reader, self._writer = reader, writer

    async def shake(self) -> bool:
        """Do the handshake; False where no acceptable certificate came: the caller got the alert and has left."""
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush()
                if not await self._more():
                    return False
            except ssl.SSLError:
                await self._flush()
                await self._wait_until_closed()
                return False
            else:
                await self._flush()
                return True

    async def copy(self, city: asyncio.StreamReader, to_city: asyncio.StreamWriter) -> None:
        """Pass on what comes either way, until one side ends."""
        copies = [asyncio.create_task(self._inwards(to_city)), asyncio.create_task(self._outwards(city))]
        try:
            await asyncio.wait(copies, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in copies:
                one.cancel()

    async def _inwards(self, to_city: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):  # what TLS says of an end is an OSError too
            while True:
                try:
                    part = self._tls.read(_PART)
                except ssl.SSLWantReadError:
                    if not await self._more():
                        return
                    continue
                if not part:
                    return
                to_city.write(part)
                await to_city.drain()

    async def _outwards(self, city: asyncio.StreamReader) -> None:
        with contextlib.suppress(OSError):
            while part := await city.read(_PART):
                self._tls.write(part)
                await self._flush()

    async def _more(self) -> bool:
        came = await self._reader.read(_PART)
        if came:
            self._incoming.write(came)
        return bool(came)

    async def _flush(self) -> None:
        if waiting := self._outgoing.read():
            self._writer.write(waiting)
            await self._writer.drain()

    async def _wait_until_closed(self) -> None:
        """Wait until the caller has closed: whoever closes first with something unread takes the alert away."""
        with contextlib.suppress(TimeoutError, OSError):
            async with asyncio.timeout(_WAIT_SECONDS):
                while await self._reader.read(_PART):
                    pass
        self._writer.close()
