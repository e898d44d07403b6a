"""The lines of `/finance/statement.csv`: the statement of a month that is over, in the reader's places.

`month=2026-10`, `scheme` and `district` narrow it. Amounts are whole paise; the last line holds the sums. The lines
are read page by page, so that memory stays flat.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date

from starlette.requests import Request

from actions.environment import Environment
from actions.finance_totals import statement_lines
from domain.clock import ist_date
from domain.errors import ErrorCode, Problem, Problems
from domain.figures import month_of
from domain.finance_totals import NOTHING, Moved, Sum, plus
from domain.people import Subject
from domain.text import Language
from store import catalogue
from store.finance_totals import MOVES

Lines = AsyncIterator[Sequence[object]]


async def statement(env: Environment, request: Request, subject: Subject, language: Language) -> tuple[str, Lines]:
    """The name of the file and its lines.

    Raises NotSignedIn, NOT_FOUND for those who pay nothing, BAD_INPUT without a month that is over, and for a scheme or
    a district that the catalogue does not have: zeros would look like a month without payments.
    """
    del language  # the columns bear the names of fields, so that a program can read them
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
    return f"statement-{month:%Y%m}", _lines(first, pages)


async def _refuse_unknown(env: Environment, month: date, given: Mapping[str, str]) -> None:
    scheme, district = given.get("scheme"), given.get("district")
    async with env.store.reading() as tx:
        known = {
            "month": month < month_of(ist_date(env.clock.now())),
            "scheme": not scheme or scheme in await catalogue.schemes(tx, [scheme]),
            "district": not district or district in {one.code for one in await catalogue.districts(tx)},
        }
    if wrong := [Problem(ErrorCode.BAD_INPUT, (name,)) for name, holds in known.items() if not holds]:
        raise Problems(*wrong)


async def _lines(first: list[Moved], rest: AsyncIterator[list[Moved]]) -> Lines:
    names = [f"{name}_{kind}" for name in MOVES for kind in ("count", "paise")]
    yield ["scheme_code", "department", "district", *names, "balances"]
    sums: dict[str, Sum] = dict.fromkeys(MOVES, NOTHING)
    for line in first:
        yield _cells(line, sums)
    async for page in rest:
        for line in page:
            yield _cells(line, sums)
    yield ["TOTAL", "", "", *(value for name in MOVES for value in sums[name]), ""]


def _cells(line: Moved, sums: dict[str, Sum]) -> list[object]:
    """One line of the table, added to the sums."""
    for name in MOVES:
        sums[name] = plus(sums[name], getattr(line, name))
    values = [value for name in MOVES for value in getattr(line, name)]
    return [line.scheme_code, line.department or "", line.district, *values, "yes" if line.balances else "NO"]
