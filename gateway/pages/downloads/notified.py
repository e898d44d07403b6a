"""`/notified-services.json` and `.csv`: notified services with limits and authorities, for programs and spreadsheets.

Open to everybody, in Hindi or English (`language`); `department`, `words` and `mostDays` filter as in the graph. Each
line names its version in the catalogue, and an unchanged list has an unchanged ETag.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from actions.catalogue.notified import NotifiedFilter, departments_by_slug, notified_services
from actions.kernel import Environment
from domain.catalogue.catalogue import Department, Service
from domain.kernel import ErrorCode, Language, Problem
from domain.kernel.messages import Texts, our_word
from domain.kernel.state import installed_state
from gateway.graphql.answers import encode_json
from gateway.graphql.conditional import conditional
from gateway.http.headers import EVERY_ANSWER
from gateway.pages.downloads.spreadsheets import MEDIA_TYPE, csv_line, leading_mark
from gateway.pages.refusals import refusal_response
from gateway.pages.rendering import language_of
from store.database import StoreError

_TEXTS = Texts("page.notified")

PATH = "/notified-services"
LONGEST_WORDS, MOST_DAYS = 100, 3650
_AUTHORITIES = ("designated_officer", "first_appellate_authority", "second_appellate_authority")
_HEADINGS = [_TEXTS[f"headings.{name}"] for name in ("service", "department", "time_limit", *_AUTHORITIES, "version")]
_COLUMNS = (
    *_HEADINGS[:2],
    _TEXTS["columns.time_limit_days"],
    _TEXTS["columns.days_counted"],
    *_HEADINGS[3:6],
    _TEXTS["columns.notification"],
    _TEXTS["columns.section"],
    _TEXTS["columns.version"],
    _TEXTS["columns.verified"],
    _TEXTS["columns.not_confirmed"],
)


def notified_routes(environment: Environment) -> list[Route]:
    """The list as JSON and as CSV."""
    forms: Mapping[str, Form] = {".json": _json, ".csv": _csv}
    return [
        Route(f"{PATH}{ending}", partial(_services_response, environment, make), methods=["GET"])
        for ending, make in forms.items()
    ]


Form = Callable[[Request, Sequence[Service], Mapping[str, Department]], Response]


async def _services_response(env: Environment, make: Form, request: Request) -> Response:
    try:
        wanted = _parse_filter(request.query_params)
    except ValueError:
        return refusal_response(request, Problem(ErrorCode.BAD_INPUT), 400)
    try:
        services = await notified_services(env, wanted)
        departments = await departments_by_slug(env)
    except StoreError:
        return refusal_response(request, Problem(ErrorCode.OVERLOADED), 503, {"Retry-After": "30"})
    made = make(request, services, departments)
    return conditional(made, request, bytes(made.body))


def _parse_filter(given: Mapping[str, str]) -> NotifiedFilter:
    """The filter of a query; raises ValueError."""
    words, days = given.get("words"), given.get("mostDays")
    if len(words or "") > LONGEST_WORDS or not (days is None or (days.isascii() and days.isdigit())):
        raise ValueError("words or mostDays")
    most = None if days is None else int(days[:6])
    if most is not None and most > MOST_DAYS:
        raise ValueError("mostDays")
    return NotifiedFilter(given.get("department") or None, words, most)


def _json(request: Request, services: Sequence[Service], departments: Mapping[str, Department]) -> Response:
    language = language_of(request).catalogue
    lines = [_entry(one, departments, language) for one in services]
    content = {
        "language": language.value,
        "section": installed_state().notified_section,
        "count": len(lines),
        "services": lines,
    }
    headers = {**EVERY_ANSWER, "Content-Language": language.value, "Vary": "Accept-Language"}
    return Response(encode_json(content), headers=headers, media_type="application/json")


def _entry(one: Service, departments: Mapping[str, Department], language: Language) -> dict[str, Any]:
    return {
        "code": one.code,
        "version": one.version,
        "name": one.name.in_language(language),
        "nameHi": one.name.hi,
        "nameEn": one.name.en,
        "departmentSlug": one.department,
        "department": _department(one, departments, language),
        "timeLimitDays": one.limit_days,
        "timeLimitUnit": one.limit_unit.value if one.limit_days is not None else None,
        "designatedOfficer": one.designated_officer,
        "firstAppellate": one.first_appellate,
        "secondAppellate": one.second_appellate,
        "notification": None,
        "source": one.source,
        "verified": one.verified,
        "notConfirmed": one.facts_not_confirmed,
    }


def _csv(request: Request, services: Sequence[Service], departments: Mapping[str, Department]) -> Response:
    language = language_of(request).catalogue
    lines = [
        leading_mark(request),
        csv_line([_TEXTS["columns.code"].in_language(language), *(one.in_language(language) for one in _COLUMNS)]),
    ]
    for one in services:
        cells = [
            one.code,
            one.name.in_language(language),
            _department(one, departments, language),
            one.limit_days,
            _unit(one, language) if one.limit_days is not None else None,
            *(_post(officer, language) for officer in _posts(one)),
            None,
            _TEXTS.section.in_language(language),
            one.version,
            _TEXTS["yes_no.yes" if one.verified else "yes_no.no"].in_language(language),
            "; ".join(one.facts_not_confirmed),
        ]
        lines.append(csv_line(cells))
    headers = {
        **EVERY_ANSWER,
        "Content-Disposition": 'attachment; filename="notified-services.csv"',
        "Content-Language": language.value,
        "Vary": "Accept-Language",
    }
    return Response(b"".join(lines), headers=headers, media_type=MEDIA_TYPE)


def _department(one: Service, departments: Mapping[str, Department], language: Language) -> str | None:
    found = departments.get(one.department or "")
    return found.name.in_language(language) if found else one.department


def _posts(one: Service) -> tuple[str | None, str | None, str | None]:
    return one.designated_officer, one.first_appellate, one.second_appellate


def _post(said: str | None, language: Language) -> str | None:
    return our_word("post", said, language) if said else None


def _unit(one: Service, language: Language) -> str:
    return _TEXTS[f"units.{one.limit_unit.value}"].in_language(language)
