"""The PFMS sandbox's storage: encrypted folders of files, and its records in SQLite.

Files hold Aadhaar numbers and accounts, so all are sealed. The records have of an Aadhaar number and of an account
an HMAC and the last four digits, and no name.
"""

import os
import posixpath
import sqlite3
import tempfile
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

OUT_KINDS = ("beneficiary-request", "payment-request")
IN_KINDS = ("beneficiary-response", "payment-ack", "bank-status", "apbs-return", "daily-statement", "dsc-enrolment")
FOLDERS = ("out", "in", "archive", "failed")
_NONCE, _TAG = 12, 16


class SealedFiles:
    """Files by path, such as `/in/payment-ack/x.xml`, each sealed with AES-GCM. Survives kill -9."""

    def __init__(self, folder: Path, key: bytes) -> None:
        self._folder = folder
        self._cipher = AESGCM(key)
        for kind in (*OUT_KINDS, *IN_KINDS):
            for name in ("out" if kind in OUT_KINDS else "in", "archive", "failed"):
                (folder / name / kind).mkdir(parents=True, exist_ok=True)

    def put(self, path: str, content: bytes) -> None:
        """Write a file whole."""
        target = self._local(path)
        nonce = os.urandom(_NONCE)
        handle, temporary = tempfile.mkstemp(dir=self._folder)
        with os.fdopen(handle, "wb") as file:
            file.write(nonce + self._cipher.encrypt(nonce, content, b""))
        Path(temporary).replace(target)

    def get(self, path: str) -> bytes | None:
        """A file whole; None where there is none."""
        try:
            sealed = self._local(path).read_bytes()
        except (FileNotFoundError, IsADirectoryError):
            return None
        return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], b"")

    def size(self, path: str) -> int | None:
        """Bytes of a file; None where there is none."""
        target = self._local(path)
        return target.stat().st_size - _NONCE - _TAG if target.is_file() else None

    def is_folder(self, path: str) -> bool:
        """Whether a path names a folder."""
        return self._local(path).is_dir()

    def names(self, path: str) -> list[str]:
        """The files of a folder, sorted; none where there is no such folder."""
        folder = self._local(path)
        return sorted(entry.name for entry in folder.iterdir() if entry.is_file()) if folder.is_dir() else []

    def remove(self, path: str) -> None:
        """Delete a file that is there."""
        self._local(path).unlink()

    def take_away(self, path: str) -> None:
        """Remove a folder that is empty."""
        self._local(path).rmdir()

    def move(self, path: str, target: str) -> None:
        """Rename; FileExistsError where the name is taken."""
        if self.size(target) is not None:
            raise FileExistsError
        self._local(path).rename(self._local(target))

    def _local(self, path: str) -> Path:
        plain = posixpath.normpath(f"/{path}").lstrip("/")
        return self._folder / plain


_SCHEMA = """
CREATE TABLE IF NOT EXISTS arrival (path TEXT PRIMARY KEY, at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS message (id TEXT PRIMARY KEY, kind TEXT NOT NULL, batch TEXT NOT NULL UNIQUE,
 state TEXT NOT NULL, at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS beneficiary (id TEXT PRIMARY KEY, cpsms_id TEXT NOT NULL UNIQUE, batch TEXT NOT NULL,
 last4 TEXT NOT NULL, aadhaar_hmac TEXT, aadhaar_last4 TEXT, state TEXT NOT NULL, code TEXT, answer_at TEXT NOT NULL,
 account_hmac TEXT, ifsc TEXT);
CREATE TABLE IF NOT EXISTS payment (end_to_end_id TEXT PRIMARY KEY, message TEXT NOT NULL, batch TEXT NOT NULL,
 scheme TEXT NOT NULL, method TEXT NOT NULL, paise INTEGER NOT NULL, cpsms_id TEXT NOT NULL, last4 TEXT NOT NULL,
 aadhaar_hmac TEXT, aadhaar_last4 TEXT, taken_at TEXT NOT NULL, debit_at TEXT, credit_at TEXT, return_at TEXT,
 code TEXT, utr TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS payment_batch ON payment (batch);
CREATE TABLE IF NOT EXISTS event (seq INTEGER PRIMARY KEY AUTOINCREMENT, due TEXT NOT NULL, kind TEXT NOT NULL,
 key TEXT NOT NULL, done INTEGER NOT NULL DEFAULT 0, UNIQUE (kind, key, due));
CREATE INDEX IF NOT EXISTS event_due ON event (done, due);
"""


class Books:
    """The sandbox's books. A write with several rows is one transaction; all calls are synchronous."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "books.db"
        self._connection = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
        path.chmod(0o600)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.executescript(_SCHEMA)
        known = {row["name"] for row in self.rows("PRAGMA table_info(beneficiary)")}
        for column in ("account_hmac", "ifsc"):  # books of a former release
            if column not in known:
                self._connection.execute(f"ALTER TABLE beneficiary ADD COLUMN {column} TEXT")

    def rows(self, statement: str, *values: object) -> list[dict[str, Any]]:
        """The rows of a question."""
        return [dict(row) for row in self._connection.execute(statement, values)]

    def first_row(self, statement: str, *values: object) -> dict[str, Any] | None:
        """The first row, or None."""
        return next(iter(self.rows(statement, *values)), None)

    def write(self, *steps: tuple[str, Sequence[Sequence[object]]]) -> None:
        """Statements with their rows, all or none."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            for statement, rows in steps:
                self._connection.executemany(statement, rows)
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def known_payments(self, end_to_end_ids: Iterable[str]) -> set[str]:
        """Those payments that were taken before."""
        asked = list(end_to_end_ids)
        found: set[str] = set()
        for start in range(0, len(asked), 500):
            part = asked[start : start + 500]
            marks = ",".join("?" * len(part))
            statement = f"SELECT end_to_end_id FROM payment WHERE end_to_end_id IN ({marks})"  # noqa: S608 - marks only
            found |= {row["end_to_end_id"] for row in self.rows(statement, *part)}
        return found

    def registered_beneficiaries(self, cpsms_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Those beneficiaries that were accepted, by their number here."""
        asked = list(dict.fromkeys(cpsms_ids))
        found: dict[str, dict[str, Any]] = {}
        for start in range(0, len(asked), 500):
            part = asked[start : start + 500]
            marks = ",".join("?" * len(part))
            wanted = f"cpsms_id IN ({marks}) AND state = 'ACCP'"
            rows = self.rows(f"SELECT * FROM beneficiary WHERE {wanted}", *part)  # noqa: S608 - marks only
            found |= {row["cpsms_id"]: row for row in rows}
        return found

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


ADD_EVENT = "INSERT OR IGNORE INTO event (due, kind, key) VALUES (?, ?, ?)"


def stamp(at: datetime) -> str:
    """An instant as text that sorts as the instants do."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def instant(text: str) -> datetime:
    """The instant of such a text."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
