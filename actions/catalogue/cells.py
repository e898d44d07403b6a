"""Rows of the catalogue's files as models, and errors by file, row, field and reason.

A file's columns are the fields of its model. An empty cell is as one that is not there: it has the default of its
field, and is MISSING where the field has none.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Self, TypeVar, cast

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from domain.kernel import Bilingual, Problem, Problems, is_plain_line, latin_digits, paise_from_rupees

Row = Mapping[str, str]
FileRow = Mapping[str, str | None]
"""A row of a file that may be cut short."""
T = TypeVar("T")

LONGEST_NAME = 300
"""Characters of a name or a slug."""
LONGEST_TEXT = 4000
MOST_DAYS = 3650
MOST_PAISE = 10**11
MOST_PROBLEMS = 20
"""Problems that are reported of one file."""
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
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

_REASONS_OF_TYPES: Mapping[str, str] = {
    "missing": "MISSING",
    "enum": "NOT_KNOWN",
    "string_too_long": "TOO_LONG",
    "string_pattern_mismatch": "NOT_A_KEY",
    "bool_parsing": "NOT_YES_OR_NO",
    "int_parsing": "NOT_A_NUMBER",
    "int_parsing_size": "OUT_OF_RANGE",
    "greater_than_equal": "OUT_OF_RANGE",
    "less_than_equal": "OUT_OF_RANGE",
}
"""The reason for each type of pydantic's errors that cells may have; the types of our own are reasons."""


class CellWrong(ValueError):
    """A cell that cannot be taken over; `reason` is a key of REASONS, of the officers' file one of their own texts."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field} {REASONS.get(reason, reason)}")
        self.field = field
        self.reason = reason


def _plain(said: str) -> str:
    if not is_plain_line(said):
        raise PydanticCustomError("NOT_PLAIN", "not a plain line")
    return said


def _day(said: str) -> date:
    try:
        if _DAY.fullmatch(said):
            return date.fromisoformat(said)
    except ValueError:
        pass
    raise PydanticCustomError("NOT_A_DATE", "not a date")


def _paise(said: str) -> int:
    try:
        return paise_from_rupees(said)
    except (ValueError, ArithmeticError):
        raise PydanticCustomError("NOT_AN_AMOUNT", "not an amount") from None


def parts_of_cell(said: str) -> tuple[str, ...]:
    """The parts of a cell between semicolons."""
    if len(said) > LONGEST_TEXT:
        raise PydanticCustomError("TOO_LONG", "too long")
    return tuple(part for each in said.split(";") if (part := each.strip()))


Text = Annotated[str, Field(max_length=LONGEST_TEXT), AfterValidator(_plain)]
Name = Annotated[str, Field(max_length=LONGEST_NAME), AfterValidator(_plain)]
Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
"""A code or a slug, which stands in addresses."""
Digits = BeforeValidator(latin_digits)
"""Before a whole number, which may be written in Devanagari digits."""
Days = Annotated[int, Field(ge=0, le=MOST_DAYS), Digits]
Day = Annotated[date, BeforeValidator(_day)]
"""A day, written YYYY-MM-DD."""
Paise = Annotated[int, Field(ge=0, le=MOST_PAISE, json_schema_extra={"format": "rupees"}), BeforeValidator(_paise)]
"""An amount that is written in rupees; 0 where a source says free."""
Upper = BeforeValidator(str.upper)
"""Before a word of a list that may be written in letters of any size."""
Parts = BeforeValidator(parts_of_cell)
"""Before a tuple that is written with semicolons."""
Texts = Annotated[tuple[Text, ...], Parts]


class RowModel(BaseModel):
    """A row of a file; columns that are no field are not read."""

    model_config = ConfigDict(frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _without_empty_cells(cls, row: FileRow) -> Row:
        return {name: said for name, cell in row.items() if (said := (cell or "").strip())}

    @classmethod
    def from_row(cls, row: FileRow) -> Self:
        """The values of a row; raises CellWrong for the first cell that does not fit."""
        try:
            return cls.model_validate(row)
        except ValidationError as error:
            wrong = error.errors(include_url=False, include_input=False)[0]
        own = wrong.get("ctx", {}).get("error")
        if isinstance(own, CellWrong):
            raise own
        raise CellWrong(str(wrong["loc"][0]), _REASONS_OF_TYPES.get(wrong["type"], wrong["type"]))


class NamedRow(RowModel):
    """A row with a name, in English at least."""

    name_en: Name
    name_hi: Text | None = None

    @property
    def name(self) -> Bilingual:
        """The name in both languages."""
        return Bilingual(self.name_hi, self.name_en)


class SourcedRow(RowModel):
    """A row that says what it rests on, and whether it was verified (docs/catalogue.md)."""

    source: Text = ""
    verified: bool = False


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
        """The values of the rows that can be read, with the line of each; a key that occurs twice is refused.

        `key` is asked of the row as it is written, so that it is told of a row that is wrong; it is empty where
        nothing names the row.
        """
        seen: set[str] = set()
        for line, row in enumerate(rows, FIRST_ROW):
            name = key(row)
            try:
                _refuse_wrong_width(row)
                _refuse_twin(name, seen)
                self.lines[file, name] = line
                value = read(row)
            except CellWrong as wrong:
                shown = name if is_plain_line(name) and len(name) <= LONGEST_NAME else ""
                self.rejects.append(Reject(file, line, shown, wrong.field, wrong.reason))
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


def cell(row: FileRow, field: str) -> str:
    """A cell as it is written, without spaces around it; empty where the file has no such column."""
    return (row.get(field) or "").strip()


def _refuse_twin(name: str, seen: set[str]) -> None:
    if name and name in seen:
        raise CellWrong("key", "TWICE")
    seen.add(name)


def _refuse_wrong_width(row: Row) -> None:
    """Raise CellWrong where a row has other cells than the heading."""
    cells = cast("Mapping[str | None, object]", row)  # as csv.DictReader gives what does not fit
    if None in cells:
        raise CellWrong("row", "TOO_MANY_CELLS")
    short = next((field for field, cell in cells.items() if cell is None), None)
    if short is not None:
        raise CellWrong(short, "NO_CELL")
