"""`/hearings.ics`: the hearings of a citizen or of an authority in iCalendar format, for a session.

Dates that were moved or cancelled are marked as such, so that a program that reads the file again takes them away. No
person is named. Calendar programs that fetch by themselves cannot sign in; a secret address is not made.

Of iCalendar (RFC 5545) as much is written as these events need: published, without recurrence, in UTC.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from actions.appeals.hearing_lists import hearings_of, with_appeals
from actions.kernel import Environment
from domain.appeals.appeals import Appeal, Hearing, HearingState
from domain.catalogue.catalogue import Service
from domain.kernel import Language, ist_date, ist_midnight, show_number
from domain.kernel.messages import Texts, label
from gateway.http.session_auth import reader_of
from gateway.pages.downloads.figures_csv import month_in, refusal_response
from gateway.pages.downloads.spreadsheets import download_headers
from gateway.pages.rendering import language_of
from schema.kernel.errors import OURS
from store.appeals.hearing_calendar import HearingWanted
from store.catalogue import catalogue

_TEXTS = Texts("page.hearing_calendar")

MEDIA_TYPE = "text/calendar; charset=utf-8"
"""RFC 5545 section 8.1."""

PRODUCT = "-//Apuni Sarkar//Gateway//HI"
_FOLD = 75
"""Octets of a line without its end (RFC 5545 section 3.1)."""

MOST = 500
"""Hearings of one file, the earliest first; `from` and `until` choose others."""

BACK_DAYS, AHEAD_DAYS = 31, 366
"""The default period without `from` and `until`."""


@dataclass(frozen=True, slots=True)
class Event:
    """One VEVENT (RFC 5545 section 3.6.1), without an end: nobody knows how long it takes.

    `uid` is worldwide the same for the same event (RFC 5545 section 3.8.4.7). A cancelled event is listed as the
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
        *(line for event in events for line in _vevent(event, made_at)),
        "END:VCALENDAR",
    ]
    return b"".join(map(fold_line, lines))


def text(value: str) -> str:
    """A value of type TEXT (RFC 5545 section 3.3.11): separators are escaped, control characters left out."""
    escaped = value.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    escaped = escaped.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n")
    return "".join(letter for letter in escaped if letter == "\t" or (letter >= " " and letter != "\x7f"))


def moment(at: datetime) -> str:
    """A DATE-TIME in UTC (RFC 5545 section 3.3.5, form 2)."""
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def fold_line(line: str) -> bytes:
    """A content line with its end (RFC 5545 section 3.1), folded above 75 bytes, never within a letter."""
    parts: list[bytes] = []
    rest = line.encode("utf-8", "replace")
    while len(rest) > (room := _FOLD - bool(parts)):
        while rest[room] & 0xC0 == 0x80:  # the middle of a letter
            room -= 1
        parts.append(rest[:room])
        rest = rest[room:]
    return b"\r\n ".join([*parts, rest]) + b"\r\n"


def _vevent(event: Event, made_at: datetime) -> Iterator[str]:
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


def hearing_calendar_routes(environment: Environment) -> list[Route]:
    """The download."""
    return [Route("/hearings.ics", partial(_calendar_response, environment), methods=["GET"])]


async def _calendar_response(env: Environment, request: Request) -> Response:
    language = language_of(request)
    try:
        subject = await reader_of(env, request)
        listed = hearings_of(subject, _hearing_filter(env, request))
        hearings = await env.store.read(lambda tx: listed.page(tx, limit=MOST))
        found = await with_appeals(env, hearings)
    except OURS as error:
        return refusal_response(env, request, language, error)
    async with env.store.read_transaction() as tx:
        services = await catalogue.services_by_codes(tx, {appeal.service_code for _, appeal in found})
    events = [_event(hearing, appeal, services.get(appeal.service_code), language) for hearing, appeal in found]
    content = calendar(_TEXTS.name.in_language(language), events, env.clock.now())
    return Response(content, headers=download_headers("hearings.ics", language), media_type=MEDIA_TYPE)


def _hearing_filter(env: Environment, request: Request) -> HearingWanted:
    today = ist_date(env.clock.now())
    first = month_in(request.query_params, "from") or today - timedelta(days=BACK_DAYS)
    last = month_in(request.query_params, "until") or today + timedelta(days=AHEAD_DAYS)
    until = None if last == date.max else ist_midnight(last + timedelta(days=1))
    return HearingWanted(since=ist_midnight(first), until=until, states=frozenset(HearingState))


def _event(hearing: Hearing, appeal: Appeal, service: Service | None, language: Language) -> Event:
    """The event of a hearing; the same hearing has the same UID in every file."""
    about = service.name.in_language(language) if service else appeal.service_code
    level = label(f"appeal_level.{appeal.level.value}", language)
    return Event(
        uid=hearing.id,
        at=hearing.at,
        summary=_TEXTS.summary.in_language(language).format(number=show_number(appeal.number)),
        location=hearing.place,
        description=_TEXTS.about.in_language(language).format(level=level, service=about),
        cancelled=hearing.state is not HearingState.FIXED,
    )
