"""A day on which public money is paid by the demo's processes: the city's clock goes from batch time to batch time."""

import json
from datetime import datetime
from typing import Any

import httpx

from domain.kernel import IST
from tests.support.crashing import Processes

DATE = "2026-11-25"
"""Wednesday: banks work, as they do not on the 24th (Guru Nanak Jayanti)."""

TIMES = [
    *(f"10:{minute:02d}" for minute in range(36)),
    *(f"{hour}:00" for hour in range(12, 24)),
]
"""Batch times, as many as there may be: a minute apart at first, then hours, so that everything is asked for again."""
EVENING, MIDNIGHT = "18:30", "24:00"
"""What people wait for comes before evening: a fee is asked about 2, 5, 15 and 60 minutes after its beginning, then
after seven hours; who has three answers cut waits until noon. What comes later is for the worker alone.
"""

SETTINGS = {
    "APUNI_CLOCK": "sandbox",
    "APUNI_SESSION_SECONDS": str(24 * 60 * 60),
    "APUNI_PAYMENTS__LOOK_SECONDS": "0.5",
    "APUNI_PAYMENTS__LINES_PER_FILE": "3",
    "APUNI_PAYMENTS__TIMES": json.dumps(TIMES),
}
AT_ONCE: dict[str, Any] = {
    "pick_up_minutes": 0.02,
    "check_minutes": 0,
    "validation_hours": 0,
    "credit_hours": 0,
    "return_hours": 0,
    "bank_runs": [],
}
"""How fast PFMS and the banks are."""


class Day:
    """The city's clock, which goes on to the next batch time once a run was made of the last; and PFMS at work."""

    def __init__(self, processes: Processes) -> None:
        self._processes = processes
        self._at = 0
        processes.settings.update(SETTINGS)
        self._move()
        processes.act("pfms", "configure", **AT_ONCE)

    def go_on(self, *, before: str = MIDNIGHT) -> None:
        """Go to the next batch time that is earlier than `before`, where the run of this one was made.

        Never back, as time passes by itself too.
        """
        done = self._processes.asked("SELECT MAX(slot) FROM payment_runs WHERE finished_at IS NOT NULL")[0][0]
        if done is None or done < TIMES[self._at]:
            return
        now = httpx.get(f"{self._processes.city}/clock", timeout=30).json()["now"]
        clock = datetime.fromisoformat(now).astimezone(IST).strftime("%H:%M")
        later = [place for place, each in enumerate(TIMES) if max(done, clock) < each < before]
        if later:
            self._at = later[0]
            self._move()

    def _move(self) -> None:
        now = f"{DATE}T{TIMES[self._at]}:30+05:30"
        moved = httpx.put(f"{self._processes.city}/clock", json={"now": now}, timeout=30)
        assert moved.status_code == 200, moved.text
