"""Cases in the sandbox of the Commission's system, and their random decisions.

Source: docs/contracts/right_to_service.md section 9.
"""

import hashlib
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

FIRST_DAY, LAST_DAY = 5, 35
"""Working days after which a bench decides; some cases it never decides."""


def new_case(number: str, content: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """A case as it is stored; the bench has 60 days, which nothing of ours depends on."""
    return {
        "appealNo": number,
        "appealRef": str(content["appealRef"]),
        "level": content["level"],
        "receivedAt": now.isoformat(timespec="milliseconds"),
        "decideBy": (now + timedelta(days=60)).isoformat(timespec="milliseconds"),
        "state": "RECEIVED",
        "appeal": dict(content),
        "events": [],
        "history": [],
        "settled": {},
    }


def case_view(case: Mapping[str, Any]) -> dict[str, Any]:
    """A case as its call answers: the Commission's messages about it, and the events it has."""
    names = ("appealNo", "appealRef", "level", "receivedAt", "decideBy", "state", "history")
    return {**{name: case[name] for name in names}, "received": [one["eventId"] for one in case["events"]]}


def verdict_of(case: Mapping[str, Any], now: datetime) -> list[tuple[str, dict[str, Any]]]:
    """What the bench says of a case today: nothing before its day; drawn from the reference, so always the same."""
    draw = hashlib.sha256(str(case["appealRef"]).encode()).digest()
    if draw[0] % 8 == 0 or case["state"] == "DECIDED":
        return []
    days = FIRST_DAY + draw[1] % (LAST_DAY - FIRST_DAY + 1)
    received = datetime.fromisoformat(case["receivedAt"])
    if now.date() < _working_day(received.date(), days):
        return []
    hearing = {"hearingId": f"H-{case['appealNo']}", "at": received.isoformat(), "place": "Commission, Dehradun"}
    said: list[tuple[str, dict[str, Any]]] = [("HEARING_FIXED", hearing)]
    if draw[2] % 3 == 0:
        return [*said, ("DECIDED", {"outcome": "DISMISSED", "text": "No ground was found."})]
    until = now.date() + timedelta(days=15)
    said.append(("DIRECTION", {"text": "The service is to be given.", "until": until.isoformat()}))
    return [*said, ("PENALTY", {"amountPaise": 25_000 * (1 + draw[3] % 10), "reason": "No sufficient cause."})]


def _working_day(start: date, days: int) -> date:
    day = start
    while days:
        day += timedelta(days=1)
        days -= day.weekday() < 5
    return day
