"""What this process keeps of rows that rarely change, for as long as it surely knows of each change."""

from collections import OrderedDict
from collections.abc import Hashable, Iterable, Mapping
from enum import Enum
from typing import Any

from sqlalchemy import BigInteger, Column, Table

from domain.kernel import Clock
from store.database.metadata import metadata
from store.database.types import Key

HOLDS_SECONDS = 1.0
"""How long what is kept is gone by after the numbers of changes were asked for: others may have written since."""

MOST_KEPT = 5000
"""Objects, those in lists too; of a service they take about 3 KiB."""

versions_table = Table(
    "switch_version", metadata, Column("board", Key, primary_key=True), Column("version", BigInteger, nullable=False)
)
"""The number of changes of each board; named after the switches, which had one first."""


class Board(Enum):
    """What bears a number of its changes, by its key in the store."""

    SWITCHES = "switches"
    CATALOGUE = "catalogue"
    """Services with their forms and strengths, departments, places, schemes, and which calendar is the last."""
    CALENDAR = "calendar"
    MANIFESTS = "manifests"


class KeptReads:
    """What was read of the catalogue, by what was asked; what was not used for longest is forgotten first.

    Nothing is kept or given unless somebody asks the store for the numbers of changes again and again (`confirm`).
    """

    def __init__(self, clock: Clock, most: int = MOST_KEPT) -> None:
        self._clock, self._most = clock, most
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._size = 0
        self._versions: Mapping[Board, int] = {}
        self._asked_at: float | None = None
        self.changes = 0
        """How often all was forgotten; what was read before the last time is not kept."""

    def __len__(self) -> int:
        return len(self._kept)

    def version(self, board: Board) -> int | None:
        """The number of changes of a board; None where it was not asked for within the last second."""
        return self._versions.get(board, 0) if self._holds() else None

    def confirm(self, versions: Mapping[Board, int], asked_at: float) -> None:
        """Take over the numbers that were asked for at an instant of the monotonic clock."""
        if versions.get(Board.CATALOGUE) != self._versions.get(Board.CATALOGUE):
            self.forget()
        self._versions, self._asked_at = versions, asked_at

    def find(self, what: Hashable, keys: Iterable[Hashable]) -> dict[Any, Any]:
        """What is kept of a kind for these keys; the others are left out."""
        found: dict[Any, Any] = {}
        if self._kept and self._holds():
            for key in keys:
                value = self._kept.get((what, key))
                if value is not None:
                    self._kept.move_to_end((what, key))
                    found[key] = value
        return found

    def keep(self, what: Hashable, read: Mapping[Any, Any], changes: int) -> None:
        """Keep what a transaction read that began when `changes` were counted, unless something changed since."""
        if changes != self.changes or not self._holds():
            return
        for key, value in read.items():
            self._size += _size_of(value) - _size_of(self._kept.pop((what, key), ()))
            self._kept[what, key] = value
        while self._size > self._most:
            self._size -= _size_of(self._kept.popitem(last=False)[1])

    def forget(self) -> None:
        """Forget all, since the catalogue changed."""
        self.changes += 1
        self._kept.clear()
        self._size = 0

    def _holds(self) -> bool:
        return self._asked_at is not None and self._clock.monotonic() - self._asked_at <= HOLDS_SECONDS


def _size_of(value: Any) -> int:
    return len(value) if isinstance(value, list | tuple) else 1
