"""Reads the cells of the catalogue's files and reports errors by file, row, field and reason."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeVar, cast

from domain.kernel import Bilingual, Problem, Problems, is_plain_line, paise_from_rupees

Row = Mapping[str, str]
FileRow = Mapping[str, str | None]
"""A row of a file that may be cut short."""
T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

LONGEST_NAME = 300
"""Characters of a name or a slug."""
LONGEST_TEXT = 4000
LONGEST_KEY = 100
"""Characters of a code or a slug, which stand in addresses."""
MOST_DAYS = 3650
MOST_PAISE = 10**11
MOST_PROBLEMS = 20
"""Problems that are reported of one file."""
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*", re.ASCII)
FIRST_ROW = 2
"""The line of a file's first row, under its heading."""

REASONS: Mapping[str, str] = {
    "MISSING": "is missing",
    "NO_CELL": "has no cell: the row is too short",
    "TOO_MANY_CELLS": "the row has more cells than the heading",
    "NOT_A_NUMBER": "is not a whole number",
    "NOT_AN_AMOUNT": "is not an amount of rupees",
    "OUT_OF_RANGE": "is too large or below zero",
    "TOO_LONG": "is too long",
    "NOT_PLAIN": "holds a line break, a character of direction or zero width, or another one that cannot be shown",
    "NOT_A_KEY": "may hold only Latin letters, digits, dots, hyphens and underscores, at most 100",
    "NOT_YES_OR_NO": "is neither yes nor no",
    "NOT_KNOWN": "names something that is not there",
    "NOT_AN_ADDRESS": "is not an address that begins with https:// or tel:",
    "NOT_THE_SAME_NUMBER": "has not as many parts as its English twin",
    "ONLY_HAND_OVER": "is said of services of the kind HAND_OVER alone",
    "NOT_A_DATE": "is not a date YYYY-MM-DD",
    "TWICE": "occurs twice",
    "NOT_TEXT": "is not a text",
    "NOT_A_LIST": "is not a list",
    "NOT_AN_OBJECT": "is not an object",
    "NOT_WHOLE_DAYS": "is not a number of whole days",
    "LEFT_AS_IS": "has a row for it that was refused, so it stays as it is",
}
"""What each reason of a reject means, for a person."""


class CellWrong(ValueError):
    """A cell that cannot be taken over; `reason` is a key of REASONS."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field} {REASONS[reason]}")
        self.field = field
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that is left out: of which file, in which line, which one, and what is wrong with it."""

    file: str
    row: int
    key: str
    field: str
    reason: str

    @property
    def words(self) -> str:
        """The reject in one line, for a person."""
        return f"{self.file}, row {self.row} ({self.key or 'without a key'}): {self.field} {REASONS[self.reason]}"


class RowReader:
    """Reads rows one by one: invalid ones go to `rejects`, the rest continues; `lines` holds where each row stood."""

    def __init__(self) -> None:
        self.rejects: list[Reject] = []
        self.lines: dict[tuple[str, str], int] = {}

    def read_rows(
        self, file: str, rows: Iterable[Row], key: Callable[[Row], str], read: Callable[[Row], T]
    ) -> Iterator[tuple[int, T]]:
        """The values of the rows that can be read, with the line of each; a key that occurs twice is refused."""
        seen: set[str] = set()
        for line, row in enumerate(rows, FIRST_ROW):
            name = ""
            try:
                refuse_wrong_width(row)
                name = key(row)
                _refuse_twin(name, seen)
                self.lines[file, name] = line
                value = read(row)
            except CellWrong as wrong:
                self.rejects.append(Reject(file, line, name, wrong.field, wrong.reason))
            else:
                yield line, value

    def refused_keys(self, file: str) -> frozenset[str]:
        """The keys of the rows of a file that were refused so far."""
        return frozenset(reject.key for reject in self.rejects if reject.file == file and reject.key)


def read_whole(
    rows: Sequence[FileRow],
    key: Callable[[Row], str],
    read: Callable[[Row], T],
    *,
    columns: Iterable[str],
    faults: Mapping[str, str],
    problem: Callable[[int, str], Problem],
) -> list[T]:
    """The values of a file of which every row must be right; a cell that a row lacks is empty.

    Raises Problems, one for each of the first rows that are wrong: `problem` makes it of the line, and of COLUMNS where
    one is missing, TWICE where a key is there already, or what `faults` says of the cell that is wrong.
    """
    complete = [{name: cell or "" for name, cell in row.items() if name} for row in rows]
    sieve = RowReader()
    values = [value for _, value in sieve.read_rows("", complete, key, read)]
    lacking = {line for line, row in enumerate(rows, FIRST_ROW) if not row.keys() >= set(columns)}
    wrong = {one.row: faults.get(one.field, "TWICE") for one in sieve.rejects} | dict.fromkeys(lacking, "COLUMNS")
    if wrong:
        raise Problems(*(problem(line, wrong[line]) for line in sorted(wrong)[:MOST_PROBLEMS]))
    return values


def _refuse_twin(name: str, seen: set[str]) -> None:
    if name in seen:
        raise CellWrong("key", "TWICE")
    seen.add(name)


def refuse_wrong_width(row: Row) -> None:
    """Raise CellWrong where a row has other cells than the heading."""
    cells = cast("Mapping[str | None, object]", row)  # as csv.DictReader gives what does not fit
    if None in cells:
        raise CellWrong("row", "TOO_MANY_CELLS")
    short = next((field for field, cell in cells.items() if cell is None), None)
    if short is not None:
        raise CellWrong(short, "NO_CELL")


def text(row: Row, field: str, longest: int = LONGEST_TEXT) -> str | None:
    """The text of a cell without spaces around it; None where it is empty or the file has no such column."""
    found = (row.get(field) or "").strip()
    if len(found) > longest:
        raise CellWrong(field, "TOO_LONG")
    if not is_plain_line(found):
        raise CellWrong(field, "NOT_PLAIN")
    return found or None


def key_text(row: Row, field: str) -> str | None:
    """A code or a slug, which stands in addresses; None where the cell is empty."""
    found = text(row, field)
    if found is not None and (len(found) > LONGEST_KEY or _KEY.fullmatch(found) is None):
        raise CellWrong(field, "NOT_A_KEY")
    return found


def required_text(row: Row, field: str, longest: int = LONGEST_NAME) -> str:
    """The text of a cell that must not be empty."""
    found = text(row, field, longest)
    if found is None:
        raise CellWrong(field, "MISSING")
    return found


def whole_number(row: Row, field: str, most: int = MOST_DAYS) -> int | None:
    """A whole number from 0; None where the cell is empty, which is never zero."""
    found = text(row, field)
    if found is None:
        return None
    try:
        number = int(found)
    except ValueError:
        raise CellWrong(field, "NOT_A_NUMBER") from None
    if not 0 <= number <= most:
        raise CellWrong(field, "OUT_OF_RANGE")
    return number


def bilingual_name(row: Row) -> Bilingual:
    """The name of a row, in English at least."""
    return Bilingual(text(row, "name_hi"), required_text(row, "name_en"))


def day_of(said: str, field: str) -> date:
    """A day, written YYYY-MM-DD; raises CellWrong."""
    try:
        return date.fromisoformat(said)
    except ValueError:
        raise CellWrong(field, "NOT_A_DATE") from None


def paise(row: Row, field: str) -> int | None:
    """An amount of rupees in paise; None where the cell is empty, 0 where a source says free."""
    rupees = text(row, field)
    if rupees is None:
        return None
    try:
        found = paise_from_rupees(rupees)
    except (ValueError, ArithmeticError):
        raise CellWrong(field, "NOT_AN_AMOUNT") from None
    if not 0 <= found <= MOST_PAISE:
        raise CellWrong(field, "OUT_OF_RANGE")
    return found


def yes_or_no(row: Row, field: str) -> bool | None:
    """True or False; None where the cell is empty."""
    found = text(row, field)
    if found not in (None, "yes", "no"):
        raise CellWrong(field, "NOT_YES_OR_NO")
    return None if found is None else found == "yes"


def is_verified(row: Row) -> bool:
    """Whether the row says that it was verified (docs/catalogue.md)."""
    return yes_or_no(row, "verified") is True


def cell_parts(row: Row, field: str) -> tuple[str, ...]:
    """The parts of a cell between semicolons."""
    return tuple(part.strip() for part in (text(row, field) or "").split(";") if part.strip())


def words(row: Row, field: str, kind: type[E]) -> tuple[E, ...]:
    """The parts of a cell that are words of a list."""
    return tuple(word(part, field, kind) for part in cell_parts(row, field))


def word(said: str, field: str, kind: type[E]) -> E:
    """A word of a list; raises CellWrong for another one."""
    try:
        return kind(said)
    except ValueError:
        raise CellWrong(field, "NOT_KNOWN") from None
