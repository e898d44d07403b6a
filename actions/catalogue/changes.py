"""Compares an import of the catalogue with the store, entry by entry and field by field."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any, Protocol

from actions.catalogue.cells import Reject
from domain.catalogue.catalogue import Department, District, Scheme, Service, Tehsil
from domain.kernel import Bilingual

Entry = Service | Department | District | Tehsil | Scheme
_NOT_COMPARED = frozenset({"id", "version"})


class ProgressCallback(Protocol):
    """Receives the progress: how many services of how many are written."""

    def __call__(self, done: int, total: int, /) -> None:
        """Take the two numbers."""


@dataclass(frozen=True, slots=True)
class Change:
    """An entry that is new (no fields) or differs: old and new value by the name of the field."""

    kind: str
    key: str
    name: str
    fields: Mapping[str, tuple[Any, Any]]

    @property
    def is_new(self) -> bool:
        """Whether the store does not have the entry yet."""
        return not self.fields

    def as_json(self) -> dict[str, Any]:
        changed = {name: {"from": old, "to": new} for name, (old, new) in self.fields.items()}
        return {"kind": self.kind, "key": self.key, "name": self.name, "fields": changed}

    def line(self) -> str:
        """The change in one line, for a person."""
        if self.is_new:
            return f"+ {self.kind} {self.key} {self.name}"
        words = "; ".join(f"{name}: {_short(old)} -> {_short(new)}" for name, (old, new) in self.fields.items())
        return f"~ {self.kind} {self.key} {self.name}: {words}"


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did, or would do: changes, entries that stay as they are, and rows that were left out.

    `absent` are services that the store has and the import does not name; they stay.
    """

    changes: tuple[Change, ...]
    unchanged: int
    absent: tuple[str, ...]
    rejects: tuple[Reject, ...]
    dry_run: bool

    def as_json(self) -> dict[str, Any]:
        """The whole as JSON."""
        return {
            "dryRun": self.dry_run,
            "added": [change.as_json() for change in self.changes if change.is_new],
            "changed": [change.as_json() for change in self.changes if not change.is_new],
            "unchanged": self.unchanged,
            "absent": list(self.absent),
            "rejects": [asdict(each) for each in self.rejects],
        }

    def lines(self) -> list[str]:
        """The whole for a person."""
        added = sum(change.is_new for change in self.changes)
        done = "would be" if self.dry_run else "were"
        told = f"{added} added, {len(self.changes) - added} changed, {self.unchanged} as they are"
        left = f"; {len(self.absent)} services are not named and stay" if self.absent else ""
        refused = f"; {len(self.rejects)} rows were left out" if self.rejects else ""
        return [*(change.line() for change in self.changes), f"entries {done}: {told}{left}{refused}"]


def changes_of(kind: str, key: str, known: Iterable[Entry], given: Sequence[Entry]) -> tuple[list[Change], int]:
    """The changes of one kind of entry, and how many stay as they are; `key` is the field that names an entry."""
    held = {getattr(entry, key): entry for entry in known}
    found, same = [], 0
    for entry in given:
        before = held.get(getattr(entry, key))
        changed = {} if before is None else _changed_fields(before, entry)
        if before is None or changed:
            found.append(Change(kind, getattr(entry, key), entry.name.en, changed))
        else:
            same += 1
    return found, same


def _changed_fields(before: Entry, after: Entry) -> dict[str, tuple[Any, Any]]:
    names = [part.name for part in fields(before) if part.name not in _NOT_COMPARED]
    pairs = {name: (getattr(before, name), getattr(after, name)) for name in names}
    return {name: (_plain(old), _plain(new)) for name, (old, new) in pairs.items() if old != new}


def _plain(value: Any) -> Any:
    """A value as JSON takes it."""
    if isinstance(value, Bilingual):
        return {"hi": value.hi, "en": value.en}
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if hasattr(value, "__dataclass_fields__"):
        return {part.name: _plain(getattr(value, part.name)) for part in fields(value)}
    return value


def _short(value: Any) -> str:
    words = "nothing" if value is None else str(value)
    return words if len(words) <= 80 else f"{words[:77]}..."
