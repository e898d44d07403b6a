"""The list of rows that an import rejected, as CSV or JSON Lines, without any content of the rows."""

import csv
import io
import json
import os
from collections.abc import Sequence
from pathlib import Path

from legacy.applications import MEANINGS, Reject

HEAD = ("row", "number", "field", "code", "reason")


class RejectsLost(Exception):
    """An import continues, and the list of what it has left out so far is not there."""


class RejectsFile:
    """A file of which the import's bookmark knows the length: what is beyond belongs to an interrupted batch."""

    def __init__(self, path: Path, *, length: int) -> None:
        """`length` is what the bookmark says; 0 begins anew. Raises RejectsLost, OSError."""
        self._as_json = path.suffix.lower() in (".jsonl", ".json")
        self.path = path
        self.length = length
        there = path.stat().st_size if path.exists() else 0
        if there < length:
            raise RejectsLost(f"{path} is shorter than it was; hand over the same file of rejects, or begin anew")
        self._file = path.open("r+b" if path.exists() else "w+b")
        if not length:
            self.length = self.write(0, "" if self._as_json else _csv([HEAD]))

    def add(self, start: int, rejects: Sequence[Reject]) -> int:
        """Write the rows of a batch from a place on, through to the disk; gives the length after them."""
        if not rejects and start == self.length:
            return start
        rows = [
            (one.row, one.number or "", one.field, one.fault.value, MEANINGS[one.fault])
            for one in sorted(rejects, key=lambda one: (one.row, one.field, one.fault))
        ]
        self.length = self.write(start, "".join(map(_json, rows)) if self._as_json else _csv(rows))
        return self.length

    def write(self, start: int, text: str) -> int:
        """Cut the file at a place and go on there."""
        self._file.seek(start)
        self._file.truncate()
        self._file.write(text.encode())
        self._file.flush()
        os.fsync(self._file.fileno())
        return self._file.tell()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _csv(rows: Sequence[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _json(row: Sequence[object]) -> str:
    return json.dumps(dict(zip(HEAD, row, strict=True)), ensure_ascii=False) + "\n"
