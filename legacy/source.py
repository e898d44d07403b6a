"""Reads the rows of a JSON Lines or CSV file from any position, in constant memory."""

import csv
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO

from legacy.applications import Fault
from legacy.cells import COLUMNS, REQUIRED

LONGEST_ROW = 256 * 1024
"""Bytes of one row; a longer one is left out."""
_CHUNK = 1 << 20
_BOM = b"\xef\xbb\xbf"


class NotOldData(Exception):
    """The file cannot be imported at all; the text says why in one line."""


class RowFormat(StrEnum):
    """How rows are written."""

    CSV = "CSV"
    JSON_LINES = "JSON_LINES"


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One row. `row` counts from 1: lines in JSON Lines, rows below the head in CSV. `end` is where the next begins."""

    row: int
    end: int
    cells: Mapping[str, Any] | None
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class OldData:
    """A file of old data that was looked at: its length in bytes and its content by hash."""

    path: Path
    format: RowFormat
    size: int
    sha256: str


def look_at(path: Path, tell: Callable[[int, int], None] | None = None) -> OldData:
    """Read the file through once, so that a bookmark belongs to its content. Raises NotOldData, OSError."""
    digest, size, done = hashlib.sha256(), path.stat().st_size, 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            done += len(chunk)
            if tell is not None:
                tell(done, size)
    kind = RowFormat.CSV if path.suffix.lower() == ".csv" else RowFormat.JSON_LINES
    if kind is RowFormat.CSV:
        with path.open("rb") as file:
            _head(file)
    return OldData(path, kind, size, digest.hexdigest())


def rows_of(data: OldData, *, start: int, done: int) -> Iterator[SourceRow]:
    """The rows from an octet on, which follow on so many rows. Raises OSError."""
    with data.path.open("rb") as file:
        if data.format is RowFormat.CSV:
            head = _head(file)
            file.seek(start or file.tell())
            yield from _csv_rows(file, head, done)
            return
        if not start and file.read(len(_BOM)) != _BOM:
            start = 0
            file.seek(0)
        elif start:
            file.seek(start)
        yield from _json_rows(file, done)


def _json_rows(file: BinaryIO, done: int) -> Iterator[SourceRow]:
    row = done
    while line := file.readline(LONGEST_ROW + 1):
        row += 1
        if len(line) > LONGEST_ROW and not line.endswith(b"\n"):
            _skip_line(file)
            yield SourceRow(row, file.tell(), None, Fault.ROW_TOO_LONG)
        elif line.strip():
            cells = _object_in(line)
            yield SourceRow(row, file.tell(), cells, None if cells is not None else Fault.ROW_NOT_READABLE)


def _object_in(line: bytes) -> Mapping[str, Any] | None:
    try:
        value = json.loads(line.decode("utf-8"), parse_constant=_refuse, object_pairs_hook=_unique_pairs)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


def _unique_pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is there twice")
    return found


def _csv_rows(file: BinaryIO, head: list[str], done: int) -> Iterator[SourceRow]:
    """Each row by itself: behind a broken one, as by a quotation mark that stays open, the next line begins anew."""
    row = done
    while True:
        begun, lines = file.tell(), _Lines(file)
        try:
            cells = next(csv.reader(lines, strict=True), None)
            fault = None if cells is None or len(cells) == len(head) else Fault.ROW_NOT_READABLE
        except (csv.Error, UnicodeDecodeError):
            cells, fault = [], Fault.ROW_NOT_READABLE
        except _TooLong:
            cells, fault = [], Fault.ROW_TOO_LONG
        if cells is None:
            return
        if fault is not None and lines.after_first > begun:
            file.seek(lines.after_first)
        if cells or fault:
            row += 1
            yield SourceRow(row, file.tell(), None if fault else dict(zip(head, cells, strict=True)), fault)


class _TooLong(Exception):
    """A row continues beyond what is read."""


class _Lines:
    """The lines of one row, as csv asks for them."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._read = 0
        self.after_first = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._file.readline(LONGEST_ROW + 1)
        if not line:
            raise StopIteration
        self._read += len(line)
        if len(line) > LONGEST_ROW:
            _skip_line(self._file)
        self.after_first = self.after_first or self._file.tell()
        if self._read > LONGEST_ROW:
            raise _TooLong
        return line.decode("utf-8")


def _skip_line(file: BinaryIO) -> None:
    while (piece := file.readline(LONGEST_ROW)) and not piece.endswith(b"\n"):
        pass


def _head(file: BinaryIO) -> list[str]:
    """The names of the columns, with the file behind them. Raises NotOldData."""
    line = file.readline(LONGEST_ROW).removeprefix(_BOM)
    try:
        head = [name.strip() for name in next(csv.reader([line.decode("utf-8")], strict=True), [])]
    except (csv.Error, UnicodeDecodeError):
        raise NotOldData("the head of the file cannot be read as CSV in UTF-8") from None
    unknown = [name for name in head if name not in COLUMNS]
    if unknown:
        raise NotOldData(f"there is no column {unknown[0][:40]!r}; docs/import.md has the list")
    if len(set(head)) != len(head):
        raise NotOldData("a column is there twice")
    missing = [name for name in REQUIRED if name not in head]
    if missing:
        raise NotOldData(f"the column {missing[0]} is missing")
    return head
