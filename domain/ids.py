"""Identifiers as a constructor argument: UUIDv7 keys, random digits, random tokens."""

import random
import secrets
import uuid
from typing import Protocol

from domain.clock import Clock


class Ids(Protocol):
    """Where identifiers come from."""

    def key(self) -> str:
        """A new UUIDv7 in its canonical text form (RFC 9562 section 5.7)."""
        ...

    def digits(self, count: int) -> str:
        """So many random decimal digits."""
        ...

    def token(self, octets: int = 32) -> str:
        """A random token, base64url without padding."""
        ...


def uuid7(milliseconds: int, random_bits: int) -> str:
    """Lay out a UUIDv7 from a Unix time in milliseconds and 74 random bits."""
    value = (milliseconds & ((1 << 48) - 1)) << 80
    value |= 0x7 << 76
    value |= ((random_bits >> 62) & 0xFFF) << 64
    value |= 0b10 << 62
    value |= random_bits & ((1 << 62) - 1)
    return str(uuid.UUID(int=value))


class SystemIds:
    """Identifiers from the operating system's random source."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def key(self) -> str:
        return uuid7(int(self._clock.now().timestamp() * 1000), secrets.randbits(74))

    def digits(self, count: int) -> str:
        return f"{secrets.randbelow(10**count):0{count}d}"

    def token(self, octets: int = 32) -> str:
        return secrets.token_urlsafe(octets)


class SeededIds:
    """Repeatable identifiers, for tests and for seeding the demo; never for production."""

    def __init__(self, clock: Clock, seed: str) -> None:
        self._clock = clock
        self._random = random.Random(seed)

    def key(self) -> str:
        return uuid7(int(self._clock.now().timestamp() * 1000), self._random.getrandbits(74))

    def digits(self, count: int) -> str:
        return f"{self._random.randrange(10**count):0{count}d}"

    def token(self, octets: int = 32) -> str:
        return self._random.randbytes(octets).hex()
