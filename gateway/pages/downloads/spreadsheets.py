"""Writes CSV files that are safe for spreadsheet programs: byte order mark, and no formulas in cells."""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal
from typing import TypeVar

from starlette.requests import Request

from domain.kernel import Language
from gateway.http.headers import EVERY_ANSWER

T = TypeVar("T")

BYTE_ORDER_MARK = "\ufeff"
"""By which a spreadsheet program knows that a CSV file is in UTF-8."""

MEDIA_TYPE = "text/csv; charset=utf-8"

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def safe_cell(value: object) -> str:
    """A cell that no spreadsheet takes for a formula: a text that begins like it gets an apostrophe in front.

    A number stays one, also below zero, so that it can be added up.
    """
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) and not isinstance(value, (int, Decimal)) else text


def csv_line(cells: Sequence[object]) -> bytes:
    """A line of a file (RFC 4180), each cell made safe."""
    line = io.StringIO(newline="")
    csv.writer(line).writerow([safe_cell(cell) for cell in cells])
    return line.getvalue().encode()


def leading_mark(request: Request) -> bytes:
    """What the file begins with: the byte order mark, unless `bom=0` leaves it out."""
    return b"" if request.query_params.get("bom") == "0" else BYTE_ORDER_MARK.encode()


async def encode_lines(lines: AsyncIterator[Sequence[object]], mark: bytes = b"") -> AsyncIterator[bytes]:
    """The file line by line, behind its mark."""
    if mark:
        yield mark
    async for cells in lines:
        yield csv_line(cells)


async def rows_of(first: Sequence[T], rest: AsyncIterator[Sequence[T]]) -> AsyncIterator[T]:
    """The rows of pages of which the first was read already, so that a refusal is still one."""
    for row in first:
        yield row
    async for page in rest:
        for row in page:
            yield row


def download_headers(name: str, language: Language) -> dict[str, str]:
    """The headers of a file for the person who is signed in."""
    return {
        **EVERY_ANSWER,
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Language": language.value,
        "Vary": "Accept-Language, Authorization, Cookie",
    }
