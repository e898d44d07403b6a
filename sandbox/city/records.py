"""A sandbox's storage: its state and its request ledger, in SQLite files that survive kill -9."""

import hashlib
import json
import sqlite3
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from domain.kernel import Clock


class Database:
    """One SQLite file in write-ahead mode. Each statement is a transaction of its own."""

    def __init__(self, path: Path, schema: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
        path.chmod(0o600)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.execute(schema)

    def run(self, statement: str, *values: object) -> tuple[list[tuple[Any, ...]], int]:
        """The rows of one statement, and how many rows it changed."""
        with self._lock:
            cursor = self._connection.execute(statement, values)
            return cursor.fetchall(), cursor.rowcount

    def close(self) -> None:
        """Close the file. A process that is killed instead loses nothing that was written."""
        with self._lock:
            self._connection.close()


class State:
    """Values of a sandbox by kind and key, at `folder`/state.db. A value is a mapping that JSON can hold.

    Calls are synchronous and short. A handler that reads and writes without an `await` in between is
    atomic, since all sandboxes run in one event loop.
    """

    def __init__(self, folder: Path) -> None:
        self._database = Database(
            folder / "state.db",
            "CREATE TABLE IF NOT EXISTS item (kind TEXT, key TEXT, value TEXT NOT NULL, PRIMARY KEY (kind, key))",
        )

    def get(self, kind: str, key: str) -> dict[str, Any] | None:
        """The value, or None."""
        rows, _ = self._database.run("SELECT value FROM item WHERE kind = ? AND key = ?", kind, key)
        return _first_value(rows)

    def put(self, kind: str, key: str, value: Mapping[str, Any]) -> None:
        """Write a value over any earlier one."""
        self._database.run("INSERT OR REPLACE INTO item VALUES (?, ?, ?)", kind, key, _text(value))

    def add(self, kind: str, key: str, value: Mapping[str, Any]) -> bool:
        """Write a value where none is; False where one is already there, which then stays."""
        _, changed = self._database.run("INSERT OR IGNORE INTO item VALUES (?, ?, ?)", kind, key, _text(value))
        return changed == 1

    def take(self, kind: str, key: str) -> dict[str, Any] | None:
        """Remove a value and return it, in one step; None where it was not there. For single use codes."""
        rows, _ = self._database.run("DELETE FROM item WHERE kind = ? AND key = ? RETURNING value", kind, key)
        return _first_value(rows)

    def values_of(self, kind: str) -> dict[str, dict[str, Any]]:
        """Every value of a kind by key, in the order of the keys."""
        rows, _ = self._database.run("SELECT key, value FROM item WHERE kind = ? ORDER BY key", kind)
        return {key: json.loads(value) for key, value in rows}

    def get_or_create(self, kind: str, key: str, make: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
        """The value, made on the first call and the same ever after. For keys and client secrets."""
        found = self.get(kind, key)
        if found is None:
            self.add(kind, key, make())
            found = self.get(kind, key)
        if found is None:
            raise AssertionError("a value that was just added is there")
        return found

    def close(self) -> None:
        """Close the file."""
        self._database.close()


class Ledger:
    """Every request that a sandbox received, at `folder`/ledger.db, so that a test can check exactly-once.

    It holds no body, only its SHA-256, and a route is a pattern without the values of its parameters.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._clock = clock
        self._database = Database(
            folder / "ledger.db",
            "CREATE TABLE IF NOT EXISTS entry (seq INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL,"
            " method TEXT NOT NULL, route TEXT NOT NULL, key TEXT, body_sha256 TEXT NOT NULL, effect TEXT)",
        )

    def record(self, method: str, route: str, key: str | None, body: bytes, effect: str | None) -> int:
        """Write one entry and return its sequence number."""
        rows, _ = self._database.run(
            "INSERT INTO entry (at, method, route, key, body_sha256, effect) VALUES (?, ?, ?, ?, ?, ?) RETURNING seq",
            self._clock.now().isoformat(timespec="milliseconds"),
            method,
            route,
            key,
            hashlib.sha256(body).hexdigest(),
            effect,
        )
        return int(rows[0][0])

    def finish(self, seq: int, key: str | None, effect: str | None) -> None:
        """Add what the handler said about an entry that was recorded when its request arrived."""
        self._database.run("UPDATE entry SET key = ?, effect = ? WHERE seq = ?", key, effect, seq)

    def entries(self, after: int = 0) -> list[dict[str, Any]]:
        """Entries with a greater sequence number, oldest first, named as the control route shows them."""
        rows, _ = self._database.run(
            "SELECT seq, at, method, route, key, body_sha256, effect FROM entry WHERE seq > ? ORDER BY seq", after
        )
        names = ("seq", "at", "method", "route", "key", "bodySha256", "effect")
        return [dict(zip(names, row, strict=True)) for row in rows]

    def close(self) -> None:
        """Close the file."""
        self._database.close()


def _text(value: Mapping[str, Any]) -> str:
    return json.dumps(dict(value), ensure_ascii=False, separators=(",", ":"))


def _first_value(rows: list[tuple[Any, ...]]) -> dict[str, Any] | None:
    if not rows:
        return None
    value: dict[str, Any] = json.loads(rows[0][0])
    return value
