"""The clock as a constructor argument, so that tests and the demo can set the time."""

import asyncio
import time
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

IST = ZoneInfo("Asia/Kolkata")
"""The zone of every legal date (ADR 0019)."""


class Clock(Protocol):
    """The source of the time."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""

    def monotonic(self) -> float:
        """Seconds that never step; for time-outs and leases only."""

    async def sleep(self, seconds: float) -> None:
        """Wait for so many seconds."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class ManualClock:
    """A clock that does not advance until it is moved; `sleep` moves it."""

    def __init__(self, now: datetime) -> None:
        if now.tzinfo is None:
            raise ValueError("a clock needs an aware instant")
        self._now = now.astimezone(UTC)
        self._monotonic = 0.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    async def sleep(self, seconds: float) -> None:
        self.advance(timedelta(seconds=seconds))
        await asyncio.sleep(0)

    def advance(self, by: timedelta) -> None:
        """Move both readings forward."""
        self._now += by
        self._monotonic += by.total_seconds()

    def set(self, now: datetime) -> None:
        """Step the wall clock only, as an administrator or NTP would."""
        self._now = now.astimezone(UTC)


def ist_date(instant: datetime) -> date:
    """The calendar day in India on which an instant falls."""
    return instant.astimezone(IST).date()


def ist_midnight(day: date) -> datetime:
    """The instant at which a day begins in India."""
    return datetime(day.year, day.month, day.day, tzinfo=IST)
