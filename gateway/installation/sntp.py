"""Asks a server of time by SNTP (RFC 4330) by how much our clock differs from its own."""

import asyncio
import socket
import struct
from secrets import token_bytes

from domain.kernel import Clock

PORT = 123
SINCE_1970 = 2_208_988_800
"""Seconds from 1900, from which NTP counts, to 1970."""
_PACKET = struct.Struct("!BBbb11I")
_CLIENT, _SERVER, _VERSION, _UNSYNCHRONIZED = 3, 4, 4, 3


class NoTime(Exception):
    """The server gave no time that counts; the text says why in a word."""


async def clock_offset(server: str, clock: Clock) -> float:
    """By how many seconds the clock of `host` or `host:port` is ahead of ours.

    Raises NoTime for an answer that is not to our question or of a server that has no time itself, OSError.
    """
    host, _, port = server.partition(":")
    loop = asyncio.get_running_loop()
    [(family, _, _, _, address), *_] = await loop.getaddrinfo(host, int(port or PORT), type=socket.SOCK_DGRAM)
    with socket.socket(family, socket.SOCK_DGRAM) as line:
        line.setblocking(False)
        await loop.sock_connect(line, address)
        nonce = token_bytes(8)  # in the place of our time, which the server need not know; it comes back as it is
        sent = clock.now().timestamp()
        await loop.sock_sendall(line, bytes([_VERSION << 3 | _CLIENT]) + bytes(39) + nonce)
        answer = await loop.sock_recv(line, 512)
        received = clock.now().timestamp()
    if len(answer) < _PACKET.size or answer[24:32] != nonce:
        raise NoTime("not an answer to our question")
    first, stratum, *_, came, came_part, went, went_part = _PACKET.unpack(answer[: _PACKET.size])
    if first & 7 != _SERVER or first >> 6 == _UNSYNCHRONIZED or not 1 <= stratum <= 15 or not went:
        raise NoTime("it has no time itself")
    there: float = ((came + went) + (came_part + went_part) / 2**32) / 2 - SINCE_1970
    return there - (sent + received) / 2
