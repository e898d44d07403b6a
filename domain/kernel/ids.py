"""Generators of identifiers as a constructor argument: UUIDv7 keys, random digits, random tokens."""

import random
import secrets
import threading
from datetime import datetime
from typing import Protocol

from domain.kernel.clock import Clock

_FIRST, _STEP = (1 << 73) - 1, (1 << 32) - 1


class Ids(Protocol):
    """The source of identifiers."""

    def key(self) -> str:
        """A new UUIDv7 in its canonical text form (RFC 9562 section 5.7); it sorts after those made before it.

        That holds within one source, also for several in one millisecond, as long as the clock does not step back.
        """

    def digits(self, count: int) -> str:
        """So many random decimal digits."""

    def token(self, octets: int = 32) -> str:
        """A random token, base64url without padding."""


def uuid7(milliseconds: int, random_bits: int) -> str:
    """Lay out a UUIDv7 from a Unix time in milliseconds and 74 random bits."""
    value = (milliseconds & ((1 << 48) - 1)) << 80
    value |= 0x7 << 76
    value |= ((random_bits >> 62) & 0xFFF) << 64
    value |= 0b10 << 62
    value |= random_bits & ((1 << 62) - 1)
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


class _InOrder:
    """Keeps the keys of one millisecond in the order in which they were asked for (RFC 9562 section 6.2, method 2).

    The first one takes its random bits with the highest one clear, and each further one adds a random step of up
    to 32 bits to them, so that it cannot be guessed from the one before.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._millisecond = -1
        self._bits = 0

    def key(self, now: datetime, drawn: int) -> str:
        """The key for a moment, with 74 bits that were drawn for it."""
        millisecond = int(now.timestamp() * 1000)
        with self._lock:
            same = millisecond == self._millisecond
            self._bits = self._bits + 1 + (drawn & _STEP) if same else drawn & _FIRST
            self._millisecond = millisecond
            return uuid7(millisecond, self._bits)


class SystemIds:
    """Identifiers from the operating system's random source."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._in_order = _InOrder()

    def key(self) -> str:
        return self._in_order.key(self._clock.now(), secrets.randbits(74))

    def digits(self, count: int) -> str:
        return f"{secrets.randbelow(10**count):0{count}d}"

    def token(self, octets: int = 32) -> str:
        return secrets.token_urlsafe(octets)


class SeededIds:
    """Repeatable identifiers, for tests and for seeding the demo; never for production."""

    def __init__(self, clock: Clock, seed: str) -> None:
        self._clock = clock
        self._random = random.Random(seed)
        self._in_order = _InOrder()

    def key(self) -> str:
        return self._in_order.key(self._clock.now(), self._random.getrandbits(74))

    def digits(self, count: int) -> str:
        return f"{self._random.randrange(10**count):0{count}d}"

    def token(self, octets: int = 32) -> str:
        return self._random.randbytes(octets).hex()
