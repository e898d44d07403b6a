"""The page behind a certificate's QR code: whether it is valid, and whether the paper matches it.

It shows what is needed to compare a paper with the register and no more: of the holder's name only the first
letter of each word. Anyone may ask, so an unknown number and a mistyped one say no more than that.
"""

import unicodedata
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from html import escape

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from actions.certificates.certificate_endings import Ended, end_of
from actions.kernel import Environment, certificate_by_any
from domain.certificates.certificates import CertificateStatus, IssuedCertificate
from domain.kernel import Bilingual, Clock, ErrorCode, Language, MistypedNumber, Problem, ist_date, show_number
from domain.kernel.messages import Texts, label, message
from gateway.graphql.answers import retry_headers
from gateway.http.headers import prefers_html
from gateway.pages.frame import respond, say, table
from gateway.pages.rendering import HEADERS, language_of
from store.database import StoreError

_TEXTS = Texts("page.verify")

Finder = Callable[[str], Awaitable[IssuedCertificate | None]]
"""Finds a certificate of ours by its number or URI, or by a number of a system before; raises MistypedNumber."""

EndFinder = Callable[[IssuedCertificate], Awaitable[Ended | None]]
"""Tells how a certificate ended."""


@dataclass(frozen=True, slots=True)
class Facts:
    """The public data of a certificate."""

    number: str
    name: Bilingual
    holder: Bilingual
    issued_on: date
    valid_until: date | None
    status: CertificateStatus
    ended: Ended | None = None


def facts_of(certificate: IssuedCertificate, today: date, ended: Ended | None = None) -> Facts:
    """The facts as they stand today: an active certificate whose last day is over has expired."""
    status = certificate.status
    if status is CertificateStatus.ACTIVE and certificate.valid_until and certificate.valid_until < today:
        status = CertificateStatus.EXPIRED
    holder = certificate.holder
    return Facts(
        certificate.number,
        certificate.name,
        Bilingual(initials(holder.hi) if holder.hi else None, initials(holder.en)),
        certificate.issued_on,
        certificate.valid_until,
        status,
        ended,
    )


def initials(name: str) -> str:
    """The first letter of each word with its vowel sign, the rest as three dots."""
    return " ".join(f"{_first_letter(word)}…" for word in name.split())


def _first_letter(word: str) -> str:
    end = 1
    while end < len(word) and unicodedata.category(word[end]).startswith("M"):
        end += 1
    return word[:end]


def verify_routes(environment: Environment) -> list[Route]:
    """`/verify/<number>` over the store."""

    async def find(number: str) -> IssuedCertificate | None:
        return await certificate_by_any(environment, number)

    async def find_ending(certificate: IssuedCertificate) -> Ended | None:
        return await end_of(environment, certificate)

    return routes_over(find, environment.clock, find_ending)


async def _no_ending(_: IssuedCertificate) -> Ended | None:
    return None


def routes_over(find: Finder, clock: Clock, end: EndFinder = _no_ending) -> list[Route]:
    """`/verify/<number>`: a page, or JSON where that is preferred."""

    async def show(request: Request) -> Response:
        language = language_of(request)
        as_page = prefers_html(request.headers.get("accept"))
        try:
            found = await find(request.path_params["number"][:200])
            ended = await end(found) if found else None
        except MistypedNumber:
            return _refusal_response(request, language, ErrorCode.NUMBER_MISTYPED, 400, as_page=as_page)
        except StoreError:
            return _refusal_response(request, language, ErrorCode.OVERLOADED, 503, as_page=as_page)
        if found is None:
            return _refusal_response(request, language, ErrorCode.NOT_FOUND, 404, as_page=as_page)
        facts = facts_of(found, ist_date(clock.now()), ended)
        return (
            respond(request, language, _TEXTS.title, _body(facts, language)) if as_page else _as_json(facts, language)
        )

    return [Route("/verify/{number:path}", show, methods=["GET"])]


def _as_json(facts: Facts, language: Language) -> Response:
    body = {
        "number": facts.number,
        "status": facts.status.value,
        "name": facts.name.in_language(language),
        "holderInitials": facts.holder.in_language(language),
        "issuedOn": facts.issued_on.isoformat(),
        "validUntil": facts.valid_until.isoformat() if facts.valid_until else None,
    }
    if facts.ended:
        body |= {"endedOn": facts.ended.ended_on.isoformat(), "correctedBy": facts.ended.successor}
    return JSONResponse(body, headers={**HEADERS, "Content-Language": language.value})


def _refusal_response(request: Request, language: Language, code: ErrorCode, status: int, *, as_page: bool) -> Response:
    text = message(code, language)
    if as_page:
        return respond(request, language, _TEXTS.title, f'<p class="bad" role="alert">{escape(text)}</p>', status)
    headers = {**HEADERS, **retry_headers(Problem(code)), "Content-Language": language.value}
    return JSONResponse({"code": code.value, "message": text}, status, headers)


def _body(facts: Facts, language: Language) -> str:
    kind = "good" if facts.status is CertificateStatus.ACTIVE else "bad"
    limit = _day(facts.valid_until) if facts.valid_until else _TEXTS.no_limit.in_language(language)
    values = {
        "number": show_number(facts.number),
        "certificate": facts.name.in_language(language),
        "holder": facts.holder.in_language(language),
        "issued_on": _day(facts.issued_on),
        "valid_until": limit,
    }
    rows = [[say(_TEXTS[f"rows.{name}"], language), escape(value)] for name, value in values.items()]
    if facts.ended:
        rows.append([_TEXTS.ended_on.in_language(language), _day(facts.ended.ended_on)])
    if facts.ended and facts.ended.successor:
        number = escape(facts.ended.successor)
        link = f'<a href="/verify/{number}">{escape(show_number(facts.ended.successor))}</a>'
        rows.append([_TEXTS.instead.in_language(language), link])
    status = escape(label(f"certificate.{facts.status.value}", language))
    compare = say(_TEXTS.compare, language)
    return f'<p class="{kind}" role="status">{status}</p>\n{table(rows)}\n<p class="plain">{compare}</p>'


def _day(day: date) -> str:
    return day.strftime("%d-%m-%Y")
