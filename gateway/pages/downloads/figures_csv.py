"""`/figures/statistics.csv`, `delays.csv`, `delay-review.csv`: figures and delays as CSV for officers.

`/finance/statement.csv`: what moved of public money in a month that is over, in the reader's places.
`month=2026-10`, `scheme` and `district` narrow it. Amounts are in rupees; the last line holds the sums.

All need a session. Heads are in the asked language, rates in percent. Lines end in CR LF (RFC 4180), the text is UTF-8
with the byte order mark that spreadsheet programs know it by; `bom=0` leaves it out. A cell that a spreadsheet would
take for a formula gets an apostrophe in front.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from strawberry.utils.str_converters import to_camel_case

from actions.appeals.delay_review import AMOUNTS, shown_review
from actions.kernel import Environment
from actions.officers.dashboards import Case, case_page, days_late, supervisor_postings
from actions.reconciliation.finance_totals import StatementTable, statement_lines
from actions.statistics.counts import Question
from actions.statistics.figures import FigureRow, period, sees_small_cells, statistics
from actions.statistics.names import Names, read_names
from domain.appeals.commission import DelayReview
from domain.appeals.delays import CaseFilter, CaseList, DelayCause
from domain.kernel import (
    Bilingual,
    ErrorCode,
    Language,
    Problem,
    Problems,
    Subject,
    ist_date,
    not_found,
    require_found,
    show_number,
)
from domain.kernel.messages import Texts, field_label, label
from domain.officers.dashboards import Dimension
from domain.officers.desk import ReadPurpose
from domain.reconciliation.finance_totals import MonthMovement
from domain.statistics.figures import Delivery, StatisticsChannel, month_of
from gateway.graphql.answers import problem_response
from gateway.http.headers import request_id_of
from gateway.http.session_auth import reader_of
from gateway.pages.downloads.spreadsheets import MEDIA_TYPE, download_headers, encode_lines, leading_mark, rows_of
from gateway.pages.refusals import refusal_page
from gateway.pages.rendering import language_of
from schema.kernel.errors import OURS, problem_of
from store.catalogue import catalogue

_TEXTS = Texts("page.figures_csv")

PAGE = 100
"""Cases that are read, and for which receipts are written, at once."""

_STATUSES = {ErrorCode.UNAUTHENTICATED: 401, ErrorCode.NOT_FOUND: 404, ErrorCode.OVERLOADED: 503}
_MEASURES: Sequence[tuple[str, Callable[[Delivery], object]]] = (
    ("received", lambda one: one.received),
    ("disposed", lambda one: one.disposed),
    ("delivered", lambda one: one.delivered),
    ("withdrawn", lambda one: one.withdrawn),
    ("processingRate", lambda one: _percent(one.processing_rate)),
    ("onTimeRate", lambda one: _percent(one.on_time_rate)),
    ("averageDays", lambda one: None if one.average_tenths is None else Decimal(one.average_tenths) / 10),
    ("medianDays", lambda one: one.median_days),
    ("ninetiethPercentileDays", lambda one: one.ninetieth_days),
    ("pending", lambda one: one.pending),
    ("grievances", lambda one: one.grievances),
    ("grievanceReplyRate", lambda one: _percent(one.grievance_reply_rate)),
)
_RATES = {
    "processingRate": _TEXTS.processing_rate,
    "onTimeRate": _TEXTS.on_time_rate,
    "averageDays": _TEXTS.average_days,
    "grievanceReplyRate": _TEXTS.grievance_reply_rate,
}
"""Heads of measures that the graph has in another unit."""

REVIEWED = tuple(name for name in AMOUNTS if name not in ("disposedWithLimit", "daysTaken"))
"""The numbers of a review that are shown; the two others are only added up."""

_CASES = (
    "number",
    "serviceCode",
    "departmentSlug",
    "districtCode",
    "tehsilCode",
    "channel",
    "status",
    "receivedOn",
    "dueOn",
    "daysLate",
    "cause",
    "text",
)


_OF_EVERY_TABLE = frozenset({"language", "bom"})
_PLACES = frozenset({"department", "service", "district", "tehsil"})
_STATISTICS = _PLACES | {"by", "from", "to", "channel"}
_DELAYS = _PLACES | {"purpose", "cause", "explained"}


def figures_routes(environment: Environment) -> list[Route]:
    """The downloads."""
    tables = {
        "statistics": _restrict_parameters(_STATISTICS, _statistics),
        "delays": _restrict_parameters(_DELAYS, _delays),
        "delay-review": _restrict_parameters(frozenset({"month"}), _review),
    }
    figures = [
        Route(f"/figures/{name}.csv", partial(_csv_response, environment, make), methods=["GET"])
        for name, make in tables.items()
    ]
    stated = _restrict_parameters(frozenset({"month", "scheme", "district"}), statement)
    return [*figures, Route("/finance/statement.csv", partial(_csv_response, environment, stated), methods=["GET"])]


Lines = AsyncIterator[Sequence[object]]
Made = tuple[str, Lines]


Make = Callable[[Environment, Request, Subject, Language], Awaitable[Made]]


def _restrict_parameters(known: frozenset[str], make: Make) -> Make:
    """The same for a query of these words alone: a filter that is mistyped must not give the whole state."""

    async def make_checked(env: Environment, request: Request, subject: Subject, language: Language) -> Made:
        for name in request.query_params:
            if name not in known | _OF_EVERY_TABLE:
                raise Problems(Problem(ErrorCode.BAD_INPUT, (name,)))
        return await make(env, request, subject, language)

    return make_checked


async def _csv_response(env: Environment, make: Make, request: Request) -> Response:
    language = language_of(request)
    try:
        subject = await reader_of(env, request)
        subject.require_signed_in()
        name, lines = await make(env, request, subject, language)
    except OURS as error:
        return refusal_response(env, request, language, error)
    body = encode_lines(lines, leading_mark(request))
    return StreamingResponse(body, headers=download_headers(f"{name}.csv", language), media_type=MEDIA_TYPE)


_WORDS = {"fromMonth": "from", "toMonth": "to", "groupBy": "by", "serviceCode": "service"}
"""What a query calls that which the graph calls so."""


def refusal_response(env: Environment, request: Request, language: Language, error: BaseException) -> Response:
    """The answer to a download that is not given; it names the word of the query that is wrong."""
    problem = problem_of(error)
    more = {}
    if problem.code is ErrorCode.BAD_INPUT and isinstance(error, Problems) and error.problems[0].path:
        word = error.problems[0].path[-1]
        more["parameter"] = _WORDS.get(word, word)
    request_id, status = request_id_of(request) or env.ids.key(), _STATUSES.get(problem.code, 400)
    page = refusal_page(request, problem, status)
    return page or problem_response(problem, status, request_id=request_id, language=language, **more)


async def _statistics(env: Environment, request: Request, subject: Subject, language: Language) -> Made:
    if not sees_small_cells(subject):
        raise not_found()
    given = request.query_params
    by = tuple(_parse_value(Dimension, name.upper(), "by") for name in given.get("by", "").split(",") if name)
    first, last = period(env, month_in(given, "from"), month_in(given, "to"))
    channel = given.get("channel")
    question = Question(
        first,
        last,
        department=given.get("department"),
        service_code=given.get("service"),
        district=given.get("district"),
        tehsil=given.get("tehsil"),
        channel=_parse_value(StatisticsChannel, channel, "channel") if channel else None,
        group_by=by,
    )
    answer = await statistics(env, subject, question)
    names = await read_names(env)
    rows = answer.rows if by else (answer.total,)
    return f"statistics-{first:%Y%m}-{last:%Y%m}", _statistics_lines(rows, by, names, language)


async def _statistics_lines(
    rows: Sequence[FigureRow], by: Sequence[Dimension], names: Names, language: Language
) -> Lines:
    heads = [label(f"dimension.{one.value}", language) for one in by]
    measures = [
        _RATES[name].in_language(language) if name in _RATES else label(f"field.{name}", language)
        for name, _ in _MEASURES
    ]
    yield [*_interleave(_code_heads(heads, language), heads), *measures]
    for row in rows:
        if row.figures is not None:
            figures = row.figures
            told = [names.value_label(row.place, one, language) for one in by]
            shown = [row.place[one] for one in by]
            yield [*_interleave(shown, told), *(measure(figures) for _, measure in _MEASURES)]


def _percent(hundredths: int | None) -> str | None:
    """A rate as `96.00 %`."""
    return None if hundredths is None else f"{Decimal(hundredths) / 100:.2f} %"


def _code_heads(heads: Sequence[str], language: Language) -> list[object]:
    """The heads of the columns with the codes of what the heads name."""
    return [_TEXTS.code.in_language(language).format(name=head) for head in heads]


def _interleave(codes: Sequence[object], names: Sequence[object]) -> list[object]:
    return [cell for pair in zip(codes, names, strict=True) for cell in pair]


class _Explained(StrEnum):
    YES = "1"
    NO = "0"


async def _delays(env: Environment, request: Request, subject: Subject, language: Language) -> Made:
    supervisor_postings(subject)
    given = request.query_params
    purpose = _parse_value(ReadPurpose, given.get("purpose", ""), "purpose")
    cause, explained = given.get("cause"), given.get("explained")
    wanted = CaseFilter(
        given.get("department"),
        given.get("service"),
        given.get("district"),
        given.get("tehsil"),
        _parse_value(DelayCause, cause, "cause") if cause else None,
        None if explained is None else _parse_value(_Explained, explained, "explained") is _Explained.YES,
    )
    cases = _all_cases(env, subject, wanted, purpose)
    # The first page is read before the answer begins, so that a refusal is still one.
    first: list[Case] = await anext(cases, [])
    return f"delays-{ist_date(env.clock.now()):%Y%m%d}", _case_lines(first, cases, env, language)


async def _review(env: Environment, request: Request, subject: Subject, language: Language) -> Made:
    review = await review_asked_for(env, request, subject)
    return f"delay-review-{review.month:%Y%m}", _review_lines(review, language)


async def review_asked_for(env: Environment, request: Request, subject: Subject) -> DelayReview:
    """The review of the month that a query names, with the rows that the subject may see. Raises Problems."""
    month = month_in(request.query_params, "month")
    if month is None:
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("month",)))
    return require_found(await shown_review(env, subject, month), "month")


async def _review_lines(review: DelayReview, language: Language) -> Lines:
    places = ("department", "district")
    causes = list(DelayCause)
    names = [label(f"dimension.{name.upper()}", language) for name in places]
    heads = _interleave(_code_heads(names, language), names)
    amounts = [label(f"field.{name}", language) for name in REVIEWED]
    yield [*heads, *amounts, *(label(f"delay_cause.{cause.value}", language) for cause in causes)]
    for row in review.content["rows"]:
        told = [cell for name in places for cell in (row[name], name_in_language(row[f"{name}Name"], language))]
        reasons = [row["reasons"].get(cause.value, 0) for cause in causes]
        yield [*told, *(row[name] for name in REVIEWED), *reasons]


def name_in_language(name: Mapping[str, str | None] | None, language: Language) -> str | None:
    """A name of a review in one language."""
    return Bilingual(name["hi"], name["en"] or "").in_language(language) if name else None


async def _all_cases(
    env: Environment, subject: Subject, wanted: CaseFilter, purpose: ReadPurpose
) -> AsyncIterator[list[Case]]:
    place: tuple[datetime, str] | None = None
    while True:
        page = await case_page(env, subject, CaseList.OVERDUE, wanted, purpose, place=place, limit=PAGE)
        if page:
            yield page
            last = page[-1].application
            place = (last.due_at or last.created_at, last.id)
        if len(page) < PAGE:
            return


async def _case_lines(
    first: list[Case], rest: AsyncIterator[list[Case]], env: Environment, language: Language
) -> Lines:
    yield [field_label("CaseLine", name, language) for name in _CASES]
    async for case in rows_of(first, rest):
        yield _case_line(case, env.clock.now(), language)


def _case_line(case: Case, now: datetime, language: Language) -> list[object]:
    one, reason = case.application, case.reason
    return [
        show_number(one.number),
        one.service_code,
        one.department,
        one.district,
        one.tehsil,
        label(f"channel.{one.channel.value}", language),
        label(f"status.{one.status.value}", language),
        ist_date(one.submitted_at) if one.submitted_at else None,
        ist_date(one.due_at) if one.due_at else None,
        days_late(one, now),
        label(f"delay_cause.{reason.cause.value}", language) if reason else None,
        reason.text if reason else None,
    ]


def _parse_value(kind: Any, text: str, name: str) -> Any:
    try:
        return kind(text)
    except ValueError:
        raise Problems(Problem(ErrorCode.BAD_INPUT, (name,))) from None


def month_in(given: Mapping[str, str], name: str) -> date | None:
    """The month or day that a query names; None where it names none. Raises BAD_INPUT."""
    text = given.get(name)
    if not text:
        return None
    try:
        return date.fromisoformat(f"{text}-01" if len(text) == len("2026-11") else text)
    except ValueError:
        raise Problems(Problem(ErrorCode.BAD_INPUT, (name,))) from None


async def statement(env: Environment, request: Request, subject: Subject, language: Language) -> tuple[str, Lines]:
    """The name of the file and its lines.

    Raises NotSignedIn, NOT_FOUND for those who pay nothing, BAD_INPUT without a month that is over, and for a scheme or
    a district that the catalogue does not have: zeros would look like a month without payments.
    """
    given = request.query_params
    try:
        month = date.fromisoformat(f"{given.get('month', '')}-01")
    except ValueError:
        raise Problems(Problem(ErrorCode.BAD_INPUT, ("month",))) from None
    pages = statement_lines(
        env, subject, month, scheme_code=given.get("scheme") or None, district=given.get("district") or None
    )
    # The first page is read before the answer begins, so that a refusal is still one.
    first = await anext(pages)
    await _refuse_unknown(env, month, given)
    return f"statement-{month:%Y%m}", _lines(first, pages, language)


async def _refuse_unknown(env: Environment, month: date, given: Mapping[str, str]) -> None:
    scheme, district = given.get("scheme"), given.get("district")
    async with env.store.read_transaction() as tx:
        known = {
            "month": month < month_of(ist_date(env.clock.now())),
            "scheme": not scheme or scheme in await catalogue.schemes(tx, [scheme]),
            "district": not district or district in {one.code for one in await catalogue.districts(tx)},
        }
    if wrong := [Problem(ErrorCode.BAD_INPUT, (name,)) for name, holds in known.items() if not holds]:
        raise Problems(*wrong)


async def _lines(first: list[MonthMovement], rest: AsyncIterator[list[MonthMovement]], language: Language) -> Lines:
    table = StatementTable()
    yield [_statement_head(name, language) for name in table.HEAD]
    async for line in rows_of(first, rest):
        yield _in_rupees([*table.add_row(line)[:-1], _TEXTS["yes" if line.balances else "no"].in_language(language)])
    yield _in_rupees([_TEXTS.total.in_language(language), *table.total_row()[1:]])


def _statement_head(column: str, language: Language) -> str:
    """What a column of the statement is called: `taken_back_paise` is the field takenBack, in rupees."""
    name, _, kind = column.rpartition("_")
    if unit := {"count": _TEXTS.count, "paise": _TEXTS.paise}.get(kind):
        return unit.in_language(language).format(name=label(f"field.{to_camel_case(name)}", language))
    return label(f"field.{to_camel_case(column)}", language)


def _in_rupees(cells: Sequence[object]) -> list[object]:
    """A row of the statement with its amounts in rupees."""
    paid = [name.endswith("_paise") for name in StatementTable.HEAD]
    return [Decimal(str(cell)).scaleb(-2) if money else cell for cell, money in zip(cells, paid, strict=True)]
