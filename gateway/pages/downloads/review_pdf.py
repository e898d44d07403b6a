"""`/figures/delay-review.pdf`: the monthly delay review for printing, in Hindi or English, for officers.

The page is laid out by a process of its own, so that this one never loads the libraries for it; one at a time, since
such a process needs a second of a processor.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from actions.kernel import Environment
from domain.appeals.commission import DelayReview
from domain.appeals.delays import DelayCause
from domain.kernel import Bilingual, Language, ist_date
from domain.kernel.messages import Texts, label, with_specimen_mark
from domain.kernel.state import installed_state
from gateway.documents.text import drawable
from gateway.http.session_auth import reader_of
from gateway.pages.downloads.figures_csv import REVIEWED, name_in_language, refusal_response, review_asked_for
from gateway.pages.downloads.spreadsheets import download_headers
from gateway.pages.rendering import language_of
from gateway.runtime.processes import output_of
from schema.kernel.errors import OURS

_TEXTS = Texts("page.review_pdf")

SECONDS = 30.0
"""How long a page may take; a state's review takes about one."""

_MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)


def review_pdf_routes(environment: Environment) -> list[Route]:
    """The download."""
    turn = asyncio.Semaphore(1)
    return [Route("/figures/delay-review.pdf", partial(_pdf_response, environment, turn), methods=["GET"])]


async def _pdf_response(env: Environment, turn: asyncio.Semaphore, request: Request) -> Response:
    language = language_of(request)
    try:
        review = await _load_review(env, request)
    except OURS as error:
        return refusal_response(env, request, language, error)
    async with turn:
        content = await laid_out(page_data(review, language, specimen=env.rules.specimen))
    name = f"delay-review-{review.month:%Y%m}-{language.value}.pdf"
    return Response(content, headers=download_headers(name, language), media_type="application/pdf")


async def _load_review(env: Environment, request: Request) -> DelayReview:
    subject = await reader_of(env, request)
    subject.require_signed_in()
    return await review_asked_for(env, request, subject)


async def laid_out(page: Mapping[str, Any]) -> bytes:
    """The PDF of a page; raises ProcessEnded where the process that makes it failed, TimeoutError where it hangs."""
    return await output_of("gateway.documents.review", json.dumps(page, ensure_ascii=False).encode(), SECONDS)


def page_data(review: DelayReview, language: Language, *, specimen: bool = False) -> dict[str, Any]:
    """The words of the page, in the shape that the template reads; sums are of the rows that are shown.

    Departments and districts with the most late cases come first; those without any figure are named apart.
    """
    made, rows = ist_date(review.made_at), sorted(review.content["rows"], key=_late_cases, reverse=True)
    made_on = _TEXTS.made.in_language(language).format(day=f"{made:%d-%m-%Y}")
    told = [row for row in rows if any(row["reasons"].values()) or any(row[name] for name in REVIEWED)]
    quiet = [row for row in rows if row not in told]
    causes = {cause.value: label(f"delay_cause.{cause.value}", language) for cause in DelayCause}
    reasons = [{cause: row["reasons"].get(cause, 0) for cause in causes} | row for row in told]
    month = _TEXTS[f"months.{_MONTHS[review.month.month - 1]}"]
    return {
        "font": installed_state().font_data,
        "language": language.value,
        "state": _TEXTS.state.in_language(language),
        "title": with_specimen_mark(_TEXTS.title.in_language(language), language, specimen=specimen),
        "month": f"{month.in_language(language)} {review.month.year}",
        "made": {"year": made.year, "month": made.month, "day": made.day, "shown": made_on},
        "scope": _TEXTS.scope.in_language(language),
        "digest": _TEXTS.digest.in_language(language).format(digest=review.sha256),
        "none": _TEXTS.none.in_language(language),
        "quiet": [
            f"{name}: {', '.join(_name(row, 'district', language) for row in of_department)}"
            for name, of_department in _by_department(quiet, language).items()
        ],
        "quiet_title": _TEXTS.quiet.in_language(language),
        "signature": [one.in_language(language) for one in (_TEXTS.place_and_date, _TEXTS.signature)],
        "parts": [
            _part(_TEXTS.figures, {name: label(f"field.{name}", language) for name in REVIEWED}, told, language),
            _part(_TEXTS.reasons, causes, reasons, language),
        ]
        if told
        else [],
    }


def _part(
    title: Bilingual, names: Mapping[str, str], rows: Sequence[Mapping[str, Any]], language: Language
) -> dict[str, Any]:
    """A table: by department a row for each district and their sum, a column for each name, and the sums below."""

    def sum_row(said: Bilingual, of: Sequence[Mapping[str, Any]]) -> list[str]:
        return [said.in_language(language), *(str(sum(row[name] for row in of)) for name in names)]

    return {
        "title": title.in_language(language),
        "columns": [label("dimension.DISTRICT", language), *names.values()],
        "departments": [
            {
                "name": name,
                "rows": [
                    [_name(row, "district", language), *(str(row[one]) for one in names)] for row in of_department
                ],
                "sum": sum_row(_TEXTS.subtotal, of_department),
            }
            for name, of_department in _by_department(rows, language).items()
        ],
        "total": sum_row(_TEXTS.total, rows),
    }


def _late_cases(row: Mapping[str, Any]) -> int:
    return int(row["late"]) + int(row["pendingBeyondLimit"])


def _by_department(rows: Sequence[Mapping[str, Any]], language: Language) -> dict[str, list[Mapping[str, Any]]]:
    """The rows of each department by its name, the one with the most late cases first."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault(_name(row, "department", language), []).append(row)
    return dict(sorted(found.items(), key=lambda item: sum(map(_late_cases, item[1])), reverse=True))


def _name(row: Mapping[str, Any], place: str, language: Language) -> str:
    return drawable(name_in_language(row[f"{place}Name"], language) or row[place] or "")
