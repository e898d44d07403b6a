"""The list of erased persons, stored outside the database so that it survives a restore.

A backup that is older than an erasure still holds the person's data. The list lets a restore erase them again
before anybody reads them. It holds keys of rows and instants, and nothing else of a person.
"""

import json
import os
from datetime import datetime
from pathlib import Path

from store.database import StoreUnavailable


class ErasureList:
    """A file of one line for each erasure, only ever appended to. Keep it on another disk than the store."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, citizen_id: str, at: datetime) -> None:
        """Note an erasure, synced before it counts; twice is as good as once. Raises StoreUnavailable."""
        if citizen_id in self.erasure_times():
            return
        line = json.dumps({"citizen": citizen_id, "at": at.isoformat(timespec="seconds")}) + "\n"
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_APPEND, 0o600), "ab") as file:
                if self._cut():
                    file.write(b"\n")
                file.write(line.encode())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise StoreUnavailable(f"the list of erasures cannot be written ({type(error).__name__})") from None

    def erasure_times(self) -> dict[str, datetime]:
        """When each person was erased, by citizen id; a line that was cut off by a death is passed over."""
        found: dict[str, datetime] = {}
        try:
            lines = self._path.read_text("utf-8", "replace").splitlines()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise StoreUnavailable(f"the list of erasures cannot be read ({type(error).__name__})") from None
        for line in lines:
            try:
                row = json.loads(line)
                found[str(row["citizen"])] = datetime.fromisoformat(row["at"])
            except (ValueError, KeyError, TypeError):
                continue
        return found

    def _cut(self) -> bool:
        """Whether the last line has no end."""
        content = self._path.read_bytes()
        return bool(content) and not content.endswith(b"\n")
