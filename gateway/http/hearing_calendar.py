"""`/hearings.ics`: the hearings of a citizen or of an authority for a calendar program, with a session.

Dates that were moved or cancelled are told as such, so that a program that reads the file again takes them away. No
person is named. Calendar programs that fetch by themselves cannot sign in; a secret address is not made.
"""

from datetime import date, timedelta
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from actions.environment import Environment
from actions.hearing_lists import hearings_page
from domain.appeals import Appeal, Hearing, HearingState
from domain.catalogue import Service
from domain.clock import ist_date, ist_midnight
from domain.messages import label
from domain.numbers import show_number
from domain.text import Bilingual, Language
from gateway.http.figures_csv import month_in, refused
from gateway.http.headers import EVERY_ANSWER
from gateway.http.icalendar import MEDIA_TYPE, Event, calendar
from gateway.http.pages import language_of
from gateway.http.readers import reader_of
from schema.errors import OURS
from store import catalogue
from store.hearing_calendar import HearingWanted

MOST = 500
"""Hearings of one file, the earliest first; `from` and `until` choose others."""

BACK_DAYS, AHEAD_DAYS = 31, 366
"""What is told without `from` and `until`."""

_NAME = Bilingual("सेवा का अधिकार: सुनवाई", "Right to Service: hearings")
_SUMMARY = Bilingual("सुनवाई: अपील {number}", "Hearing: appeal {number}")
_ABOUT = Bilingual("{level}\nसेवा: {service}", "{level}\nService: {service}")


def hearing_calendar_routes(environment: Environment) -> list[Route]:
    """The download."""
    return [Route("/hearings.ics", partial(_answered, environment), methods=["GET"])]


async def _answered(env: Environment, request: Request) -> Response:
    language = language_of(request)
    try:
        subject = await reader_of(env, request)
        found = await hearings_page(env, subject, _wanted(env, request), place=None, limit=MOST)
    except OURS as error:
        return refused(env, request, language, error)
    async with env.store.reading() as tx:
        services = await catalogue.services_by_codes(tx, {appeal.service_code for _, appeal in found})
    events = [_event(hearing, appeal, services.get(appeal.service_code), language) for hearing, appeal in found]
    headers = {
        **EVERY_ANSWER,
        "Content-Disposition": 'attachment; filename="hearings.ics"',
        "Content-Language": language.value,
        "Vary": "Accept-Language, Authorization, Cookie",
    }
    content = calendar(_NAME.in_language(language), events, env.clock.now())
    return Response(content, headers=headers, media_type=MEDIA_TYPE)


def _wanted(env: Environment, request: Request) -> HearingWanted:
    today = ist_date(env.clock.now())
    first = month_in(request.query_params, "from") or today - timedelta(days=BACK_DAYS)
    last = month_in(request.query_params, "until") or today + timedelta(days=AHEAD_DAYS)
    until = None if last == date.max else ist_midnight(last + timedelta(days=1))
    return HearingWanted(since=ist_midnight(first), until=until, states=frozenset(HearingState))


def _event(hearing: Hearing, appeal: Appeal, service: Service | None, language: Language) -> Event:
    """What is told of a hearing; the same hearing has the same name in every file."""
    about = service.name.in_language(language) if service else appeal.service_code
    level = label(f"appeal_level.{appeal.level.value}", language)
    return Event(
        uid=hearing.id,
        at=hearing.at,
        summary=_SUMMARY.in_language(language).format(number=show_number(appeal.number)),
        location=hearing.place,
        description=_ABOUT.in_language(language).format(level=level, service=about),
        cancelled=hearing.state is not HearingState.FIXED,
    )
