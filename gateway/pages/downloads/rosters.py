"""`POST /rosters/<number>/rows` takes a school's or camp's table; `GET /rosters/<number>/list.csv` gives one to sign.

The table is CSV in UTF-8 with a head (docs/camps.md); its rows are added batch by batch, and each that is wrong is told
with its line, field, cause and remedy in the asked language. `Idempotency-Key` names the request. The page of a roster
sends it as a form with the file `table` and the key `_key`, and is answered with a page. The list has a
column for the signature; `?awaiting=1` leaves only those whose paper is made and not handed over, `language` and
`bom=0` are as for the downloads of figures.
"""

from collections.abc import AsyncIterator, Collection, Sequence
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from actions.kernel import Environment
from actions.rosters.files import LineResult, ListedRow, add_table, listed_rows
from actions.rosters.rosters import RowFilter, roster_of
from domain.kernel import IST, ErrorCode, Language, PersonKind, Problem, Problems, Remedy, show_number
from domain.kernel.messages import label, message
from domain.rosters.rosters import RowOutcome
from gateway.http.headers import EVERY_ANSWER, media_type_of
from gateway.http.session_auth import reader_of
from gateway.http.upload_requests import (
    FAULTS,
    MULTIPART,
    STATUSES,
    json_response,
    parsed_multipart,
    read_body,
    refusal_response,
    subject_of,
)
from gateway.pages.downloads.spreadsheets import MEDIA_TYPE, encode_lines, leading_mark, rows_of
from gateway.pages.refusals import refusal_page
from gateway.pages.rendering import language_of, pages_of
from schema.kernel.errors import problem_of, text_of

LARGEST_TABLE = 1024 * 1024
"""Bytes of one table: 500 rows of two kilobytes."""

_COLUMNS = (
    "reference",
    "name",
    "bornOn",
    "guardian",
    "relation",
    "state",
    "applicationNumber",
    "applicationStatus",
    "recipient",
    "handedOverAt",
)


def roster_routes(environment: Environment, *, origins: Collection[str]) -> list[Route]:
    """Both routes. `origins` are those whose pages may send a table by the session cookie."""

    async def take(request: Request) -> Response:
        of_page = media_type_of(request) == MULTIPART
        try:
            subject = await subject_of(environment, request, origins)
            subject.require_signed_in()
            content, key = await _posted_table(request) if of_page else (b"", request.headers.get("idempotency-key"))
            if not key:
                raise Problems(Problem(ErrorCode.BAD_INPUT, ("idempotencyKey",)))
            roster = await roster_of(environment, subject, request.path_params["number"])
            content = content if of_page else await _table(request)
            lines = [line async for line in add_table(environment, subject, roster.number, content, key)]
        except FAULTS as error:
            if of_page:
                return _report_page(request, None, problem_of(error))
            other_type = isinstance(error, Problems) and error.code is ErrorCode.FILE_TYPE_NOT_ALLOWED
            return refusal_response(environment, request, error, sentence="roster.table_type" if other_type else None)
        body = _result_body(lines, language_of(request).catalogue)
        return _report_page(request, body) if of_page else json_response(environment, request, body, 200)

    async def give(request: Request) -> Response:
        shown = language_of(request).catalogue
        try:
            subject = await reader_of(environment, request)
            roster = await roster_of(environment, subject, request.path_params["number"])
            wanted = RowFilter(awaiting=request.query_params.get("awaiting") == "1")
            pages = listed_rows(environment, subject, roster, wanted)
            # The first page is read before the answer begins, so that a refusal is still one.
            first: list[ListedRow] = await anext(pages, [])
        except FAULTS as error:
            told = refusal_response(environment, request, error)
            return refusal_page(request, problem_of(error), told.status_code) or told
        headers = {
            **EVERY_ANSWER,
            "Cache-Control": "private, no-store",
            "Content-Disposition": f'attachment; filename="roster-{roster.number}.csv"',
            "Content-Language": shown.value,
        }
        lines = encode_lines(_lines(first, pages, shown), leading_mark(request))
        return StreamingResponse(lines, headers=headers, media_type=MEDIA_TYPE)

    return [
        Route("/rosters/{number}/rows", take, methods=["POST"]),
        Route("/rosters/{number}/list.csv", give, methods=["GET"]),
    ]


async def _table(request: Request) -> bytes:
    """The body; raises FILE_TYPE_NOT_ALLOWED for another type than CSV, FILE_TOO_LARGE, TimeoutError."""
    if media_type_of(request) != "text/csv":
        raise Problems(Problem(ErrorCode.FILE_TYPE_NOT_ALLOWED, ("file",), Remedy.CORRECT_INPUT))
    return await read_body(request, LARGEST_TABLE)


async def _posted_table(request: Request) -> tuple[bytes, str]:
    """The file of the form of a roster's page, and the key that was made when it was drawn."""
    body = await read_body(request, LARGEST_TABLE + 4096, most=LARGEST_TABLE)
    async with parsed_multipart(request.headers, body, files=1, fields=2) as parts:
        file, key = parts.get("table"), parts.get("_key")
        return await file.read() if isinstance(file, UploadFile) else b"", str(key or "")


def _report_page(request: Request, report: dict[str, Any] | None, problem: Problem | None = None) -> Response:
    """What became of a table, or why it was not read, as a page."""
    said = text_of(problem, language_of(request).catalogue) if problem else None
    values = {"number": request.path_params["number"], "report": report, "message": said}
    status = STATUSES.get(problem.code, 400) if problem else 200
    page = "counter/roster_report.html"
    return pages_of(request).draw(request, page, values, status=status, person=PersonKind.OPERATOR)


def _result_body(lines: Sequence[LineResult], language: Language) -> dict[str, Any]:
    """How many rows became what, and every cause of those that were refused."""
    counts = {one.value.lower(): sum(line.result.outcome is one for line in lines) for one in RowOutcome}
    problems = [
        {
            "line": line.line,
            "field": ".".join(problem.path[3:]),
            "code": problem.code.value,
            "message": message(problem.code, language, problem.params, problem.texts),
            "action": problem.action.value,
        }
        for line in lines
        for problem in line.result.problems
    ]
    return {"rows": len(lines), **counts, "problems": problems}


async def _lines(
    first: Sequence[ListedRow], rest: AsyncIterator[list[ListedRow]], language: Language
) -> AsyncIterator[Sequence[object]]:
    yield [*(label(f"field.{name}", language) for name in _COLUMNS), label("roster.signature", language)]
    async for row in rows_of(first, rest):
        yield _cells(row, language)


def _cells(listed: ListedRow, language: Language) -> list[object]:
    row, receipt = listed.row, listed.row.acknowledgement
    return [
        row.reference,
        row.person.name_hi if language is not Language.EN and row.person.name_hi else row.person.name,
        row.person.born_on.isoformat(),
        row.person.guardian,
        label(f"relation.{row.person.relation.value}", language),
        label(f"row_state.{row.state.value}", language),
        show_number(listed.number) if listed.number else None,
        label(f"status.{listed.status}", language) if listed.status else None,
        label(f"recipient.{receipt.recipient.value}", language) if receipt else None,
        receipt.at.astimezone(IST).isoformat(timespec="minutes") if receipt else None,
        None,
    ]
