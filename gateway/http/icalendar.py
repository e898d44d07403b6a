"""Writes iCalendar (RFC 5545), as much of it as events of one kind need: published, without recurrence, in UTC."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

MEDIA_TYPE = "text/calendar; charset=utf-8"
"""RFC 5545 section 8.1."""

PRODUCT = "-//Apuni Sarkar//Gateway//HI"
_FOLD = 75
"""Octets of a line without its end (RFC 5545 section 3.1)."""


@dataclass(frozen=True, slots=True)
class Event:
    """One VEVENT (RFC 5545 section 3.6.1), without an end: nobody knows how long it takes.

    `uid` is worldwide the same for the same event (RFC 5545 section 3.8.4.7). A cancelled event is told as the
    second word on it (RFC 5545 sections 3.8.1.11 and 3.8.7.4).
    """

    uid: str
    at: datetime
    summary: str
    location: str
    description: str
    cancelled: bool = False


def calendar(name: str, events: Iterable[Event], made_at: datetime) -> bytes:
    """The calendar object (RFC 5545 section 3.4), made at a moment (RFC 5545 section 3.8.7.2).

    `name` is shown by programs that know NAME (RFC 7986 section 5.1) or what came before it.
    """
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"PRODID:{PRODUCT}",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"NAME:{text(name)}",
        f"X-WR-CALNAME:{text(name)}",
        *(line for event in events for line in _event(event, made_at)),
        "END:VCALENDAR",
    ]
    return b"".join(map(folded, lines))


def text(value: str) -> str:
    """A value of type TEXT (RFC 5545 section 3.3.11): separators are escaped, control characters left out."""
    escaped = value.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    escaped = escaped.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n")
    return "".join(letter for letter in escaped if letter == "\t" or (letter >= " " and letter != "\x7f"))


def moment(at: datetime) -> str:
    """A DATE-TIME in UTC (RFC 5545 section 3.3.5, form 2)."""
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def folded(line: str) -> bytes:
    """A content line with its end (RFC 5545 section 3.1), folded above 75 octets, never within a letter."""
    parts: list[bytes] = []
    rest = line.encode("utf-8", "replace")
    while len(rest) > (room := _FOLD - bool(parts)):
        while rest[room] & 0xC0 == 0x80:  # the middle of a letter
            room -= 1
        parts.append(rest[:room])
        rest = rest[room:]
    return b"\r\n ".join([*parts, rest]) + b"\r\n"


def _event(event: Event, made_at: datetime) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{text(event.uid)}"
    yield f"DTSTAMP:{moment(made_at)}"
    yield f"SEQUENCE:{int(event.cancelled)}"
    yield f"DTSTART:{moment(event.at)}"
    yield f"STATUS:{'CANCELLED' if event.cancelled else 'CONFIRMED'}"
    yield f"SUMMARY:{text(event.summary)}"
    yield f"LOCATION:{text(event.location)}"
    yield f"DESCRIPTION:{text(event.description)}"
    yield "CLASS:PRIVATE"
    yield "END:VEVENT"
