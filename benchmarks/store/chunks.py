"""Rows that are written together."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Table

from domain.statistics.figures import Mark

Rows = list[dict[str, Any]]


@dataclass
class Chunk:
    """The rows of some applications by table, in the order of foreign keys, and what they add to sums."""

    tables: dict[Table, Rows] = field(default_factory=dict)
    marks: Counter[Mark] = field(default_factory=Counter)

    def add(self, table: Table, row: dict[str, Any]) -> None:
        """Keep a row."""
        self.tables.setdefault(table, []).append(row)
