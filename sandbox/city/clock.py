"""The clock of all sandboxes, which the control route sets."""

from datetime import UTC, datetime, timedelta

from domain.kernel import Clock, SystemClock


class SandboxClock:
    """A clock that runs at the machine's pace, moved by an offset. It is a `domain.kernel.clock.Clock`.

    Only `now` is moved: `monotonic` and `sleep` stay those of the machine, so that time-outs hold.
    """

    def __init__(self, offset: timedelta = timedelta(0), base: Clock | None = None) -> None:
        self._base = base or SystemClock()
        self.offset = offset

    def now(self) -> datetime:
        """The moved instant, aware, in UTC."""
        return (self._base.now() + self.offset).astimezone(UTC)

    def monotonic(self) -> float:
        """Seconds of the machine that never step."""
        return self._base.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait for so many real seconds."""
        await self._base.sleep(seconds)

    def set(self, now: datetime | None) -> None:
        """Make it this instant now, or the machine's again with None. A naive instant raises ValueError."""
        if now is None:
            self.offset = timedelta(0)
            return
        if now.tzinfo is None:
            raise ValueError("a clock needs an aware instant")
        self.offset = now - self._base.now()
