"""The keys that a dry run of an import has seen, in a temporary file that the system deletes by itself.

SQLite keeps a database without a name on the disk and not in memory, so a dry run over millions of rows needs no more
memory than one over a thousand. It holds numbers and blind indexes only.
"""

import sqlite3
from collections.abc import Iterable, Mapping

_CHUNK = 500


class Scratch:
    """Pairs of texts, for one dry run."""

    def __init__(self) -> None:
        self._pairs = sqlite3.connect("", isolation_level=None)
        self._pairs.execute("CREATE TABLE pairs (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID")

    def find_values(self, keys: Iterable[str]) -> dict[str, str]:
        """The values of those keys that are there."""
        wanted = list(dict.fromkeys(keys))
        pairs: dict[str, str] = {}
        for start in range(0, len(wanted), _CHUNK):
            chunk = wanted[start : start + _CHUNK]
            marks = ",".join("?" * len(chunk))
            pairs.update(self._pairs.execute(f"SELECT key, value FROM pairs WHERE key IN ({marks})", chunk))  # noqa: S608 - question marks only
        return pairs

    def add(self, pairs: Mapping[str, str]) -> None:
        """Keep pairs; a key that is there keeps its value."""
        self._pairs.execute("BEGIN")
        self._pairs.executemany("INSERT OR IGNORE INTO pairs VALUES (?, ?)", pairs.items())
        self._pairs.execute("COMMIT")

    def close(self) -> None:
        """Close the file, which deletes it."""
        self._pairs.close()
